from django.core.validators import MaxValueValidator
from django.db import migrations, models
from django.db.models import F


def let_the_morning_through(apps, schema_editor):
    """Whoever has chosen an early or a late hour for the letter of the day goes on to get it at that hour."""
    people = apps.get_model("incidents", "Person").objects
    people.filter(digest_hour__lt=8).update(quiet_until=F("digest_hour"))
    people.filter(digest_hour__range=(19, 22)).update(quiet_from=F("digest_hour") + 1)
    people.filter(digest_hour=23).update(quiet_from=0)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0033_chat_mirrors")]

    operations = [
        migrations.AddField(
            "person",
            "mirrored",
            models.BooleanField(default=True, verbose_name="チームのチャットにも写す"),
        ),
        migrations.AddField(
            "person",
            "quiet_from",
            models.PositiveSmallIntegerField(
                blank=True,
                default=19,
                null=True,
                validators=[MaxValueValidator(23)],
                verbose_name="静かな時間の始まり",
            ),
        ),
        migrations.AddField(
            "person",
            "quiet_until",
            models.PositiveSmallIntegerField(
                default=8, validators=[MaxValueValidator(23)], verbose_name="静かな時間の終わり"
            ),
        ),
        migrations.RunPython(let_the_morning_through, migrations.RunPython.noop, elidable=True),
        migrations.AddConstraint(
            "person",
            models.CheckConstraint(
                condition=models.Q(quiet_until__lte=23)
                & (models.Q(quiet_from__isnull=True) | models.Q(quiet_from__lte=23)),
                name="person_quiet_hours_of_a_day",
            ),
        ),
    ]
