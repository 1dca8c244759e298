from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Role
from incidents.models.base import Stamped

if TYPE_CHECKING:
    from incidents.models.team import Team


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def unsettled(self) -> InvitationQuerySet:
        """Neither accepted nor taken back, be they over or not."""
        return self.filter(accepted_at=None, revoked_at=None)

    def open(self) -> InvitationQuerySet:
        """Those with which somebody can still come in, as far as the row itself says."""
        return self.unsettled().filter(expires_at__gt=timezone.now())

    def of_team(self, team: Team) -> InvitationQuerySet:
        return self.filter(team=team)


class Invitation(Stamped):
    """Lets the holder of one mailbox into one team with one role, once (hardening section 2, invitation reuse).

    Whether there is a person with the address is not asked before somebody comes with it: who invites learns nothing.
    """

    team = models.ForeignKey("incidents.Team", models.CASCADE, related_name="invitations", verbose_name=_("チーム"))
    email = models.EmailField(_("メールアドレス"))  # in the one spelling of models.person.normalise_email
    role = models.CharField(_("役割"), max_length=10, choices=Role, default=Role.MEMBER)
    invited_by = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("招待した人"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(_("使える期限"))
    accepted_at = models.DateTimeField(_("受けた時刻"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("受けた人")
    )
    revoked_at = models.DateTimeField(_("取り消した時刻"), null=True, blank=True)
    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("招待")
        verbose_name_plural = pgettext_lazy("plural", "招待")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"],
                condition=Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="one_open_invitation_an_address",
            ),
            models.CheckConstraint(name="invitation_role_is_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="invitation_is_accepted_or_revoked",
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
            ),
            models.CheckConstraint(
                name="accepted_invitation_has_its_person",
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
            ),
            models.CheckConstraint(name="invitation_ends_after_it_begins", condition=Q(expires_at__gt=F("created_at"))),
        ]
        indexes = [models.Index(fields=["invited_by", "created_at"], name="invitation_inviter")]

    def __str__(self) -> str:
        return f"{self.email} / {self.team}"
