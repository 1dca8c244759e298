from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from incidents.domain import cause, containment, countermeasure, importing, incident, mapping_file, outside
from incidents.domain.importing import NOUNS, ImportRefused, Result, import_incidents
from incidents.enums import Certainty, Factor, Stage
from incidents.errors import NotAllowed
from incidents.gateways.spreadsheet import Sheet
from incidents.management.commands.import_incidents import open_source
from incidents.models import (
    AuditEntry,
    CareCheckIn,
    Countermeasure,
    FollowUp,
    ImportRun,
    Incident,
    Letter,
    Person,
    ReminderDelivery,
    RootCause,
    Team,
    TimelineEntry,
    Why,
)
from tests.shared import shared

pytestmark = pytest.mark.django_db

SERVICENOW = "data/incidents/uci_servicenow_events.csv"
REAL = {
    "servicenow": (SERVICENOW, (2584, 14712, 0, 0)),
    "jenkins": ("data/incidents/jenkins_status_incidents.csv", (182, 814, 0, 0)),
    "aea_jira": ("data/incidents/aea_jira_ticket_history.csv", (167, 6638, 0, 0)),
    "postmortems": ("data/postmortems/postmortems.json", (67, 588, 120, 222)),
}
LOG = """source = "desk"
missing = ["?"]
[file]
id = "no"
[dates]
zone = "Asia/Tokyo"
[incident]
title = ["title"]
noticed_at = "opened"
[incident.state]
column = "state"
open = ["open"]
closed = ["closed"]
[timeline]
key = ["n"]
at = "at"
at_required = true
watch = [["状態", "state"]]
unchanged = "更新"
"""
HEAD = "no,title,opened,state,n,at\n"
ROWS = (
    "A,誤送信,令和8年11月20日,open,1,2026/11/20 9:00\n"
    "B,二重払い,2026-11-19,open,1,2026/11/19 10:00\n"
    "A,誤送信,令和8年11月20日,closed,2,2026/11/21 9:30\n"
)


def run(path: Path, name: str, team: Team, **more: Any) -> Result:
    chosen = mapping_file.load(name)
    with open_source(chosen, path, None, None) as source:
        return import_incidents(source=source, mapping=chosen, team=team, **more)


def figures(result: Result, how: str = "created") -> tuple[int, ...]:
    return tuple(getattr(getattr(result, noun), how) for noun in NOUNS)


class Desk:
    """A small log that can be changed and imported again."""

    def __init__(self, folder: Path, team: Team):
        self.path, self.team = folder / "desk.csv", team
        self.toml = folder / "desk.toml"
        self.toml.write_text(LOG, encoding="utf-8")

    def take(self, rows: str = ROWS, **more: Any) -> Result:
        self.path.write_text(HEAD + rows, encoding="utf-8")
        return run(self.path, str(self.toml), self.team, **more)

    def incident(self, name: str = "A") -> Incident:
        return Incident.objects.get(external_source="desk", external_id=name)


@pytest.fixture
def desk(tmp_path: Path, team: Team) -> Desk:
    return Desk(tmp_path, team)


def test_import_plans_no_word_to_anybody(desk):
    desk.take()

    assert not CareCheckIn.objects.exists()


# The real files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REAL)
def test_real_files_give_the_published_counts_and_twice_adds_nothing(name: str, team: Team):
    path, expected = REAL[name]
    first = run(shared(path), name, team)
    assert (figures(first), first.skipped_total) == (expected, 0)
    stored = (Incident, TimelineEntry, Why, Countermeasure)
    assert tuple(model.objects.count() for model in stored) == expected
    assert RootCause.objects.count() == expected[2]
    traced = AuditEntry.objects.count()
    again = run(shared(path), name, team)
    assert (figures(again), figures(again, "updated"), figures(again, "unchanged")) == ((0,) * 4, (0,) * 4, expected)
    assert tuple(model.objects.count() for model in stored) == expected
    assert AuditEntry.objects.count() == traced + 1  # the run itself
    assert ImportRun.objects.count() == 2


