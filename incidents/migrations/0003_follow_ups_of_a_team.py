# In a migration of its own: PostgreSQL does not alter a table in the transaction that has just filled it.
from django.db import migrations, models


def follow_ups_belong_to_the_incidents_team(apps, schema_editor):
    """Until now each promise was its incident's team's; a question to another team is the first that is not."""
    incidents = apps.get_model("incidents", "Incident").objects.filter(pk=models.OuterRef("incident"))
    apps.get_model("incidents", "FollowUp").objects.filter(team__isnull=True).update(
        team=models.Subquery(incidents.values("team")[:1])
    )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_the_whole_record")]

    operations = [
        migrations.RunPython(follow_ups_belong_to_the_incidents_team, migrations.RunPython.noop),
    ]
