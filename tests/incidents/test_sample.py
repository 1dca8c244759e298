"""The sample team is a true record: every stage, computed as always, with letters that can be written."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from incidents import rules, sample
from incidents.domain import reminder, search
from incidents.enums import DeliveryState, IncidentKind, LetterState, Stage
from incidents.models import (
    AuditEntry,
    CareCheckIn,
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    IncidentIndex,
    Letter,
    Membership,
    Organisation,
    Person,
    ReminderDelivery,
    TimelineEntry,
)
from incidents.queries import engine
from incidents.queries.audit import VERBS
from incidents.queries.incident import record_facts
from incidents.queries.today import today
from tests.conftest import TOKYO, at
from tools.plain.bigrams import grams, token


@override_settings(MAIL_CONFIGURED=False)
class TestSample(TestCase):
    """Planted once for all: Tuesday 24 November 2026, the day after a holiday."""

    @classmethod
    def setUpTestData(cls):
        with time_machine.travel(at("2026-11-24 09:30"), tick=False):
            sample.plant()
        cls.sato = Person.objects.get(email="sato@example.jp")

    def setUp(self):
        traveller = time_machine.travel(at("2026-11-24 09:30"), tick=False)
        traveller.start()
        self.addCleanup(traveller.stop)

    def test_every_stage_is_there_and_is_the_one_that_the_record_gives(self):
        records = list(Incident.objects.all())
        assert {one.stage for one in records} == set(Stage.values)
        assert {one.reference: one.stage for one in records} == {
            one.reference: rules.stage_of(record_facts(one)) for one in records
        }
        assert {one.kind for one in records} == set(IncidentKind.values)

    def test_the_newest_crack_has_its_clock_running(self):
        newest = Incident.objects.order_by("-number").first()
        assert (newest.reference, newest.title) == ("K-128", "請求書を別のお客様へ誤送信")
        assert newest.clock_is_running
        assert newest.first_report_due_at - timezone.now() == timedelta(minutes=23)

    def test_sato_sees_the_day_of_the_design(self):
        lines = {
            f.what: f.due_on.isoformat()
            for f in FollowUp.objects.visible_to(self.sato)
            .open()
            .filter(owner=self.sato)
            .exclude(kind__in=["first_report", "anniversary"])
        }
        assert (
            lines
            == {
                "送信前に宛先と添付の会社名を照合する仕組みを入れる": "2026-11-19",  # two business days late: the 23rd is a holiday
                "振込データの二重払いチェックを会計ソフトに設定": "2026-11-24",
                "受注CSVの取り込みに品番マスタの照合を加える": "2026-11-26",
                "月末の朝会で、その月に締日が変わる得意先を読み合わせる": "2026-11-30",
                "締日を得意先マスタに持たせ、請求の画面で自動で決まるようにする": "2026-12-14",
            }
        )
        found = today(self.sato)
        assert (found.bowl.gold, found.bowl.open) == (6, 2)
        assert found.counts["gold"] == 3
        figures = found.figures
        assert (figures.first_report_minutes, figures.on_time_percent) == (38, 91)

    def test_the_letter_of_the_day_can_be_written(self):
        letter = reminder.write_digest(self.sato, asked_for=True)
        assert "送信前に宛先と添付の会社名を照合する仕組みを入れる" in letter.text
        assert "できましたか。期限の相談もできます" in letter.text
        assert "効き目を確かめる日です" in letter.text

    def test_history_lies_in_the_past_and_in_order(self):
        now = timezone.now()
        assert not AuditEntry.objects.filter(at__gte=now).exists()
        assert not TimelineEntry.objects.filter(recorded_at__gte=now).exists()
        assert not Countermeasure.objects.filter(done_at__lt=F("committed_at")).exists()
        assert not EffectCheck.objects.filter(decided_at__lt=F("measure__done_at")).exists()
        assert not Incident.objects.filter(first_reported_at__lt=F("noticed_at")).exists()
        assert not ReminderDelivery.objects.filter(state=DeliveryState.PENDING, planned_on__lt=now.date()).exists()
        assert not TimelineEntry.objects.filter(text__contains="2027").exists()
        assert {entry.verb for entry in AuditEntry.objects.all()} <= VERBS.keys()

    def test_the_timeline_tells_the_day_that_was_promised(self):
        one = Countermeasure.objects.filter(committed_at__isnull=False, incident__number=114).order_by("pk").first()
        line = one.incident.timeline.get(text__startswith=f"対策を約束: {one.title}")
        assert f"期限 {one.due_on.month}月{one.due_on.day}日" in line.text
        stand_in = timezone.localdate() + timedelta(days=400)  # the day that the verb was given before the true one
        assert not TimelineEntry.objects.filter(text__contains=f"{stand_in.month}月{stand_in.day}日").exists()

    def test_letters_of_past_mornings_are_kept_and_none_goes_out(self):
        assert set(Letter.objects.values_list("state", flat=True)) == {LetterState.KEPT}
        told = ReminderDelivery.objects.exclude(letter=None)
        assert set(told.values_list("state", flat=True)) == {DeliveryState.SENT}
        assert [one for one in told if one.settled_at.astimezone(TOKYO).date() < one.planned_on] == []

    def test_passwords_pass_the_validators(self):
        for _label, email, password in sample.SIGN_INS:
            assert validate_password(password, Person.objects.get(email=email)) is None  # else it raises

    def test_roles_are_as_the_sign_ins_say(self):
        roles = Membership.objects.order_by("team__slug", "person__pk").values_list(
            "person__email", "team__slug", "role"
        )
        assert list(roles) == [
            ("ito@example.jp", "accounts", "lead"),
            ("sato@example.jp", "orders", "lead"),
            ("tanaka@example.jp", "orders", "member"),
            ("suzuki@example.jp", "orders", "member"),
            ("yamaguchi@example.jp", "orders", "member"),
            ("takahashi@example.jp", "orders", "viewer"),
        ]
        assert list(Person.objects.filter(is_admin=True).values_list("email", flat=True)) == ["sato@example.jp"]

    def test_no_text_blames_or_names_a_person(self):
        names = [name for one in Person.objects.all() for name in (one.name, one.name.split()[0])]
        why_texts = [why.text for incident in Incident.objects.all() for why in incident.whys.all()]
        assert [text for text in why_texts for name in names if name in text] == []
        texts = why_texts + [f"{one.title}{one.body}{one.end_reason}" for one in Incident.objects.all()]
        texts += [f"{m.title}{m.before}{m.after}{m.done_note}" for m in Countermeasure.objects.all()]
        banned = ("徹底", "気をつけ", "不注意", "うっかり", "ミス", "怠", "反省")
        assert [text for text in texts for word in banned if word in text] == []

    def test_nobody_is_asked_how_they_are(self):
        assert not CareCheckIn.objects.exists()

    def test_what_the_verbs_told_is_indexed_as_it_stands(self):
        fresh = {
            row.pk: (row.team_id, row.text, row.next_due_on)
            for row in search.built(Incident.objects.values_list("pk", flat=True))
        }
        assert fresh == {row.pk: (row.team_id, row.text, row.next_due_on) for row in IncidentIndex.objects.all()}
        assert len(fresh) == Incident.objects.count() > 10
        assert held() == {pk: {token(one) for one in grams(text)} for pk, (_team, text, _due) in fresh.items()}

    def test_the_engine_is_not_said_to_stand_still(self):
        assert not engine.stands_still()

    def test_the_command_changes_nothing_where_there_are_people(self):
        before, out = AuditEntry.objects.count(), StringIO()
        call_command("seed_sample", stdout=out)
        assert AuditEntry.objects.count() == before
        assert "nothing was changed" in out.getvalue()

    def test_sign_ins_work(self):
        for _label, email, password in sample.SIGN_INS:
            answer = self.client.post(reverse("account_login"), {"login": email, "password": password})
            assert answer.status_code == 302
            assert self.client.session["_auth_user_id"] == str(Person.objects.get(email=email).pk)
            self.client.logout()


def held() -> dict[int, set[str]]:
    """The pairs of characters that the database holds, by incident."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT incident_id, grams FROM incidents_incidentindex")
            return {pk: {token(one) for one in found} for pk, found in cursor.fetchall()}
        cursor.execute("SELECT rowid, grams FROM incidents_incidentgrams")
        return {pk: set(found.split()) for pk, found in cursor.fetchall()}


