from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import HelpLineKind


class CareCheckIn(models.Model):
    """A word that still waits for its day: the first and the seventh after somebody recorded a crack (P4).

    It names no incident, nobody counts it, and the console does not show it. The row is gone once the letter is written.
    """

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="+", verbose_name=_("人"))
    day = models.DateField(_("日"))

    class Meta:
        verbose_name = _("ひと息の便り")
        verbose_name_plural = pgettext_lazy("plural", "ひと息の便り")
        ordering = ["day", "id"]
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="one_check_in_a_day")]

    def __str__(self) -> str:
        return f"{self.day}"


class HelpLine(models.Model):
    """Somebody to talk to (B-11), kept up to date by the administrator; one with a team is for that team alone."""

    kind = models.CharField(_("種類"), max_length=8, choices=HelpLineKind, default=HelpLineKind.OWN)
    team = models.ForeignKey(
        "incidents.Team", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("チーム")
    )
    name = models.CharField(_("窓口"), max_length=120)
    name_en = models.CharField(_("窓口（英語）"), max_length=120, blank=True)
    detail = models.CharField(_("どんなところか"), max_length=300, blank=True)
    phone = models.CharField(_("電話"), max_length=40, blank=True)
    url = models.URLField(_("リンク"), blank=True)
    hours = models.CharField(_("受付"), max_length=160, blank=True)
    place = models.PositiveSmallIntegerField(_("並び"), default=0)
    checked_on = models.DateField(_("最終確認日"), null=True, blank=True)

    class Meta:
        verbose_name = _("相談先")
        verbose_name_plural = pgettext_lazy("plural", "相談先")
        ordering = ["place", "id"]

    def __str__(self) -> str:
        return self.name