def test_counts_are_those_of_the_files_beside_the_data():
    counts = json.loads(shared("data/incidents/expected_counts.json").read_text())
    known = counts["uci_servicenow"], counts["jenkins_status"], counts["aea_jira"]
    assert [REAL[name][1][:2] for name in ("servicenow", "jenkins", "aea_jira")] == [
        (known[0]["incidents"], known[0]["events"]),
        (known[1]["issues"], known[1]["updates"]),
        (known[2]["tickets"], known[2]["events"]),
    ]
    posts = json.loads(shared("data/postmortems/counts.json").read_text())
    reports = json.loads(shared("data/postmortems/postmortems.json").read_text())
    causes = sum(len(report["root_causes"]) for report in reports)
    assert REAL["postmortems"][1] == (posts["entries"], posts["timeline_entries"], causes, posts["actions"])


def test_states_and_severities_of_the_service_desk_log(team: Team):
    run(shared(SERVICENOW), "servicenow", team)
    counts = json.loads(shared("data/incidents/expected_counts.json").read_text())["uci_servicenow"]["final_priority"]
    assert Counter(Incident.objects.values_list("stage", flat=True)) == {Stage.REPAIRED_ONLY: 2584}
    assert Counter(Incident.objects.values_list("severity", flat=True)) == {
        "S1": counts["1 - Critical"],
        "S2": counts["2 - High"],
        "S3": counts["3 - Moderate"],
        "S4": counts["4 - Low"],
    }
    assert set(Incident.objects.values_list("end_reason", flat=True)) == {"取り込み: 元のシステムで完了"}
    assert not TimelineEntry.objects.filter(event_at=None).exists()


def test_what_the_source_never_proved_is_never_shown_as_gold(team: Team):
    run(shared(REAL["postmortems"][0]), "postmortems", team)
    assert set(Incident.objects.values_list("stage", "mended_at")) == {(Stage.REPAIRED_ONLY, None)}
    assert set(Countermeasure.objects.values_list("status", "owner", "due_on")) == {("proposed", None, None)}
    assert (FollowUp.objects.count(), ReminderDelivery.objects.count(), Letter.objects.count()) == (0, 0, 0)


def test_times_nobody_can_read_keep_their_words(team: Team):
    run(shared(REAL["postmortems"][0]), "postmortems", team)
    unread = TimelineEntry.objects.filter(event_at=None).exclude(event_at_text="")
    assert unread.filter(event_at_text="20202-01-16 12:00").count() == 1
    assert not TimelineEntry.objects.filter(event_at__year__gt=2026).exists()
    guessed = TimelineEntry.objects.filter(certainty=Certainty.ESTIMATE)
    assert guessed.filter(event_at_text="10:45", event_at="2025-10-03T10:45Z").exists()
    assert not guessed.filter(event_at=None).exists()


def test_order_of_rows_does_not_matter(team: Team, other_team: Team, tmp_path: Path):
    with shared(SERVICENOW).open(encoding="utf-8", newline="") as file:
        head, *rows = list(csv.reader(file))[:400]
    scattered = sorted(rows, key=lambda row: (int(row[5]), row[0]))
    for name, order in (("ordered", rows), ("scattered", scattered)):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([head, *order])
    run(tmp_path / "ordered.csv", "servicenow", team)
    again = run(tmp_path / "scattered.csv", "servicenow", team)
    assert (again.incidents.unchanged, again.timeline_entries.unchanged) == (Incident.objects.count(), 399)
    elsewhere = run(tmp_path / "scattered.csv", "servicenow", other_team)
    assert (elsewhere.incidents.created, elsewhere.timeline_entries.created) == (again.incidents.unchanged, 399)


# What becomes of a record ----------------------------------------------------------------------


