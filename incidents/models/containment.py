from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped


class Containment(Stamped):
    """応急処置: limits the effect now. Never counts as a countermeasure (F5)."""

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="containments", verbose_name=_("インシデント")
    )
    text = models.TextField(_("応急処置"))
    done_at = models.DateTimeField(_("行った時刻"))
    author = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("書いた人")
    )
    lifted_at = models.DateTimeField(_("解いた時刻"), null=True, blank=True)
    lifted_note = models.CharField(_("解いた理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("応急処置")
        verbose_name_plural = pgettext_lazy("plural", "応急処置")
        ordering = ["done_at", "id"]
        constraints = [
            models.CheckConstraint(
                name="lifted_containment_says_why", condition=Q(lifted_at__isnull=True) | ~Q(lifted_note="")
            )
        ]

    def __str__(self) -> str:
        return self.text[:60]
