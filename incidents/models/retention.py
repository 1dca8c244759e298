from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import ReadDoor
from incidents.models.base import Stamped


class LegalHold(Stamped):
    """What is needed as proof: nothing of this team, record or person is thrown away or erased until it is lifted."""

    team = models.ForeignKey(
        "incidents.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("チーム")
    )
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("記録")
    )
    person = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("人")
    )
    reason = models.CharField(_("理由"), max_length=300)
    lifted_at = models.DateTimeField(_("解いた時刻"), null=True, blank=True)
    lifted_reason = models.CharField(_("解いた理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("保全")
        verbose_name_plural = pgettext_lazy("plural", "保全")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                name="hold_names_one_thing",
                condition=Q(team__isnull=False, incident__isnull=True, person__isnull=True)
                | Q(team__isnull=True, incident__isnull=False, person__isnull=True)
                | Q(team__isnull=True, incident__isnull=True, person__isnull=False),
            ),
            models.CheckConstraint(
                name="lifted_hold_has_reason", condition=Q(lifted_at__isnull=True) | ~Q(lifted_reason="")
            ),
        ]

    def __str__(self) -> str:
        return str(self.team or self.person or (self.incident.reference if self.incident else ""))


class RetentionRun(models.Model):
    """What one run found past its term, what it let go, and what it left because it is held."""

    at = models.DateTimeField(_("時刻"), auto_now_add=True)
    applied = models.BooleanField(_("片づけた"), default=False)
    # Of each class: past its term, held, let go.
    counts = models.JSONField(_("件数"), default=dict)

    class Meta:
        verbose_name = _("保存期間の見回り")
        verbose_name_plural = pgettext_lazy("plural", "保存期間の見回り")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class RecordRead(models.Model):
    """Somebody opened a restricted record, by this door, within this hour (UTC): once a person, record, door and hour."""

    person = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("だれが"))
    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="+", verbose_name=_("記録"))
    hour = models.DateTimeField(_("いつ（1時間ごと）"))
    door = models.CharField(_("どこから"), max_length=8, choices=ReadDoor)

    class Meta:
        verbose_name = _("読まれた記録")
        verbose_name_plural = pgettext_lazy("plural", "読まれた記録")
        ordering = ["-hour", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "person", "door", "hour"], name="one_read_an_hour"),
        ]
        indexes = [models.Index(fields=["hour"], name="read_hour")]

    def __str__(self) -> str:
        return f"{self.incident.reference} {self.person}"
