from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Factor, Track
from incidents.models.base import Stamped


class Why(Stamped):
    """One answer to "why"; a tree by `parent`, on two tracks."""

    incident = models.ForeignKey("incidents.Incident", models.PROTECT, related_name="whys")
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    track = models.CharField(_("流れ"), max_length=12, choices=Track, default=Track.OCCURRENCE)
    text = models.TextField(_("なぜ"))
    evidence = models.CharField(_("何で確かめたか"), max_length=300, blank=True)
    author = models.ForeignKey("incidents.Person", models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("取り下げた時刻"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("取り下げた理由"), max_length=300, blank=True)
    external_key = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("なぜ")
        verbose_name_plural = pgettext_lazy("plural", "なぜ")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "external_key"], condition=~Q(external_key=""), name="why_imported_once"
            ),
            models.CheckConstraint(
                name="withdrawn_why_has_reason", condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawn_reason="")
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class RootCause(Stamped):
    """A why that can be changed. Covered by countermeasures, or its risk is accepted until a review date."""

    why = models.OneToOneField(Why, models.PROTECT, related_name="root", verbose_name=_("なぜ"))
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="roots", verbose_name=_("インシデント")
    )
    factor = models.CharField(_("要因"), max_length=12, choices=Factor)
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_reason = models.CharField(max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(_("取り下げた時刻"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("取り下げた理由"), max_length=300, blank=True)
    risk_reason = models.TextField(_("受け入れる理由"), blank=True)
    risk_review_on = models.DateField(_("見直す日"), null=True, blank=True)
    risk_by = models.ForeignKey("incidents.Person", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("真因")
        verbose_name_plural = pgettext_lazy("plural", "真因")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="accepted_risk_has_reason_review_and_person",
                condition=Q(risk_reason="", risk_review_on__isnull=True, risk_by__isnull=True)
                | (~Q(risk_reason="") & Q(risk_review_on__isnull=False, risk_by__isnull=False)),
            ),
            models.CheckConstraint(
                name="withdrawn_root_has_reason", condition=Q(withdrawn_at__isnull=True) | ~Q(withdrawn_reason="")
            ),
        ]

    def __str__(self) -> str:
        return self.why.text[:60]