@pytest.mark.sqlite_is_enough
@pytest.mark.django_db
def test_with_a_mail_server_the_command_sends_nothing_of_the_past(
    settings, clock, organisation, mailoutbox, django_capture_on_commit_callbacks
):
    settings.MAIL_CONFIGURED = True
    with django_capture_on_commit_callbacks(execute=True):
        call_command("seed_sample")
    assert Organisation.objects.get().name == "青葉商事株式会社"
    assert mailoutbox == []
    assert set(Letter.objects.values_list("state", flat=True)) == {LetterState.KEPT}


@pytest.mark.sqlite_is_enough
@pytest.mark.django_db
@pytest.mark.parametrize("day", ["2026-11-28 07:28", "2026-11-24 10:30", "2027-01-02 20:00"])
def test_a_new_house_is_not_late_on_its_first_day(settings, day):
    with time_machine.travel(at(day), tick=False):
        sample.plant()
        assert [queue.name for queue in engine.queues(timezone.now()) if queue.is_late] == []


@pytest.mark.parametrize("day", ["2026-11-22 15:00", "2027-01-04 00:10", "2026-05-06 23:50"])
@pytest.mark.django_db
def test_on_any_day_the_record_is_true_and_something_is_due(settings, day):
    settings.MAIL_CONFIGURED = False
    with time_machine.travel(at(day), tick=False):
        sample.plant()
        for one in Incident.objects.all():
            assert one.stage == rules.stage_of(record_facts(one)), one
        assert {one.stage for one in Incident.objects.all()} == set(Stage.values)
        assert reminder.write_digest(Person.objects.get(email="sato@example.jp"), asked_for=True) is not None


def test_the_command_refuses_production(settings, db):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        call_command("seed_sample")
    assert not Person.objects.exists()
