from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import (
    COVERING_STATUSES,
    RUNNING_STATUSES,
    MeasureKind,
    MeasureStatus,
    Outcome,
    RequestState,
    Strength,
)
from incidents.models.base import Stamped
from incidents.models.incident import of_teams, open_to
from incidents.models.index import NO_DAY

if TYPE_CHECKING:
    from incidents.models.person import Person


MOST_STEPS = 999
MOST_SAVED = 60_000  # minutes a month: a thousand hours; more is a slip of the keys


def due_place() -> Coalesce:
    """The due day, ideas without one last: what a list sorts by, and never NULL."""
    return Coalesce(F("due_on"), Value(NO_DAY, output_field=models.DateField()), output_field=models.DateField())


def _running() -> Q:
    return Q(status__in=sorted(RUNNING_STATUSES))


class CountermeasureQuerySet(models.QuerySet["Countermeasure"]):
    def visible_to(self, person: Person) -> CountermeasureQuerySet:
        """Countermeasures of incidents of the person's own teams."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(open_to(person, "incident"), of_teams(person, "incident"))

    def running(self) -> CountermeasureQuerySet:
        return self.filter(status__in=RUNNING_STATUSES)


class Countermeasure(Stamped):
    """Gold dust: what changes, who does it, until when, and how its effect will be seen."""

    incident = models.ForeignKey(
        "incidents.Incident", models.PROTECT, related_name="measures", verbose_name=_("インシデント")
    )
    root = models.ForeignKey(
        "incidents.RootCause", models.PROTECT, null=True, blank=True, related_name="measures", verbose_name=_("真因")
    )
    title = models.CharField(_("何を変えるか"), max_length=300)
    kind = models.CharField(_("種類"), max_length=12, choices=MeasureKind, default=MeasureKind.CORRECTIVE)
    before = models.TextField(_("変更前"), blank=True)
    after = models.TextField(_("変更後"), blank=True)
    strength = models.PositiveSmallIntegerField(_("強さ"), choices=Strength, default=Strength.CHECK)
    status = models.CharField(_("状態"), max_length=12, choices=MeasureStatus, default=MeasureStatus.PROPOSED)
    owner = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="owned_measures", verbose_name=_("担当")
    )
    backup = models.ForeignKey(
        "incidents.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="backed_measures",
        verbose_name=_("代わりの人"),
    )
    helpers = models.ManyToManyField("incidents.Person", blank=True, related_name="+", verbose_name=_("手伝う人"))
    due_on = models.DateField(_("期限"), null=True, blank=True)
    promised_outside = models.BooleanField(_("お客様に約束した"), default=False)
    promised_to = models.CharField(_("約束した相手"), max_length=160, blank=True)
    promised_what = models.CharField(_("約束したこと"), max_length=300, blank=True)
    weak_reason = models.CharField(_("弱い対策で進める理由"), max_length=300, blank=True)
    committed_at = models.DateTimeField(_("約束した時刻"), null=True, blank=True)
    done_at = models.DateTimeField(_("実施した時刻"), null=True, blank=True)
    done_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("実施した人")
    )
    done_note = models.TextField(_("やったこと"), blank=True)
    done_evidence = models.CharField(_("証拠のリンク"), max_length=500, blank=True)
    done_evidence_name = models.CharField(_("変えた文書や道具"), max_length=200, blank=True)
    done_evidence_version = models.CharField(_("変えた文書や道具の版"), max_length=80, blank=True)
    # What it took away, as somebody wrote it down; empty where nobody did. Never worked out from anything.
    steps_removed = models.PositiveSmallIntegerField(_("なくなった手順"), null=True, blank=True)
    minutes_saved = models.PositiveIntegerField(_("減った時間（月に）"), null=True, blank=True)
    not_doing_reason = models.TextField(_("実施しない理由"), blank=True)
    not_doing_by = models.ForeignKey(
        "incidents.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("実施しないと決めた人"),
    )
    not_doing_review_on = models.DateField(_("見直す日"), null=True, blank=True)
    not_doing_draft = models.TextField(_("続報の下書き"), blank=True)
    external_key = models.CharField(max_length=120, blank=True)
    objects = CountermeasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("対策")
        verbose_name_plural = pgettext_lazy("plural", "対策")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="measure_status_is_known", condition=Q(status__in=MeasureStatus.values)),
            models.CheckConstraint(name="measure_strength_0_to_6", condition=Q(strength__lte=6)),
            models.CheckConstraint(
                name="promised_measure_is_complete",
                condition=~Q(status__in=COVERING_STATUSES)
                | (Q(root__isnull=False, owner__isnull=False, due_on__isnull=False) & ~Q(before="") & ~Q(after="")),
            ),
            models.CheckConstraint(
                name="done_measure_has_note_or_evidence",
                condition=~Q(status__in=[MeasureStatus.DONE, MeasureStatus.EFFECTIVE])
                | (Q(done_at__isnull=False) & (~Q(done_note="") | ~Q(done_evidence="") | ~Q(done_evidence_name=""))),
            ),
            models.CheckConstraint(
                name="evidence_version_is_of_something",
                condition=Q(done_evidence_version="") | ~Q(done_evidence="") | ~Q(done_evidence_name=""),
            ),
            models.CheckConstraint(
                name="not_doing_has_reason_person_and_review",
                condition=~Q(status=MeasureStatus.NOT_DOING)
                | (~Q(not_doing_reason="") & Q(not_doing_by__isnull=False, not_doing_review_on__isnull=False)),
            ),
            models.CheckConstraint(
                name="words_of_a_promise_outside_need_it",
                condition=Q(promised_outside=True) | Q(promised_to="", promised_what=""),
            ),
            models.CheckConstraint(
                name="gain_is_told_or_empty",
                condition=(Q(steps_removed__isnull=True) | Q(steps_removed__gte=1, steps_removed__lte=MOST_STEPS))
                & (Q(minutes_saved__isnull=True) | Q(minutes_saved__gte=1, minutes_saved__lte=MOST_SAVED)),
            ),
            models.UniqueConstraint(
                fields=["incident", "external_key"], condition=~Q(external_key=""), name="measure_imported_once"
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "status", "due_on"], name="measure_owner_due"),
            models.Index(fields=["status", "due_on", "id"], name="measure_status_due"),
            models.Index(due_place(), F("id"), name="measure_due_place"),
            # What runs, in the list's order: without them a list walks past all that is settled.
            models.Index(F("owner"), due_place(), F("id"), name="measure_mine_due", condition=_running()),
            models.Index(due_place(), F("id"), name="measure_running_due", condition=_running()),
            models.Index(fields=["strength", "id"], name="measure_strength"),
            models.Index(fields=["committed_at"], name="measure_committed"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.incident.reference]) + f"#measure-{self.pk}"

    @property
    def is_running(self) -> bool:
        return self.status in RUNNING_STATUSES


class EffectCheck(Stamped):
    """Planned before the measure is done, criteria first; decided by somebody who is not the owner."""

    measure = models.ForeignKey(Countermeasure, models.PROTECT, related_name="checks", verbose_name=_("対策"))
    what = models.CharField(_("何を測るか"), max_length=300, blank=True)
    threshold = models.CharField(_("どうなれば効いたと言えるか"), max_length=300, blank=True)
    check_on = models.DateField(_("確かめる日"), null=True, blank=True)
    checker = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="checks", verbose_name=_("確かめる人")
    )
    outcome = models.CharField(_("結果"), max_length=14, choices=Outcome, blank=True)
    outcome_note = models.TextField(_("見たこと"), blank=True)
    decided_at = models.DateTimeField(_("判断した時刻"), null=True, blank=True)
    decided_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("判断した人")
    )

    class Meta:
        verbose_name = _("効果確認")
        verbose_name_plural = pgettext_lazy("plural", "効果確認")
        ordering = ["id"]
        indexes = [models.Index(fields=["decided_at"], name="check_decided", condition=Q(decided_at__isnull=False))]
        constraints = [
            models.UniqueConstraint(fields=["measure"], condition=Q(outcome=""), name="one_open_check_a_measure"),
            models.CheckConstraint(
                name="decided_check_has_person_time_and_note",
                condition=Q(outcome="", decided_at__isnull=True, decided_by__isnull=True)
                | (~Q(outcome="") & ~Q(outcome_note="") & Q(decided_at__isnull=False, decided_by__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.what


class DueRequest(Stamped):
    """A wish to move a promised date (M3): somebody asks with a reason, a lead answers.

    A date promised outside the team needs a draft of what the other side will be told.
    """

    measure = models.ForeignKey(Countermeasure, models.PROTECT, related_name="due_requests", verbose_name=_("対策"))
    due_on = models.DateField(_("新しい期限"))
    old_due_on = models.DateField(_("いまの期限"))
    reason = models.TextField(_("変える理由"))
    draft = models.TextField(_("続報の下書き"), blank=True)
    state = models.CharField(_("状態"), max_length=8, choices=RequestState, default=RequestState.ASKED)
    asked_by = models.ForeignKey("incidents.Person", models.PROTECT, related_name="+", verbose_name=_("頼んだ人"))
    decided_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("答えた人")
    )
    decided_at = models.DateTimeField(_("答えた時刻"), null=True, blank=True)
    decision_note = models.CharField(_("答えの理由"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("期限の相談")
        verbose_name_plural = pgettext_lazy("plural", "期限の相談")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["measure"], condition=Q(state=RequestState.ASKED), name="one_open_due_request_a_measure"
            ),
            models.CheckConstraint(
                name="decided_due_request_has_person_and_time",
                condition=Q(state=RequestState.ASKED, decided_by__isnull=True, decided_at__isnull=True)
                | (~Q(state=RequestState.ASKED) & Q(decided_by__isnull=False, decided_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.old_due_on} → {self.due_on}"
