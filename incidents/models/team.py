from __future__ import annotations

from collections.abc import Collection
from datetime import time
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Language, Role, Severity
from incidents.models.base import Stamped
from tools.plain.cleantext import clean
from tools.plain.oneline import one_line

if TYPE_CHECKING:
    from incidents.models.person import Person


class Organisation(Stamped):
    """The one organisation of this install: defaults, calendar, mail identity. Its row has id 1."""

    name = models.CharField(_("組織名"), max_length=120)
    language = models.CharField(_("言語"), max_length=5, choices=Language, default=Language.JAPANESE)
    time_zone = models.CharField(_("時間帯"), max_length=64, default="Asia/Tokyo")
    first_report_minutes = models.PositiveSmallIntegerField(_("一次報告までの分"), default=60)
    report_opens_at = models.TimeField(_("営業の始まり"), default=time(9))
    report_closes_at = models.TimeField(_("営業の終わり"), default=time(18))
    closed_year_end = models.BooleanField(_("12/29〜1/3 は休業"), default=True)
    closed_obon = models.BooleanField(_("8/13〜8/16 は休業"), default=False)
    # Rungs of its own, as [business days from the due date, [roles]]; empty means the usual ones (U1).
    ladder = models.JSONField(_("お知らせのはしご"), default=list, blank=True, editable=False)
    audit_address = models.EmailField(
        _("履歴の控えの宛先"),
        blank=True,
        default="",
        db_default="",
        help_text=_("監査の担当者など、うしろの外にいる方のアドレスです。変更履歴の控えを毎日送ります。"),
    )
    # Terms of its own, as {class of incidents.rules.retention: days}; what is not in it has the usual term.
    retention = models.JSONField(_("保存期間"), default=dict, blank=True, editable=False)
    next_incident_number = models.PositiveIntegerField(_("次の番号"), default=1, editable=False)
    setup_token_hash = models.CharField(max_length=64, blank=True, editable=False)
    moved = 0  # open promises that a change of the calendar has just moved; no column

    # The zone of the row as this process last read it, or a verb wrote it. Which day it is in the house is asked everywhere, and
    # costs no query; every look at a calendar reads the row.
    zone_seen: ClassVar[str] = ""

    class Meta:
        verbose_name = _("組織")
        verbose_name_plural = pgettext_lazy("plural", "組織")
        constraints = [
            models.CheckConstraint(name="one_organisation", condition=models.Q(id=1)),
            models.CheckConstraint(
                name="report_opens_before_it_closes",
                condition=models.Q(report_opens_at__lt=models.F("report_closes_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **more: Any) -> Self:
        found = super().from_db(db, field_names, values, **more)
        Organisation.zone_seen = found.__dict__.get("time_zone", Organisation.zone_seen)
        return found


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, person: Person) -> TeamQuerySet:
        """Teams that the person belongs to; none for somebody signed out or deactivated."""
        if not getattr(person, "is_active", False) or person.pk is None:
            return self.none()
        return self.filter(memberships__person=person)


class Team(Stamped):
    """The boundary of visibility."""

    name = models.CharField(_("チーム名"), max_length=80)
    slug = models.SlugField(_("短い名前"), max_length=40, unique=True)
    first_report_minutes = models.PositiveSmallIntegerField(
        _("一次報告までの分"), null=True, blank=True, help_text=_("空なら組織の設定に従います。")
    )
    # The address where somebody writes without a name: open or not, its number (a new one ends the old address), and the
    # morning on which the held notes were last looked at. None of the three ever changes because somebody writes.
    nameless_open = models.BooleanField(_("名前を出さずに書ける"), default=True)
    nameless_serial = models.PositiveIntegerField(default=1, editable=False)
    nameless_batch_on = models.DateField(null=True, editable=False)
    members = models.ManyToManyField("incidents.Person", through="incidents.Membership", related_name="teams")
    objects = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = _("チーム")
        verbose_name_plural = pgettext_lazy("plural", "チーム")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A name that nobody can read another way than it is written (CVE-2021-42574)."""
        self.name = one_line(clean(self.name))[:80]
        if not self.name:
            raise ValidationError({"name": _("名前を入れてください。")})

    def get_absolute_url(self) -> str:
        return reverse("incident-list") + f"?team={self.slug}"


class ReportClock(Stamped):
    """How long the first report may take (B-3), for one severity, one team, both, or all.

    The narrowest row counts: team and severity, team, severity, organisation; without any, the minutes of team or
    organisation.
    """

    team = models.ForeignKey(
        Team,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="report_clocks",
        verbose_name=_("チーム"),
        help_text=_("空なら組織ぜんたいです。"),
    )
    severity = models.CharField(
        _("重大度"), max_length=2, choices=Severity, blank=True, help_text=_("空ならどの重大度にも当てはまります。")
    )
    minutes = models.PositiveSmallIntegerField(_("一次報告までの分"), default=60)
    business_hours = models.BooleanField(
        _("営業時間だけを数える"), default=False, help_text=_("印がなければ、夜も休みの日も数えます。")
    )

    class Meta:
        verbose_name = _("一次報告の時計")
        verbose_name_plural = pgettext_lazy("plural", "一次報告の時計")
        ordering = ["team_id", "severity"]
        constraints = [
            models.UniqueConstraint(fields=["team", "severity"], name="one_clock_a_team_and_severity"),
            models.UniqueConstraint(
                fields=["severity"], condition=models.Q(team__isnull=True), name="one_clock_a_severity_for_all"
            ),
            models.CheckConstraint(name="report_clock_has_minutes", condition=models.Q(minutes__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.team or ''} {self.severity} {self.minutes}".strip()


class Membership(Stamped):
    person = models.ForeignKey("incidents.Person", models.CASCADE, related_name="memberships", verbose_name=_("人"))
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships", verbose_name=_("チーム"))
    role = models.CharField(_("役割"), max_length=10, choices=Role, default=Role.MEMBER)

    class Meta:
        verbose_name = _("所属")
        verbose_name_plural = pgettext_lazy("plural", "所属")
        constraints = [
            models.UniqueConstraint(fields=["person", "team"], name="one_role_in_a_team"),
            models.CheckConstraint(name="membership_role_is_known", condition=models.Q(role__in=Role.values)),
        ]

    def __str__(self) -> str:
        return f"{self.person} / {self.team}"