def test_rows_become_a_record_with_its_timeline(desk: Desk):
    assert figures(desk.take()) == (2, 3, 0, 0)
    a, b = desk.incident("A"), desk.incident("B")
    assert (a.title, a.stage, a.end_reason) == ("誤送信", Stage.REPAIRED_ONLY, "取り込み: 元のシステムで完了")
    assert (b.title, b.stage, b.end) == ("二重払い", Stage.RECORDED, "")
    assert a.noticed_at.isoformat() == "2026-11-19T15:00:00+00:00"
    assert [(e.event_at.isoformat(), e.text, e.kind) for e in a.timeline.all()] == [
        ("2026-11-20T00:00:00+00:00", "状態 open", "imported"),
        ("2026-11-21T00:30:00+00:00", "状態 open → closed", "imported"),
    ]
    assert (a.first_report_due_at, b.first_report_due_at) == (None, None)


def test_every_record_and_the_run_leave_a_trace(desk: Desk, alice: Person):
    desk.take(by=alice)
    verbs = Counter(AuditEntry.objects.values_list("verb", "actor_label"))
    assert verbs == {("incident.imported", "佐藤 美咲"): 2, ("import.run", "佐藤 美咲"): 1}
    run_row = ImportRun.objects.get()
    assert (run_row.file_name, run_row.mapping, run_row.encoding, run_row.counts["incidents"]["created"]) == (
        "desk.csv",
        "desk",
        "utf-8",
        2,
    )
    assert len(run_row.sha256) == 64


def test_numbers_follow_each_other_and_go_on(desk: Desk):
    desk.take()
    numbers = sorted(Incident.objects.values_list("number", flat=True))
    assert numbers == [numbers[0], numbers[0] + 1]
    assert incident.take_numbers() == numbers[1] + 1


def test_a_changed_record_is_updated_and_its_timeline_gets_an_addendum(desk: Desk):
    desk.take()
    result = desk.take(
        ROWS.replace("B,二重払い,2026-11-19,open,1,2026/11/19 10:00", "B,二重支払い,2026-11-19,open,1,2026/11/19 11:00")
    )
    assert (figures(result), figures(result, "updated"), figures(result, "unchanged")) == (
        (0, 0, 0, 0),
        (1, 1, 0, 0),
        (1, 2, 0, 0),
    )
    b = desk.incident("B")
    first, second = b.timeline.order_by("id")
    assert (b.title, second.addendum_to, first.event_at.hour, second.event_at.hour) == ("二重支払い", first, 1, 2)
    trace = AuditEntry.objects.get(verb="incident.import_updated")
    assert (trace.incident_id, trace.changes["title"]) == (b.pk, ["二重払い", "二重支払い"])
    again = desk.take(
        ROWS.replace("B,二重払い,2026-11-19,open,1,2026/11/19 10:00", "B,二重支払い,2026-11-19,open,1,2026/11/19 11:00")
    )
    assert figures(again, "unchanged") == (2, 3, 0, 0)
    back = desk.take()
    assert figures(back, "updated") == (1, 1, 0, 0)
    assert [entry.external_key for entry in b.timeline.order_by("id")] == ["1", "1~1", "1~2"]


def test_new_lines_of_a_known_record_are_added_and_close_it(desk: Desk):
    desk.take()
    result = desk.take(ROWS + "B,二重払い,2026-11-19,closed,2,2026/11/24 10:00\n")
    assert (figures(result), result.incidents.updated) == ((0, 1, 0, 0), 1)
    assert desk.incident("B").stage == Stage.REPAIRED_ONLY


def test_what_people_did_meanwhile_stays(desk: Desk, bob: Person):
    desk.take()
    b = desk.incident("B")
    incident.edit(b, by=bob, title="二重払い（A社）")
    why = cause.ask_why(b, by=bob, text="照合がない")
    cause.mark_root(why, by=bob, factor=Factor.TOOL)
    result = desk.take()
    assert (figures(result, "unchanged"), desk.incident("B").title) == ((2, 3, 0, 0), "二重払い（A社）")
    desk.take(ROWS + "B,二重払い,2026-11-19,closed,2,2026/11/24 10:00\n")
    assert (desk.incident("B").end, desk.incident("B").stage) == ("", Stage.CAUSE_KNOWN)


