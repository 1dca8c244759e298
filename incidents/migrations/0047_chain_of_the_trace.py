import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0046_requests_to_read")]

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
        migrations.AlterField(
            model_name='letter',
            name='kind',
            field=models.CharField(choices=[('digest', '今日のお知らせ'), ('moment', '時刻のお知らせ'), ('account', 'サインインの手続き'), ('test', '送信テスト'), ('care', 'ひと息の便り'), ('handed_over', '引き継ぎ'), ('help', '手伝いのお願い'), ('not_mine', '担当の相談'), ('stand_in', '不在の間のお願い'), ('unreached', '届かない知らせ'), ('orphaned', '担当が離れた約束'), ('mirror_off', 'チャットに写せなくなったお知らせ'), ('untaken', '記録に入らなかったメールのお知らせ'), ("audit_heads", "変更履歴の控え"), ("invitation", "チームへの招待"), ("reader_asked", "閲覧のお願い"), ("reader_answered", "閲覧のお願いへの返事")], max_length=16, verbose_name='種類'),
        ),
    ]
