from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Jotting(models.Model):
    """まず一言: one free line that only its writer sees, until they make a record of it or throw it away (C3)."""

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="jottings", verbose_name=_("人"))
    text = models.CharField(_("ひとこと"), max_length=500)
    created_at = models.DateTimeField(_("書いた時刻"), auto_now_add=True)

    class Meta:
        verbose_name = _("まず一言")
        verbose_name_plural = pgettext_lazy("plural", "まず一言")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:60]
