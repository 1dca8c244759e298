from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import MOMENT_KINDS, SPREAD_KINDS, DeliveryState, FollowUpKind, FollowUpState
from incidents.models.base import Stamped
from incidents.models.incident import of_teams, open_to

if TYPE_CHECKING:
    from incidents.models.person import Person


# The one pointer that each kind has; the kinds that are not here hold their words in `text`.
POINTERS = {
    FollowUpKind.COUNTERMEASURE: "measure",
    FollowUpKind.EFFECT_CHECK: "check_plan",
    FollowUpKind.QUESTION: "question",
    FollowUpKind.SPREAD_ANSWER: "spread_answer",
    FollowUpKind.SPREAD_ACTION: "spread_action",
    FollowUpKind.RISK_REVIEW: "root",
    FollowUpKind.NOT_DOING_REVIEW: "review_of",
    FollowUpKind.ANNIVERSARY: "review_of",
}


def _points_at_its_kind() -> Q:
    names = sorted(set(POINTERS.values()))
    found = Q()
    for kind in FollowUpKind:
        own = POINTERS.get(kind)
        found |= Q(kind=kind, **{f"{name}__isnull": name != own for name in names})
    return found


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, person: Person) -> FollowUpQuerySet:
        """Promises of the person's own teams; those of a restricted record where they are named.

        A question to another team, and what that team does about it, are that team's: they stand in the Spread, not
        in the record.
        """
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(open_to(person, "incident") | Q(kind__in=SPREAD_KINDS), of_teams(person))

    def open(self) -> FollowUpQuerySet:
        return self.filter(state=FollowUpState.OPEN)


class FollowUp(Stamped):
    """Anything promised with an owner and a date. It outlives its incident (invariant 7)."""

    kind = models.CharField(_("種類"), max_length=16, choices=FollowUpKind)
    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="follow_ups", verbose_name=_("インシデント")
    )
    # Whose promise it is: the incident's team, but for a question to another team. Its index is among those below.
    team = models.ForeignKey(
        "incidents.Team", models.PROTECT, related_name="follow_ups", db_index=False, verbose_name=_("チーム")
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
    question = models.OneToOneField(
        "incidents.Question",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_up",
        verbose_name=_("問い"),
    )
    spread_answer = models.OneToOneField(
        "incidents.SpreadAnswer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_up",
        verbose_name=_("横展開"),
    )
    # What the asked team does about it (要対応). Apart from the answer's own promise, whose story stays.
    spread_action = models.OneToOneField(
        "incidents.SpreadAnswer",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="action",
        verbose_name=_("横展開の取り組み"),
    )
    root = models.ForeignKey(
        "incidents.RootCause",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="risk_reviews",
        verbose_name=_("真因"),
    )
    # What comes back: a measure that was not done (its review) or one that has been gold for a year.
    review_of = models.ForeignKey(
        "incidents.Countermeasure",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reviews",
        verbose_name=_("見直す対策"),
    )
    text = models.CharField(_("お約束"), max_length=300, blank=True)
    to_whom = models.CharField(_("相手"), max_length=160, blank=True)
    due_at = models.DateTimeField(_("約束の時刻"), null=True, blank=True)
    owner = models.ForeignKey(
        "incidents.Person", models.PROTECT, related_name="follow_ups", db_index=False, verbose_name=_("担当")
    )
    backup = models.ForeignKey(
        "incidents.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=_("代わりの人"),
    )
    due_on = models.DateField(_("期限"))
    due_version = models.PositiveIntegerField(_("期限の版"), default=1)
    # The first step that was planned under this version; the auditor counts from it. Empty: its first row says so.
    first_step = models.CharField(max_length=8, blank=True, default="", editable=False)
    state = models.CharField(_("状態"), max_length=10, choices=FollowUpState, default=FollowUpState.OPEN)
    closed_at = models.DateTimeField(_("終わった時刻"), null=True, blank=True)
    closed_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("終えた人")
    )
    outcome = models.CharField(_("答え"), max_length=20, blank=True)
    closed_note = models.TextField(_("ひとこと"), blank=True)
    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("フォロー")
        verbose_name_plural = pgettext_lazy("plural", "フォロー")
        ordering = ["due_on", "id"]
        constraints = [
            models.CheckConstraint(name="follow_up_points_at_its_kind", condition=_points_at_its_kind()),
            models.CheckConstraint(
                name="promise_of_a_minute_has_its_time",
                condition=~Q(kind__in=MOMENT_KINDS) | Q(due_at__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["incident"],
                condition=Q(kind=FollowUpKind.FINAL_REPORT),
                name="one_final_report_a_record",
            ),
        ]
        indexes = [
            # Every page asks for the open promises of a person, by day and by kind. The team stands in each index:
            # looked up apart, PostgreSQL reads all that the team ever promised beside the few that are meant.
            models.Index(fields=["owner", "state", "team", "due_on"], name="follow_up_owner_due"),
            models.Index(fields=["owner", "state", "team", "kind"], name="follow_up_owner_kind"),
            models.Index(fields=["backup", "state", "team", "kind"], name="follow_up_backup_kind"),
            models.Index(fields=["team", "state", "kind"], name="follow_up_team_kind"),
            models.Index(fields=["incident", "state"], name="follow_up_incident"),
            models.Index(fields=["team", "closed_at"], name="follow_up_kept", condition=Q(state="kept")),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.due_on}"

    @property
    def is_asked_by_others(self) -> bool:
        """Whether another team's record stands behind it, which this team does not see (invariant 9)."""
        return self.kind in SPREAD_KINDS

    @property
    def what(self) -> str:
        """The promise in its own words."""
        if self.measure_id:
            return self.measure.title
        if self.check_plan_id:
            return self.check_plan.measure.title
        if self.question_id:
            return self.question.text
        if self.spread_answer_id:
            return self.spread_answer.spread.title
        if self.spread_action_id:
            return self.spread_action.spread.title
        if self.review_of_id:
            return self.review_of.title
        if self.root_id:
            return str(self.root)
        return self.text or self.get_kind_display()


class ReminderDelivery(Stamped):
    """The ledger: who is told which step of which promise. The unique key makes a second telling impossible."""

    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="deliveries", verbose_name=_("フォロー"))
    recipient = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("宛先"))
    step = models.CharField(_("段"), max_length=8)
    due_version = models.PositiveIntegerField(_("期限の版"))
    planned_on = models.DateField(_("予定日"))
    # Set for a step of a minute, which is told at once and not in the digest; `planned_on` is its day in the house.
    planned_at = models.DateTimeField(_("予定の時刻"), null=True, blank=True)
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
            # Says as well that the row has no minute: asked for by a filter, PostgreSQL thinks that few are left and sends
            # for parallel workers, which costs twenty times the answer.
            models.Index(
                fields=["planned_on", "recipient"],
                name="reminder_morning",
                condition=Q(state="pending", planned_at__isnull=True),
            ),
            models.Index(
                fields=["planned_at"],
                name="reminder_due_at",
                condition=Q(state="pending", planned_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.step} {self.planned_on}"
