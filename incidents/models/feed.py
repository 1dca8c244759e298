from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.models.base import Stamped


class CalendarFeed(Stamped):
    """The address at which a person's calendar reads what they have promised (U9). Switched off, the row stays without one.

    `uid_base` makes the names of the entries: they stay the same when the address is a new one, and tell nobody the
    number of a promise. Of the address itself only a hash is kept.
    """

    person = models.OneToOneField(
        "incidents.Person", models.CASCADE, related_name="calendar_feed", verbose_name=_("人")
    )
    uid_base = models.UUIDField(default=uuid.uuid4, editable=False)
    token_hash = models.CharField(max_length=64, blank=True, editable=False)
    made_at = models.DateTimeField(_("作った時刻"), null=True, blank=True)
    # A day and no more: enough to notice that somebody reads it, too little to tell when one is at work.
    last_read_on = models.DateField(_("最後に読まれた日"), null=True, blank=True)

    class Meta:
        verbose_name = _("カレンダーのアドレス")
        verbose_name_plural = pgettext_lazy("plural", "カレンダーのアドレス")
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], condition=~Q(token_hash=""), name="one_feed_an_address"),
            models.CheckConstraint(
                name="open_feed_has_its_time",
                condition=Q(token_hash="", made_at=None, last_read_on=None)
                | (~Q(token_hash="") & Q(made_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)

    @property
    def is_open(self) -> bool:
        """Whether there is an address that leads here."""
        return bool(self.token_hash)
