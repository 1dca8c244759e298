from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import (
    OPEN_STAGES,
    OTHER_ENDS,
    SILENT_ENDS,
    Category,
    Channel,
    IncidentKind,
    NoticedBy,
    Severity,
    Stage,
)
from incidents.models.base import Stamped

if TYPE_CHECKING:
    from incidents.models.person import Person


def stage_rank(path: str = "") -> Case:
    """The stages as numbers in the order of the repair, the other ends last: what a list sorts by."""
    whens = [When(**{f"{path}stage": stage.value}, then=Value(place)) for place, stage in enumerate(Stage)]
    return Case(*whens, default=Value(99), output_field=models.IntegerField())


def severity_rank(path: str = "") -> Case:
    """The severities as numbers, the gravest first and what is still open last."""
    whens = [When(**{f"{path}severity": one.value}, then=Value(place)) for place, one in enumerate(Severity)]
    return Case(*whens, default=Value(99), output_field=models.IntegerField())


def open_to(person: Person, path: str = "") -> Q:
    """What a restricted record asks beyond the team (C9): its owner, backup, recorder and named readers see it.

    path: how a row reaches its incident, such as "incident"; "" for incidents themselves.
    """
    at = f"{path}__" if path else ""
    named = IncidentReader.objects.filter(person=person).values("incident")
    return (
        Q(**{f"{at}restricted": False})
        | Q(**{f"{at}owner": person})
        | Q(**{f"{at}backup": person})
        | Q(**{f"{at}recorded_by": person})
        | Q(**{f"{path or 'pk'}__in": named})
    )


def of_teams(person: Person, path: str = "") -> Q:
    """Rows of the person's teams. Teams that are known already are named, so that the database can go by its index."""
    at = f"{path}__" if path else ""
    if person.standing is not None:
        return Q(**{f"{at}team__in": [membership.team_id for membership in person.standing]})
    return Q(**{f"{at}team__memberships__person": person})


# What a count of visible records looks at beside the team and the moment.
COUNTED = ["id", "stage", "kind", "restricted", "owner", "backup", "recorded_by"]


