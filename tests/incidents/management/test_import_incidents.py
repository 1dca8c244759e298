from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from incidents.models import Incident, Team
from tests.shared import shared

pytestmark = pytest.mark.django_db

JENKINS = "data/incidents/jenkins_status_incidents.csv"


def said(*arguments: Any, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_incidents", *map(str, arguments), stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def test_json_prints_exactly_one_object(team: Team, capsys: pytest.CaptureFixture[str]):
    answer = json.loads(said(shared(JENKINS), "--mapping=jenkins", f"--team={team.slug}", "--json"))
    assert {
        name: answer[name] for name in ("incidents", "timeline_entries", "causes", "countermeasures", "skipped")
    } == {
        "incidents": {"created": 182, "updated": 0, "unchanged": 0},
        "timeline_entries": {"created": 814, "updated": 0, "unchanged": 0},
        "causes": {"created": 0, "updated": 0, "unchanged": 0},
        "countermeasures": {"created": 0, "updated": 0, "unchanged": 0},
        "skipped": [],
    }
    assert (answer["file"], answer["encoding"], answer["rows"]) == ("jenkins_status_incidents.csv", "utf-8", 996)
    assert capsys.readouterr() == ("", "")  # no progress bar where there is no terminal


def test_the_second_file_may_be_named(team: Team, tmp_path: Path):
    main, more = tmp_path / "main.csv", tmp_path / "elsewhere.csv"
    main.write_bytes(shared(JENKINS).read_bytes())
    more.write_bytes(shared("data/incidents/jenkins_status_updates.csv").read_bytes())
    with pytest.raises(CommandError, match="--updates"):
        said(main, "--mapping=jenkins", f"--team={team.slug}")
    said(main, "--mapping=jenkins", f"--team={team.slug}", f"--updates={more}")
    assert Incident.objects.count() == 182


def test_a_refused_file_lists_its_rows(team: Team, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = shared("data/incidents/aea_jira_ticket_history.csv").read_text(encoding="utf-8").splitlines()
    path = tmp_path / "bad.csv"
    path.write_text("\n".join([*text[:5], text[5].replace("2024-12-05T", "someday "), *text[6:9]]) + "\n")
    arguments = (path, "--mapping=aea_jira", f"--team={team.slug}")
    out = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("import_incidents", *map(str, arguments), "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert (stopped.value.code, answer["refused"]["code"], answer["incidents"]["created"]) == (1, "bad_rows", 0)
    assert answer["skipped"] == [
        {
            "line": 6,
            "column": "As.Of.Date",
            "reason": "日時として読めません: 「someday 11:17:54.945-0500」",
            "file": "bad.csv",
        }
    ]
    assert not Incident.objects.exists()
    err = io.StringIO()
    with pytest.raises(CommandError, match="何も取り込みませんでした"):
        call_command("import_incidents", *map(str, arguments), stdout=io.StringIO(), stderr=err)
    assert "bad.csv 6 行目、列「As.Of.Date」" in err.getvalue()
    assert "飛ばした行: 1" in said(*arguments, "--skip-bad")
    assert Incident.objects.get().timeline.count() == 7


def test_a_dry_run_says_so(team: Team):
    assert "何も保存していません" in said(shared(JENKINS), "--mapping=jenkins", f"--team={team.slug}", "--dry-run")
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"team": "--team=nobody"}, "チーム"),
        ({"mapping": "--mapping=nothing"}, "対応表"),
        ({"more": "--by=nobody@example.jp"}, "nobody@example.jp"),
        ({"more": "--updates=x.csv", "mapping": "--mapping=servicenow"}, "二つ目"),
        ({"file": "/nonexistent/file.csv", "mapping": "--mapping=servicenow"}, "file.csv"),
        ({"mapping": "--mapping=servicenow"}, "列がありません"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(team: Team, changed: dict[str, str], words: str):
    given = {"file": str(shared(JENKINS)), "mapping": "--mapping=jenkins", "team": f"--team={team.slug}"} | changed
    with pytest.raises(CommandError, match=words):
        said(*given.values())
