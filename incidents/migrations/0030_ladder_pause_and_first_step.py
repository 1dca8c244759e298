from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0029_engine_health")]

    operations = [
        migrations.AddField(
            model_name="followup",
            name="first_step",
            field=models.CharField(blank=True, default="", editable=False, max_length=8),
        ),
        migrations.AddField(
            model_name="organisation",
            name="ladder",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="お知らせのはしご"),
        ),
        migrations.AddField(
            model_name="person",
            name="paused_until",
            field=models.DateField(
                blank=True, help_text="この日まで、ご自身の約束のお知らせを休みます。", null=True, verbose_name="お知らせの休み"
            ),
        ),
    ]
