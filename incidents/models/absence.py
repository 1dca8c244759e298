from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped


class Absence(Stamped):
    """Somebody is away on these days of their own wall, both included; what is due for them goes to others (U6).

    It begins and ends by itself. One that is taken back keeps its row, so that the ledger can be read afterwards.
    """

    person = models.ForeignKey("incidents.Person", models.PROTECT, related_name="absences", verbose_name=_("人"))
    starts_on = models.DateField(_("いつから"))
    ends_on = models.DateField(_("いつまで"))
    stand_in = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("代わりの人")
    )
    taken_back_at = models.DateTimeField(_("取りやめた時刻"), null=True, blank=True)

    class Meta:
        verbose_name = _("不在")
        verbose_name_plural = pgettext_lazy("plural", "不在")
        ordering = ["starts_on", "id"]
        constraints = [
            models.CheckConstraint(name="absence_ends_after_it_begins", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="absence_stand_in_is_another", condition=Q(stand_in=None) | ~Q(stand_in=F("person"))
            ),
        ]
        indexes = [
            models.Index(fields=["ends_on"], name="absence_standing", condition=Q(taken_back_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on} – {self.ends_on}"
