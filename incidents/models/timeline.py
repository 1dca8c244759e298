from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Certainty, EntryKind


class TimelineEntry(models.Model):
    """What happened, told once. Never edited: an addendum points at the entry it corrects."""

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="timeline", verbose_name=_("インシデント")
    )
    kind = models.CharField(_("種類"), max_length=14, choices=EntryKind, default=EntryKind.NOTE)
    event_at = models.DateTimeField(_("起きた時刻"), null=True, blank=True)
    event_at_text = models.CharField(_("元の時刻の書き方"), max_length=60, blank=True)
    recorded_at = models.DateTimeField(_("記録した時刻"), auto_now_add=True)
    author = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("記録した人")
    )
    author_label = models.CharField(max_length=120, blank=True)
    certainty = models.CharField(_("確かさ"), max_length=10, choices=Certainty, default=Certainty.FACT)
    text = models.TextField(_("できごと"))
    addendum_to = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="addenda")
    external_key = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("経緯")
        verbose_name_plural = pgettext_lazy("plural", "経緯")
        ordering = [models.F("event_at").asc(nulls_last=True), "recorded_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "external_key"], condition=~Q(external_key=""), name="timeline_imported_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
