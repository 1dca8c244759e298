import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0040_mornings_have_an_index_of_their_own")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="書いた時刻")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="変えた時刻")),
                ("email", models.EmailField(max_length=254, verbose_name="メールアドレス")),
                (
                    "role",
                    models.CharField(
                        choices=[("viewer", "閲覧"), ("member", "メンバー"), ("lead", "リーダー")],
                        default="member",
                        max_length=10,
                        verbose_name="役割",
                    ),
                ),
                ("token_hash", models.CharField(editable=False, max_length=64, unique=True)),
                ("expires_at", models.DateTimeField(verbose_name="使える期限")),
                ("accepted_at", models.DateTimeField(blank=True, null=True, verbose_name="受けた時刻")),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="取り消した時刻")),
                (
                    "accepted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="受けた人",
                    ),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="招待した人",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="incidents.team",
                        verbose_name="チーム",
                    ),
                ),
            ],
            options={
                "verbose_name": "招待",
                "verbose_name_plural": "招待",
                "ordering": ["-created_at", "-id"],
                "indexes": [models.Index(fields=["invited_by", "created_at"], name="invitation_inviter")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at__isnull", True), ("revoked_at__isnull", True)),
                        fields=("team", "email"),
                        name="one_open_invitation_an_address",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["viewer", "member", "lead"])), name="invitation_role_is_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("accepted_at__isnull", True), ("revoked_at__isnull", True), _connector="OR"
                        ),
                        name="invitation_is_accepted_or_revoked",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("accepted_at__isnull", True), ("accepted_by__isnull", True)),
                            models.Q(("accepted_at__isnull", False), ("accepted_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="accepted_invitation_has_its_person",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))),
                        name="invitation_ends_after_it_begins",
                    ),
                ],
            },
        ),
        migrations.AlterField(
            model_name="letter",
            name="kind",
            field=models.CharField(
                choices=[
                    ("digest", "今日のお知らせ"),
                    ("moment", "時刻のお知らせ"),
                    ("account", "サインインの手続き"),
                    ("test", "送信テスト"),
                    ("care", "ひと息の便り"),
                    ("handed_over", "引き継ぎ"),
                    ("help", "手伝いのお願い"),
                    ("not_mine", "担当の相談"),
                    ("stand_in", "不在の間のお願い"),
                    ("unreached", "届かない知らせ"),
                    ("orphaned", "担当が離れた約束"),
                    ("mirror_off", "チャットに写せなくなったお知らせ"),
                    ("untaken", "記録に入らなかったメールのお知らせ"),
                    ("invitation", "チームへの招待"),
                    ("reader_asked", "閲覧のお願い"),
                    ("reader_answered", "閲覧のお願いへの返事"),
                ],
                max_length=16,
                verbose_name="種類",
            ),
        ),
    ]
