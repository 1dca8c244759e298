from __future__ import annotations

from datetime import date

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

NO_DAY = date(9999, 12, 31)


class IncidentIndex(models.Model):
    """What finds an incident: all its words folded into one text, and the day of its next open promise.

    Written by incidents.domain.search alone, in the transaction of each change. Beside these columns stand the pairs
    of characters, differently in each database (migration 0005): PostgreSQL has a column `grams` with a GIN index,
    SQLite the FTS5 table `incidents_incidentgrams`.
    """

    incident = models.OneToOneField(
        "incidents.Incident",
        models.CASCADE,
        primary_key=True,
        related_name="index",
        verbose_name=_("インシデント"),
    )
    team = models.ForeignKey(
        "incidents.Team", models.PROTECT, related_name="+", verbose_name=_("チーム"), db_index=False
    )
    text = models.TextField(_("さがす文"))
    next_due_on = models.DateField(_("次の期限"), default=NO_DAY)

    class Meta:
        verbose_name = _("索引")
        verbose_name_plural = pgettext_lazy("plural", "索引")
        indexes = [models.Index(fields=["next_due_on", "incident"], name="index_next_due")]

    def __str__(self) -> str:
        return self.text[:60]
