import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0040_mornings_have_an_index_of_their_own")]

    operations = [
        migrations.AlterField(
            "auditentry",
            "at",
            models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="時刻"),
        ),
        migrations.AddField(
            "auditentry",
            "salt",
            models.CharField(blank=True, db_default="", default="", editable=False, max_length=32),
        ),
        migrations.AddField("auditentry", "erasure", models.BigIntegerField(blank=True, editable=False, null=True)),
        migrations.CreateModel(
            "AuditChain",
            [
                ("chain", models.BigIntegerField(primary_key=True, serialize=False)),
                ("seq", models.BigIntegerField(default=0)),
                ("hash", models.CharField(default="0" * 64, max_length=64)),
            ],
            {"verbose_name": "履歴の鎖", "verbose_name_plural": "履歴の鎖"},
        ),
        migrations.CreateModel(
            "AuditSeal",
            [
                (
                    "entry",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="seal",
                        serialize=False,
                        to="incidents.auditentry",
                    ),
                ),
                ("chain", models.BigIntegerField()),
                ("seq", models.BigIntegerField(verbose_name="何番目")),
                ("prev_hash", models.CharField(max_length=64)),
                ("commitment", models.CharField(max_length=64)),
                ("key_id", models.CharField(max_length=8)),
                ("hash", models.CharField(max_length=64)),
            ],
            {
                "verbose_name": "履歴の封",
                "verbose_name_plural": "履歴の封",
                "constraints": [models.UniqueConstraint(fields=("chain", "seq"), name="one_seal_a_place")],
            },
        ),
        migrations.AddField(
            "organisation",
            "audit_address",
            models.EmailField(
                blank=True,
                db_default="",
                default="",
                help_text="監査の担当者など、うしろの外にいる方のアドレスです。変更履歴の控えを毎日送ります。",
                max_length=254,
                verbose_name="履歴の控えの宛先",
            ),
        ),
    ]