def test_a_record_taken_up_again_is_not_closed_by_the_next_import(desk: Desk, bob: Person):
    desk.take()
    incident.reopen(desk.incident("A"), by=bob, reason="まだ直っていない")
    desk.take(ROWS.replace("誤送信", "誤送信（続き）"))
    assert (desk.incident("A").end, desk.incident("A").title) == ("", "誤送信（続き）")


def test_what_people_settled_outside_is_not_put_back(desk: Desk, bob: Person, clock: Any):
    desk.toml.write_text(
        LOG.replace('noticed_at = "opened"', 'noticed_at = "opened"\ncustomer_closed_at = "at"'), "utf-8"
    )
    desk.take()
    brought = desk.incident("A")
    assert (brought.customer_closed_at.isoformat(), brought.customer_closed_by) == ("2026-11-21T00:30:00+00:00", None)
    Incident.objects.filter(external_source="desk").update(counterparty="青空物産")

    outside.reopen(brought, by=bob, reason="まだ続いている")
    outside.close(desk.incident("B"), by=bob, closed_at=clock.now, channel="phone", agreed="返金で終わり")
    desk.take(ROWS.replace("誤送信", "誤送信（続き）").replace("二重払い", "二重払い（続き）"))
    assert (desk.incident("A").title, desk.incident("A").customer_closed_at) == ("誤送信（続き）", None)
    assert (desk.incident("B").title, desk.incident("B").customer_closed_at) == ("二重払い（続き）", clock.now)


def test_a_later_import_leaves_the_severity_and_ends_the_final_report_when_it_settles(
    desk: Desk, bob: Person, clock: Any
):
    """The source knows no severity, so what was decided here stands (B-4)."""
    desk.toml.write_text(
        LOG.replace('noticed_at = "opened"', 'noticed_at = "opened"\ncustomer_closed_at = "at"'), "utf-8"
    )
    still_open = "".join(ROWS.splitlines(keepends=True)[:2])
    desk.take(still_open)
    incident.edit(desk.incident("A"), by=bob, severity="S2", who_waits="青空物産さま")
    containment.record(desk.incident("A"), by=bob, text="削除をお願いした", done_at=clock.now)
    promise = FollowUp.objects.get(kind="final_report")
    assert (promise.state, promise.owner) == ("open", bob)  # nobody owns the record; whoever contained it does

    desk.take(ROWS)
    promise.refresh_from_db()
    assert desk.incident("A").severity == "S2"
    assert (promise.state, promise.closed_note) == ("cancelled", "対外完了のため")


def test_a_promised_measure_is_no_longer_the_sources(team: Team, alice: Person, bob: Person, tmp_path: Path):
    report = {
        "id": "P1", "title": "停止", "timezone": "UTC", "root_causes": ["照合がない"],
        "timeline": [{"at": "2026-01-05 10:00", "text": "気づいた"}], "actions": [{"text": "案1"}, {"text": "案2"}],
    }  # fmt: skip
    path = tmp_path / "p.json"
    path.write_text(json.dumps([report]))
    run(path, "postmortems", team)
    first, second = Countermeasure.objects.order_by("id")
    Countermeasure.objects.filter(pk=first.pk).update(
        status="not_doing", not_doing_reason="不要", not_doing_by=bob, not_doing_review_on="2027-01-01"
    )
    changed = report | {
        "actions": [{"text": "案1改"}, {"text": "案2改"}, {"text": "案3"}],
        "root_causes": ["照合が弱い"],
    }
    path.write_text(json.dumps([changed]))
    result = run(path, "postmortems", team)
    assert (figures(result), figures(result, "updated")) == ((0, 0, 0, 1), (0, 0, 1, 1))
    assert list(Countermeasure.objects.order_by("id").values_list("title", flat=True)) == ["案1", "案2改", "案3"]
    assert Why.objects.get().text == "照合が弱い"
    assert countermeasure.edit(second, by=bob, title="案2改の改").title == "案2改の改"


