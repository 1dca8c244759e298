from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import DeliveryState, FollowUpKind, FollowUpState
from incidents.models.base import Stamped

if TYPE_CHECKING:
    from incidents.models.person import Person


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, person: Person) -> FollowUpQuerySet:
        """Promises of incidents of the person's own teams."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(incident__team__memberships__person=person)

    def open(self) -> FollowUpQuerySet:
        return self.filter(state=FollowUpState.OPEN)


class FollowUp(Stamped):
    """Anything promised with an owner and a date. It outlives its incident (invariant 7)."""

    kind = models.CharField(_("種類"), max_length=16, choices=FollowUpKind)
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="follow_ups", verbose_name=_("インシデント")
    )
    measure = models.OneToOneField(
        "incidents.Countermeasure",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_up",
        verbose_name=_("対策"),
    )
    check_plan = models.OneToOneField(
        "incidents.EffectCheck",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_up",
        verbose_name=_("効果確認"),
    )
    owner = models.ForeignKey("incidents.Person", models.PROTECT, related_name="follow_ups", verbose_name=_("担当"))
    backup = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("代わりの人")
    )
    due_on = models.DateField(_("期限"))
    due_version = models.PositiveIntegerField(_("期限の版"), default=1)
    state = models.CharField(_("状態"), max_length=10, choices=FollowUpState, default=FollowUpState.OPEN)
    closed_at = models.DateTimeField(_("終わった時刻"), null=True, blank=True)
    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("フォロー")
        verbose_name_plural = pgettext_lazy("plural", "フォロー")
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(
                name="follow_up_points_at_its_kind",
                condition=Q(kind=FollowUpKind.COUNTERMEASURE, measure__isnull=False, check_plan__isnull=True)
                | Q(kind=FollowUpKind.EFFECT_CHECK, measure__isnull=True, check_plan__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["owner", "state", "due_on"], name="follow_up_owner_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.due_on}"

    @property
    def what(self) -> str:
        """The promise in its own words."""
        return self.measure.title if self.measure_id else self.check_plan.measure.title


class ReminderDelivery(Stamped):
    """The ledger: who is told which step of which promise. The unique key makes a second telling impossible."""

    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="deliveries", verbose_name=_("フォロー"))
    recipient = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("宛先"))
    step = models.CharField(_("段"), max_length=8)
    due_version = models.PositiveIntegerField(_("期限の版"))
    planned_on = models.DateField(_("予定日"))
    state = models.CharField(_("状態"), max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    letter = models.ForeignKey(
        "incidents.Letter", models.PROTECT, null=True, blank=True, related_name="deliveries", verbose_name=_("手紙")
    )
    settled_at = models.DateTimeField(_("決まった時刻"), null=True, blank=True)
    reason = models.CharField(_("理由"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("お知らせ")
        verbose_name_plural = pgettext_lazy("plural", "お知らせ")
        ordering = ["planned_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["follow_up", "recipient", "step", "due_version"], name="told_once_a_step"),
            models.CheckConstraint(
                name="written_row_has_its_letter",
                condition=~Q(state__in=[DeliveryState.WRITTEN, DeliveryState.SENT]) | Q(letter__isnull=False),
            ),
        ]
        indexes = [
            # The only index that the morning reads; it stays small because settled rows leave it.
            models.Index(fields=["planned_on", "recipient"], name="reminder_due", condition=Q(state="pending")),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.planned_on}"