class IncidentQuerySet(models.QuerySet["Incident"]):
    def visible_to(self, person: Person) -> IncidentQuerySet:
        """Incidents of the person's own teams, restricted ones only where they are named; none for a stranger."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(open_to(person), of_teams(person))

    def open(self) -> IncidentQuerySet:
        """Records whose repair has not come to an end."""
        return self.filter(stage__in=OPEN_STAGES)

    def unsettled(self) -> IncidentQuerySet:
        """Records with somebody outside, whose matter is not settled yet (対外完了)."""
        other_side = ~Q(who_waits="") | ~Q(counterparty="") | Q(first_reported_at__isnull=False)
        return self.filter(other_side, customer_closed_at__isnull=True)

    def awaiting_first_report(self) -> IncidentQuerySet:
        """Records whose first-report clock is running; a record repaired only still owes the report (invariant 7)."""
        return self.filter(
            end__in=["", Stage.REPAIRED_ONLY],
            first_report_due_at__isnull=False,
            first_reported_at__isnull=True,
            first_report_waived="",
        )


def reference_of(number: int) -> str:
    return f"K-{number}"


class Incident(Stamped):
    """A crack. `stage` is computed from the record by incidents.rules.stage_of and kept for lists and filters."""

    number = models.PositiveIntegerField(_("番号"), unique=True)
    # Looked up by the indexes below, all of which begin with it; one of its own would be read whole beside them.
    team = models.ForeignKey(
        "incidents.Team", models.PROTECT, related_name="incidents", db_index=False, verbose_name=_("チーム")
    )
    kind = models.CharField(_("種類"), max_length=12, choices=IncidentKind, default=IncidentKind.INCIDENT)
    title = models.CharField(_("何が起きたか"), max_length=200)
    body = models.TextField(_("くわしく"), blank=True)
    stage = models.CharField(_("段階"), max_length=20, choices=Stage, default=Stage.RECORDED)
    category = models.CharField(_("分類"), max_length=24, choices=Category, blank=True)
    process = models.CharField(_("業務"), max_length=120, blank=True)
    counterparty = models.CharField(_("相手"), max_length=160, blank=True)
    severity = models.CharField(_("重大度"), max_length=2, choices=Severity, blank=True)
    who_waits = models.CharField(_("待っている人"), max_length=160, blank=True)
    occurred_at = models.DateTimeField(_("起きた時刻"), null=True, blank=True)
    noticed_at = models.DateTimeField(_("気づいた時刻"))
    recorded_by = models.ForeignKey(
        "incidents.Person", models.PROTECT, null=True, related_name="recorded_incidents", verbose_name=_("記録した人")
    )
    owner = models.ForeignKey(
        "incidents.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="owned_incidents",
        db_index=False,
        verbose_name=_("担当"),
    )
    backup = models.ForeignKey(
        "incidents.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("代わりの人"),
    )
    recognised_at = models.DateTimeField(_("組織として知った時刻"), null=True, blank=True)
    noticed_by = models.CharField(_("気づいた人"), max_length=14, choices=NoticedBy, blank=True)
    # Answers to the effect questions of B-4 (codes of incidents.rules.EFFECTS); shown, never queried.
    effects = models.JSONField(_("影響の答え"), default=list, blank=True)
    severity_reason = models.CharField(_("重大度の理由"), max_length=300, blank=True)
    restricted = models.BooleanField(_("読む人を限る"), default=False)
    # The first-report clock: due only while somebody outside waits; stopped by a recorded report or a reason.
    first_report_due_at = models.DateTimeField(_("一次報告の期限"), null=True, blank=True)
    # From when it counts, where that is not the notice: somebody else began to wait after 不要.
    first_report_from = models.DateTimeField(_("一次報告の時計の始まり"), null=True, blank=True)
    first_reported_at = models.DateTimeField(_("一次報告の時刻"), null=True, blank=True)
    first_report_channel = models.CharField(_("伝え方"), max_length=10, choices=Channel, blank=True)
    first_report_waived = models.CharField(_("一次報告が不要な理由"), max_length=300, blank=True)
    # The final report (B-3). The day is reckoned from the first containment unless one was agreed with the other side.
    final_report_agreed_on = models.DateField(_("相手と決めた最終報告の日"), null=True, blank=True)
    final_reported_at = models.DateTimeField(_("最終報告の時刻"), null=True, blank=True)
    final_report_channel = models.CharField(_("最終報告の伝え方"), max_length=10, choices=Channel, blank=True)
    final_report_waived = models.CharField(_("最終報告が不要な理由"), max_length=300, blank=True)
    # The other ends, each with its reason.
    end = models.CharField(
        _("終わり方"), max_length=20, blank=True, choices=[(s.value, s.label) for s in Stage if s in OTHER_ENDS]
    )
    end_reason = models.TextField(_("理由"), blank=True)
    duplicate_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="duplicates", verbose_name=_("元の記録")
    )
    recurrence_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="recurrences", verbose_name=_("再発の元")
    )
    mended_at = models.DateTimeField(_("金継ぎの時刻"), null=True, blank=True)
    # Settled with the other side (対外完了): apart from the stage, and never a reason for gold. An imported record
    # has the time alone.
    customer_closed_at = models.DateTimeField(_("対外完了"), null=True, blank=True)
    customer_closed_by = models.ForeignKey(
        "incidents.Person",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("対外完了を記録した人"),
    )
    customer_closed_channel = models.CharField(_("確かめ方"), max_length=10, choices=Channel, blank=True)
    customer_closed_agreed = models.CharField(_("相手と決まったこと"), max_length=300, blank=True)
    customer_closed_note = models.TextField(_("対外完了のひとこと"), blank=True)
    # Where an imported record comes from; both or neither.
    external_source = models.CharField(_("取り込み元"), max_length=40, blank=True)
    external_id = models.CharField(_("取り込み元の番号"), max_length=120, blank=True)
    external_digest = models.CharField(max_length=64, blank=True, editable=False)
    objects = IncidentQuerySet.as_manager()

    class Meta:
        verbose_name = _("インシデント")
        verbose_name_plural = pgettext_lazy("plural", "インシデント")
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(name="incident_stage_is_known", condition=Q(stage__in=Stage.values)),
            models.CheckConstraint(
                name="incident_end_has_reason", condition=Q(end="") | (Q(end__in=OTHER_ENDS) & ~Q(end_reason=""))
            ),
            models.CheckConstraint(
                name="incident_duplicate_names_the_other",
                condition=~Q(end=Stage.DUPLICATE) | Q(duplicate_of__isnull=False),
            ),
            models.CheckConstraint(
                name="incident_external_both_or_neither",
                condition=Q(external_source="", external_id="") | (~Q(external_source="") & ~Q(external_id="")),
            ),
            models.UniqueConstraint(
                fields=["external_source", "external_id", "team"],
                condition=~Q(external_source=""),
                name="imported_once_a_team",
            ),
            models.CheckConstraint(
                name="first_report_has_channel",
                condition=Q(first_reported_at__isnull=True) | ~Q(first_report_channel=""),
            ),
            models.CheckConstraint(
                name="final_report_has_channel",
                condition=Q(final_reported_at__isnull=True) | ~Q(final_report_channel=""),
            ),
            models.CheckConstraint(
                name="settled_outside_has_time_person_and_what",
                condition=Q(customer_closed_by__isnull=True, customer_closed_channel="", customer_closed_agreed="")
                | (
                    Q(customer_closed_at__isnull=False, customer_closed_by__isnull=False)
                    & ~Q(customer_closed_channel="")
                    & ~Q(customer_closed_agreed="")
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["team", "stage", "-noticed_at"], name="incident_team_stage"),
            models.Index(fields=["team", "-noticed_at", "-number"], name="incident_team_noticed"),
            # A quarter is counted out of the index alone (queries/insight.py); SQLite has no such index and reads rows.
            models.Index(fields=["team", "noticed_at"], name="incident_quarter", include=COUNTED),
            models.Index(
                fields=["team", "mended_at"],
                name="incident_quarter_mended",
                include=COUNTED,
                condition=Q(mended_at__isnull=False),
            ),
            # The lists' own orders, for people who see most of the installation (queries/incident.py).
            models.Index(fields=["-noticed_at", "-number"], name="incident_noticed"),
            models.Index(severity_rank(), F("number").desc(), name="incident_severity_rank"),
            models.Index(stage_rank(), F("number").desc(), name="incident_stage_rank"),
            models.Index(fields=["team", "category", "-noticed_at"], name="incident_team_category"),
            models.Index(fields=["owner", "-noticed_at"], name="incident_owner_noticed"),
            models.Index(
                fields=["team", "-noticed_at", "-number"],
                name="incident_settled_outside",
                condition=Q(customer_closed_at__isnull=False),
            ),
            # 今日: running clocks, and what became of the last quarter.
            models.Index(
                fields=["team", "first_report_due_at"],
                name="incident_clock_running",
                condition=Q(
                    first_report_due_at__isnull=False,
                    first_reported_at__isnull=True,
                    first_report_waived="",
                ),
            ),
            models.Index(
                fields=["team", "-mended_at"], name="incident_team_mended", condition=Q(mended_at__isnull=False)
            ),
            # What held before: the newest mended ones of a category (queries/record.py).
            models.Index(
                fields=["team", "category", "-mended_at"],
                name="incident_category_mended",
                condition=Q(mended_at__isnull=False),
            ),
            models.Index(
                fields=["team", "-first_reported_at"],
                name="incident_team_reported",
                condition=Q(first_reported_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"

    @property
    def reference(self) -> str:
        return reference_of(self.number)

    def get_absolute_url(self) -> str:
        return reverse("incident", args=[self.reference])

    @property
    def first_report_took(self) -> timedelta | None:
        """From notice to first report; None while there is none."""
        return self.first_reported_at - self.noticed_at if self.first_reported_at else None

    @property
    def has_other_side(self) -> bool:
        """Whether there is somebody outside to settle with."""
        return bool(self.who_waits or self.counterparty or self.first_reported_at)

    @property
    def report_follows(self) -> bool:
        """Whether a report leaves another one to come (F3), so that its time, or why there is none, is asked for.

        Not after the final report, 対外完了, 取下げ or 重複: there a next one is only what was promised all the same. A
        record repaired only still owes its reports (invariant 7).
        """
        return not (self.final_reported_at or self.customer_closed_at or self.end in SILENT_ENDS)

    @property
    def clock_is_running(self) -> bool:
        """Whether a first report is owed; also after 修理のみ (invariant 7)."""
        stopped = self.first_reported_at or self.first_report_waived or self.end in SILENT_ENDS
        return bool(self.first_report_due_at and not stopped)


class IncidentReader(models.Model):
    """Somebody who may read a restricted record (C9)."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="reader_rows", verbose_name=_("インシデント"))
    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="+", verbose_name=_("読む人"))
    added_at = models.DateTimeField(_("加えた時刻"), auto_now_add=True)

    class Meta:
        verbose_name = _("読む人")
        verbose_name_plural = pgettext_lazy("plural", "読む人")
        constraints = [models.UniqueConstraint(fields=["incident", "person"], name="reader_named_once")]

    def __str__(self) -> str:
        return f"{self.person} / {self.incident.reference}"
