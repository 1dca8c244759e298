from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Paste(models.Model):
    """A mail thread or chat as it was pasted, kept raw; lines of it are taken over into the timeline (C1, R1)."""

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="pastes", verbose_name=_("インシデント")
    )
    text = models.TextField(_("原文"))
    sha256 = models.CharField(_("照合値（SHA-256）"), max_length=64)
    author = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("貼った人")
    )
    created_at = models.DateTimeField(_("貼った時刻"), auto_now_add=True)

    class Meta:
        verbose_name = _("原文")
        verbose_name_plural = pgettext_lazy("plural", "原文")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text[:60]
