from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Language, MirrorKind, MirrorState, PostKind, PostState
from incidents.models.base import Stamped

if TYPE_CHECKING:
    from incidents.models.person import Person


class MirrorQuerySet(models.QuerySet["Mirror"]):
    def visible_to(self, person: Person) -> MirrorQuerySet:
        """Mirrors of the person's teams that were not put away; none for somebody signed out or deactivated."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(team__in=person.memberships.values("team")).exclude(state=MirrorState.ENDED)


class Mirror(Stamped):
    """A chat channel that shows a team what its people are told (U10); a lead opens it, for their team alone.

    `address` and `secret` let whoever has them write there: no page, letter, export, log or console shows them again.
    """

    team = models.ForeignKey("incidents.Team", models.CASCADE, related_name="mirrors", verbose_name=_("チーム"))
    kind = models.CharField(_("写す先"), max_length=10, choices=MirrorKind)
    name = models.CharField(_("名前"), max_length=60)
    address = models.TextField(blank=True, editable=False)
    # The token of a Chatwork account; the key with which the body of a webhook is signed.
    secret = models.CharField(max_length=200, blank=True, editable=False)
    host = models.CharField(_("送り先"), max_length=253, blank=True)
    tail = models.CharField(_("アドレスの終わり"), max_length=8, blank=True)
    language = models.CharField(_("言語"), max_length=5, choices=Language, default=Language.JAPANESE)
    morning = models.BooleanField(_("朝のお知らせ"), default=True)
    clock = models.BooleanField(_("一次報告の時計"), default=True)
    titles = models.BooleanField(_("件名も写す"), default=False)
    state = models.CharField(_("状態"), max_length=8, choices=MirrorState, default=MirrorState.NEW)
    failures = models.PositiveIntegerField(_("続けて届かなかった回数"), default=0)
    failing_since = models.DateTimeField(_("届かなくなった時刻"), null=True, blank=True)
    on_at = models.DateTimeField(_("写し始めた時刻"), null=True, blank=True)
    off_at = models.DateTimeField(_("止まった時刻"), null=True, blank=True)
    why = models.CharField(_("止まった理由"), max_length=40, blank=True)
    told_at = models.DateTimeField(_("最後に写した時刻"), null=True, blank=True)
    created_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("作った人")
    )
    objects = MirrorQuerySet.as_manager()

    class Meta:
        verbose_name = _("チャットの写し")
        verbose_name_plural = pgettext_lazy("plural", "チャットの写し")
        ordering = ["team__name", "name", "id"]
        constraints = [
            models.CheckConstraint(name="mirror_state_is_known", condition=Q(state__in=MirrorState.values)),
            models.CheckConstraint(name="mirror_kind_is_known", condition=Q(kind__in=MirrorKind.values)),
            models.CheckConstraint(
                name="mirror_that_is_on_has_its_address", condition=~Q(state=MirrorState.ON) | ~Q(address="")
            ),
            models.CheckConstraint(
                name="mirror_put_away_has_no_secret", condition=~Q(state=MirrorState.ENDED) | Q(address="", secret="")
            ),
        ]
        indexes = [models.Index(fields=["team"], name="mirror_on", condition=Q(state="on"))]

    def __str__(self) -> str:
        return self.name

    @property
    def is_on(self) -> bool:
        return self.state == MirrorState.ON

    @property
    def is_signed(self) -> bool:
        return self.kind == MirrorKind.WEBHOOK


class MirrorPost(Stamped):
    """One message to one channel, with its life. Its words are made when it is sent, and then never change.

    `ident` is the same at every try: a receiver that looks at it takes a second copy for what it is.
    """

    mirror = models.ForeignKey(Mirror, models.CASCADE, related_name="posts", verbose_name=_("写し"))
    key = models.CharField(max_length=80)
    kind = models.CharField(_("種類"), max_length=8, choices=PostKind)
    day = models.DateField(_("日"))
    ident = models.UUIDField(default=uuid.uuid4, editable=False)
    state = models.CharField(_("状態"), max_length=10, choices=PostState, default=PostState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("送った回数"), default=0)
    # When it is due; while somebody sends it, when their claim runs out; after a refusal that may pass, its next try.
    next_try_at = models.DateTimeField(_("次に送る時刻"))
    claim = models.CharField(max_length=36, blank=True, editable=False)
    sent_at = models.DateTimeField(_("写した時刻"), null=True, blank=True)
    text = models.TextField(_("写した文"), blank=True)
    error = models.CharField(_("届かなかった理由"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("写したお知らせ")
        verbose_name_plural = pgettext_lazy("plural", "写したお知らせ")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["mirror", "key"], name="mirrored_once"),
            models.CheckConstraint(name="post_state_is_known", condition=Q(state__in=PostState.values)),
            models.CheckConstraint(
                name="sent_post_has_its_time", condition=~Q(state=PostState.SENT) | Q(sent_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="post_due", condition=Q(state__in=["waiting", "sending"])),
        ]

    def __str__(self) -> str:
        return f"{self.mirror} {self.day}"


class MirrorLine(models.Model):
    """A row of the ledger that a message tells of."""

    post = models.ForeignKey(MirrorPost, models.CASCADE, related_name="lines", verbose_name=_("写したお知らせ"))
    delivery = models.ForeignKey(
        "incidents.ReminderDelivery", models.PROTECT, related_name="mirrored", verbose_name=_("お知らせ")
    )

    class Meta:
        verbose_name = _("写した行")
        verbose_name_plural = pgettext_lazy("plural", "写した行")
        constraints = [models.UniqueConstraint(fields=["post", "delivery"], name="told_once_a_post")]

    def __str__(self) -> str:
        return f"{self.delivery}"
