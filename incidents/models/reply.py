from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import SPREAD_KINDS, MailAct
from incidents.models.base import Stamped
from incidents.models.incident import Incident


class MailReply(Stamped):
    """What somebody said through a link of a mail. Each link says it once: its mark is unique."""

    kind = models.CharField(_("種類"), max_length=10, choices=MailAct)
    # A digest of the link's token: the token itself would let whoever reads the database act (hardening, tokens).
    mark = models.CharField(max_length=64, unique=True, editable=False)
    follow_up = models.ForeignKey(
        "incidents.FollowUp", models.PROTECT, related_name="replies", verbose_name=_("フォロー")
    )
    person = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("人"))
    words = models.CharField(_("ひとこと"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("メールからの返事")
        verbose_name_plural = pgettext_lazy("plural", "メールからの返事")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.follow_up.what[:200]

    @property
    def incident(self) -> Incident | None:
        """The record that it belongs to; what a team was asked by another one is not told on that other's record."""
        return None if self.follow_up.kind in SPREAD_KINDS else self.follow_up.incident

    @property
    def team_id(self) -> int:
        return self.follow_up.team_id
