from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Certainty, EntryKind, Verdict


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
    verdict = models.CharField(_("元の記録について"), max_length=10, choices=Verdict, blank=True)
    # Where a line was taken over from a pasted mail or chat; counted from 1.
    paste = models.ForeignKey("incidents.Paste", models.PROTECT, null=True, blank=True, related_name="entries")
    paste_line = models.PositiveIntegerField(null=True, blank=True)
    external_key = models.CharField(max_length=120, blank=True)

    class Meta:
        verbose_name = _("経緯")
        verbose_name_plural = pgettext_lazy("plural", "経緯")
        ordering = [models.F("event_at").asc(nulls_last=True), "recorded_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="verdict_is_an_addendums", condition=Q(verdict="") | Q(addendum_to__isnull=False)
            ),
            models.UniqueConstraint(
                fields=["paste", "paste_line"], condition=Q(paste__isnull=False), name="pasted_line_taken_once"
            ),
            models.UniqueConstraint(
                fields=["incident", "external_key"], condition=~Q(external_key=""), name="timeline_imported_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]
