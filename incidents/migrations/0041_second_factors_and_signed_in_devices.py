import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0040_mornings_have_an_index_of_their_own")]

    operations = [
        migrations.AddField(
            "organisation",
            "factor_for_viewers",
            models.BooleanField(default=False, verbose_name="閲覧の人に二つめの確認を求める"),
        ),
        migrations.AddField(
            "organisation",
            "factor_for_members",
            models.BooleanField(default=False, verbose_name="メンバーに二つめの確認を求める"),
        ),
        migrations.AddField(
            "organisation",
            "factor_for_leads",
            models.BooleanField(
                default=False,
                help_text="組織の管理者には、いつも求めます。",
                verbose_name="リーダーに二つめの確認を求める",
            ),
        ),
        migrations.CreateModel(
            "SignedIn",
            [
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("session_key", models.CharField(editable=False, max_length=40, unique=True)),
                ("device", models.CharField(blank=True, max_length=60, verbose_name="端末")),
                (
                    "began_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="サインインした時刻"),
                ),
                (
                    "seen_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="最後に使われた時刻"),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="signed_in",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="人",
                    ),
                ),
            ],
            options={
                "verbose_name": "サインイン中の端末",
                "verbose_name_plural": "サインイン中の端末",
                "ordering": ["-seen_at", "-pk"],
            },
        ),
    ]
