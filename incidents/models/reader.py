from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped


class ReadRequest(Stamped):
    """閲覧のお願い: somebody of the team asks to read a record that is for few, whose words they do not know (C9)."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("read request", "返事待ち")
        GRANTED = "granted", pgettext_lazy("read request", "読む人に加えた")
        DECLINED = "declined", pgettext_lazy("read request", "見送り")

    incident = models.ForeignKey(
        "incidents.Incident", models.CASCADE, related_name="read_requests", verbose_name=_("インシデント")
    )
    person = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("お願いした人"))
    reason = models.CharField(_("理由"), max_length=300)
    state = models.CharField(_("状態"), max_length=10, choices=State, default=State.OPEN)
    answered_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("返事をした人")
    )
    answered_at = models.DateTimeField(_("返事の時刻"), null=True, blank=True)
    answer = models.CharField(_("ひとこと"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("閲覧のお願い")
        verbose_name_plural = pgettext_lazy("plural", "閲覧のお願い")
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "person"], condition=Q(state="open"), name="one_open_read_request"
            ),
            models.CheckConstraint(
                name="answered_read_request_has_person_and_time",
                condition=Q(state="open", answered_by__isnull=True, answered_at__isnull=True)
                | Q(state__in=["granted", "declined"], answered_by__isnull=False, answered_at__isnull=False),
            ),
            models.CheckConstraint(
                name="declined_read_request_has_a_word", condition=~Q(state="declined") | ~Q(answer="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.incident.reference} / {self.person}"
