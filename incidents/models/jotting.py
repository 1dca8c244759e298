from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from incidents.models.person import Person


class JottingQuerySet(models.QuerySet["Jotting"]):
    def of(self, person: Person) -> JottingQuerySet:
        """The person's own lines; nobody else's, whatever their role."""
        return self.filter(person=person) if person.is_active else self.none()

    def loose(self) -> JottingQuerySet:
        """Lines of which no record has been made."""
        return self.filter(incident=None)


class Jotting(models.Model):
    """まず一言: one free line that only its writer sees, until they make a record of it or let it go (C3).

    The line itself stays its writer's: the record gets what they send in its form.
    """

    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="jottings", verbose_name=_("人"))
    text = models.CharField(_("ひとこと"), max_length=500)
    created_at = models.DateTimeField(_("書いた時刻"), auto_now_add=True)
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("記録")
    )
    objects = JottingQuerySet.as_manager()

    class Meta:
        verbose_name = _("まず一言")
        verbose_name_plural = pgettext_lazy("plural", "まず一言")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text[:60]