# Refusals ----------------------------------------------------------------------------------------

BAD = (
    ROWS
    + "B,二重払い,2026-11-19,open,2,きのう\nC,件名,2026/2/30,open,1,2026/11/19 10:00\nD,件名,2026-11-19,lost,1,2026/11/19 10:00\n"
)


def test_a_bad_row_refuses_the_file_and_nothing_is_stored(desk: Desk):
    with pytest.raises(ImportRefused) as caught:
        desk.take(BAD)
    assert [(p.line, p.column, p.reason) for p in caught.value.problems] == [
        (5, "at", "日時として読めません: 「きのう」"),
        (6, "opened", "日時として読めません: 「2026/2/30」"),
        (7, "state", "対応表にない状態です: 「lost」"),
    ]
    stored = (Incident, TimelineEntry, AuditEntry, ImportRun)
    assert [model.objects.count() for model in stored] == [0, 0, 0, 0]


def test_skip_bad_takes_all_but_the_bad_rows(desk: Desk):
    result = desk.take(BAD, skip_bad=True)
    assert (figures(result), [problem.line for problem in result.skipped]) == ((2, 3, 0, 0), [5, 6, 7])
    assert ImportRun.objects.get().skipped == 3
    again = desk.take(BAD, skip_bad=True)
    assert figures(again, "unchanged") == (2, 3, 0, 0)


def test_a_dry_run_counts_the_same_and_stores_nothing(desk: Desk):
    assert figures(desk.take(dry_run=True)) == (2, 3, 0, 0)
    assert [model.objects.count() for model in (Incident, TimelineEntry, AuditEntry, ImportRun)] == [0, 0, 0, 0]
    desk.take()
    changed = ROWS.replace("誤送信", "誤配")
    before = list(Incident.objects.values_list("title", "external_digest"))
    trial = desk.take(changed, dry_run=True)
    assert list(Incident.objects.values_list("title", "external_digest")) == before
    assert trial.counts() == desk.take(changed).counts()


def test_only_so_many_bad_rows_are_listed_but_all_are_counted(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "MAX_PROBLEMS", 2)
    with pytest.raises(ImportRefused) as caught:
        desk.take(BAD)
    assert (len(caught.value.problems), caught.value.total) == (2, 3)


@pytest.mark.django_db(transaction=True)
def test_a_failure_in_the_middle_leaves_nothing_behind(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "CHUNK_RECORDS", 1)
    written = importing._Work._create

    def fails_at_the_second(work: Any, fresh: Any) -> None:
        if Incident.objects.exists():
            raise IntegrityError
        written(work, fresh)

    monkeypatch.setattr(importing._Work, "_create", fails_at_the_second)
    with pytest.raises(IntegrityError):
        desk.take()
    assert [model.objects.count() for model in (Incident, TimelineEntry, AuditEntry, ImportRun)] == [0, 0, 0, 0]


def test_only_people_who_may_write_in_the_team_import(desk: Desk, vera: Person, carol: Person):
    for person in (vera, carol):
        with pytest.raises(NotAllowed):
            desk.take(by=person)
    assert not Incident.objects.exists()


def test_progress_reaches_twice_the_number_of_records(desk: Desk):
    told: list[int] = []
    desk.take(progress=told.append)
    assert sum(told) == 4


def test_long_titles_are_cut_and_kept_whole_in_the_body(desk: Desk):
    title = "長" * 300
    desk.take(ROWS.replace("誤送信", title))
    assert (len(desk.incident().title), desk.incident().body) == (200, title)


def test_a_sheet_can_be_named_for_the_gateway_alone(tmp_path: Path):
    assert Sheet(tmp_path, "no", mapping_file.load("servicenow").columns()).columns >= {
        "incident_state",
        "sys_mod_count",
    }
