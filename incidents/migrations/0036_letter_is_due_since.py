from django.db import migrations, models
from django.db.models import Case, F, Q, When


def since_when(apps, schema_editor):
    """What is open now has been due since it was written; what nobody has tried yet, since it is to be sent."""
    letters = apps.get_model("incidents", "Letter").objects
    letters.filter(state__in=["waiting", "sending"]).update(
        due_at=Case(When(attempts=0, error="", then=F("next_try_at")), default=F("created_at"))
    )


class Migration(migrations.Migration):
    dependencies = [("incidents", "0035_links_end_and_mail_is_answered_for")]

    operations = [
        migrations.AddField(
            "letter",
            "due_at",
            models.DateTimeField(blank=True, editable=False, null=True, verbose_name="送る時刻"),
        ),
        migrations.RunPython(since_when, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            "letter",
            models.Index(
                condition=Q(state__in=["waiting", "sending"]), fields=["due_at"], name="letter_due_since"
            ),
        ),
    ]
