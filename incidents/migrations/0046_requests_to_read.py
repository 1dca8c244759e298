import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0045_sessions_end_with_a_round")]

    operations = [
        migrations.CreateModel(
            name="ReadRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="書いた時刻")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="変えた時刻")),
                ("reason", models.CharField(max_length=300, verbose_name="理由")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "返事待ち"), ("granted", "読む人に加えた"), ("declined", "見送り")],
                        default="open",
                        max_length=10,
                        verbose_name="状態",
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="返事の時刻")),
                ("answer", models.CharField(blank=True, max_length=300, verbose_name="ひとこと")),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="返事をした人",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="read_requests",
                        to="incidents.incident",
                        verbose_name="インシデント",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="お願いした人",
                    ),
                ),
            ],
            options={
                "verbose_name": "閲覧のお願い",
                "verbose_name_plural": "閲覧のお願い",
                "ordering": ["created_at", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "open")),
                        fields=("incident", "person"),
                        name="one_open_read_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("answered_by__isnull", True), ("state", "open")),
                            models.Q(
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                                ("state__in", ["granted", "declined"]),
                            ),
                            _connector="OR",
                        ),
                        name="answered_read_request_has_person_and_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "declined"), _negated=True),
                            models.Q(("answer", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="declined_read_request_has_a_word",
                    ),
                ],
            },
        ),
    ]
