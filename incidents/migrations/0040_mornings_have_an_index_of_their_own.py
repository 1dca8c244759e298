from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0039_letters_of_orphans")]

    operations = [
        migrations.AddIndex(
            "reminderdelivery",
            models.Index(
                fields=["planned_on", "recipient"],
                name="reminder_morning",
                condition=models.Q(state="pending", planned_at__isnull=True),
            ),
        ),
        migrations.RemoveIndex("reminderdelivery", "reminder_due"),
    ]
