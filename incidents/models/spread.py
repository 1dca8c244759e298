from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import FollowUpState, SpreadReply
from incidents.models.base import Stamped

if TYPE_CHECKING:
    from incidents.models.reminder import FollowUp


class Spread(Stamped):
    """横展開: other teams are asked whether this could break there too (M4).

    The other teams read title and body of the spread and nothing of the record itself (invariant 9).
    """

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="spreads", verbose_name=_("インシデント")
    )
    title = models.CharField(_("何を尋ねるか"), max_length=200)
    body = models.TextField(_("くわしく"), blank=True)
    due_on = models.DateField(_("回答の期限"))
    asked_by = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("尋ねた人"))

    class Meta:
        verbose_name = _("横展開")
        verbose_name_plural = pgettext_lazy("plural", "横展開")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title


class SpreadAnswer(Stamped):
    """One team's answer. Its FollowUp belongs to that team and reminds its lead."""

    spread = models.ForeignKey(Spread, models.PROTECT, related_name="answers", verbose_name=_("横展開"))
    team = models.ForeignKey("incidents.Team", models.PROTECT, related_name="+", verbose_name=_("チーム"))
    reply = models.CharField(_("答え"), max_length=14, choices=SpreadReply, blank=True)
    note = models.TextField(_("ひとこと"), blank=True)
    answered_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("答えた人")
    )
    answered_at = models.DateTimeField(_("答えた時刻"), null=True, blank=True)

    class Meta:
        verbose_name = _("横展開の回答")
        verbose_name_plural = pgettext_lazy("plural", "横展開の回答")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["spread", "team"], name="one_answer_a_team"),
            models.CheckConstraint(
                name="spread_answer_has_person_and_time",
                condition=Q(reply="", answered_by__isnull=True, answered_at__isnull=True)
                | (~Q(reply="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.spread} / {self.team}"

    @property
    def work(self) -> FollowUp | None:
        """What the team promised to do with 要対応; None when it promised nothing."""
        return getattr(self, "action", None)

    @property
    def is_worked_on(self) -> bool:
        """Whether that is still to be done."""
        return self.work is not None and self.work.state == FollowUpState.OPEN
