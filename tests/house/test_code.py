"""What the house promises about its own code, read from the code."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import translation

from incidents.enums import LetterKind
from incidents.models import AuditEntry
from incidents.queries.audit import VERBS, label_of, sentence
from tests import factories
from ushiro.celery import app as celery_app

JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
ROOT = Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[Path]:
    """Files that git keeps; in a copy without git every file that is not made again."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    made = {".venv", "var", "staticfiles", "__pycache__", ".git"}
    found = [file for pattern in patterns or ("**/*",) for file in ROOT.rglob(pattern.removeprefix("**/"))]
    return [file for file in found if file.is_file() and not made & set(file.relative_to(ROOT).parts)]


def sources(folder: str) -> list[Path]:
    return sorted(file for file in (ROOT / folder).rglob("*.py") if "migrations" not in file.parts)


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """(dotted name, call) of every call in a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def text_of(node: ast.expr) -> str:
    assert isinstance(node, ast.Constant) and isinstance(node.value, str), ast.unparse(node)
    return node.value


# Layers -------------------------------------------------------------------------------------


def test_import_contracts_are_kept(capsys):
    from importlinter.application import use_cases
    from importlinter.cli import lint_imports

    assert use_cases is not None
    code = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize("file", sources("incidents/views"), ids=lambda file: file.name)
def test_view_reads_by_queries_and_writes_by_verbs(file):
    text = file.read_text(encoding="utf-8")
    found = re.findall(
        r"\.objects\b|\.filter\(|\.exclude\(|\.save\(|\.delete\(|\.create\(|[^_ ]send_mail\(|transaction\b|csrf_exempt",
        text,
    )
    assert found == []


@pytest.mark.parametrize("folder", ["incidents/domain", "incidents/queries", "incidents/rules", "incidents/letters"])
def test_layer_below_the_pages_knows_no_request(folder):
    found = [
        f"{file.name}: {found}"
        for file in sources(folder)
        for found in re.findall(
            r"\bHttpRequest\b|\brequest\.|\bHttpResponse\b|shared_task", file.read_text(encoding="utf-8")
        )
    ]
    assert found == []


def test_models_have_no_side_effects_in_save():
    found = [
        f"{file.name}: {node.name}"
        for file in sources("incidents/models")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name in {"save", "delete"}
    ]
    assert found == []


@pytest.mark.parametrize(
    "name", ["utils.py", "helpers.py", "common", "mixins.py", "managers.py", "signals.py", "services.py"]
)
def test_no_drawer_without_a_noun(name):
    assert [path for top in ("ushiro", "incidents", "tools") for path in (ROOT / top).rglob(name)] == []


def test_top_level_is_the_owners():
    packages = {file.parent.name for file in tracked("*/__init__.py") if file.parent.parent == ROOT}
    assert packages == {"incidents", "tests", "tools", "ushiro"}


# Names that meet at run time -------------------------------------------------------------------


def rung_names() -> set[str]:
    return {
        text_of(call.args[0])
        for file in sources("incidents") + sources("ushiro")
        for name, call in calls(file)
        if name == "later" and file.name != "later.py"
    }


def test_every_job_that_is_rung_for_exists():
    names = rung_names()
    assert names
    assert names <= celery_app.tasks.keys()


def test_every_beat_entry_rings_for_a_job_that_exists():
    table = {entry["task"] for entry in celery_app.conf.beat_schedule.values()}
    assert table == {
        "reminder.digest",
        "reminder.moments",
        "reminder.audit",
        "care.check_in",
        "letter.sweep",
        "mirror.sweep",
        "nameless.publish",
        "housekeeping.audit_heads",
        "housekeeping.beat_mark",
        "housekeeping.heartbeat",
        "housekeeping.retention",
        "housekeeping.sweep_files",
    }
    assert table <= celery_app.tasks.keys()


def test_beat_rings_expire_before_the_next():
    for name, entry in celery_app.conf.beat_schedule.items():
        assert entry["options"]["expires"] <= entry["schedule"], name


def test_job_takes_ids_only():
    """What a job needs to know stands in the database when it runs, not in the message when it was rung for."""
    for file in sources("incidents"):
        for name, call in calls(file):
            if name == "later" and file.name != "later.py":
                assert {keyword.arg for keyword in call.keywords} <= {"letter_id"}, ast.unparse(call)


def noted_verbs() -> set[str]:
    found = set()
    for file in sources("incidents"):
        for name, call in calls(file):
            if name in {"audit.note", "audit.entry"}:
                verb = call.args[1]
                options = [verb.body, verb.orelse] if isinstance(verb, ast.IfExp) else [verb]
                found |= {text_of(option) for option in options if isinstance(option, ast.Constant)}
                # A verb that is chosen by a variable is found as a text of the same file.
                if not isinstance(verb, (ast.Constant, ast.IfExp)):
                    texts = {
                        n.value
                        for n in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
                        if isinstance(n, ast.Constant)
                    }
                    found |= {text for text in texts if isinstance(text, str) and text in VERBS}
    return found


def test_history_can_name_every_change_and_nothing_else():
    assert noted_verbs() == set(VERBS)


def changed_names() -> set[str]:
    """Every name of a changed thing that is written out where something is noted."""
    return {
        keyword.arg
        for file in sources("incidents")
        for name, call in calls(file)
        if name in {"audit.note", "audit.entry"}
        for keyword in call.keywords
        if keyword.arg not in {None, "reason"}
    }


@pytest.mark.parametrize("language", ["ja", "en"])
def test_history_names_every_changed_thing_in_both_languages(language):
    names = changed_names()
    assert len(names) > 40
    with translation.override(language):
        found = {name: label_of(AuditEntry, name) for name in names}
    assert [
        name for name, label in found.items() if label == name or (language == "en") == bool(JAPANESE.search(label))
    ] == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_history_tells_every_verb_as_a_sentence_in_both_languages(language, subtests):
    for verb in VERBS:
        for actor in (None, 1):
            with subtests.test(verb=verb, actor=actor), translation.override(language):
                said = sentence(AuditEntry(verb=verb, actor_id=actor, actor_label="Bob"))
                assert said.endswith("。" if language == "ja" else ".")
                assert bool(JAPANESE.search(said)) == (language == "ja")
                assert verb not in said


def test_every_model_has_a_factory():
    models = {model.__name__ for model in apps.get_app_config("incidents").get_models()}
    made = {factory._meta.model.__name__ for name, factory in vars(factories).items() if name.endswith("Factory")}
    assert made == models
    assert set(factories.__all__) == {f"{name}Factory" for name in models}


@pytest.mark.django_db
@pytest.mark.parametrize("name", factories.__all__)
def test_factory_makes_a_row_the_database_takes(name):
    made = getattr(factories, name)()
    assert type(made).objects.filter(pk=made.pk).exists()


def test_every_kind_of_letter_is_written_by_somebody():
    written = {
        match
        for file in sources("incidents")
        for match in re.findall(r"LetterKind\.(\w+)", file.read_text(encoding="utf-8"))
    }
    assert written >= {kind.name for kind in LetterKind}


# Safety ------------------------------------------------------------------------------------------


def test_no_text_is_declared_safe():
    files = tracked("templates/**", "templates/*") + sources("incidents") + sources("tools")
    found = [
        f"{file.relative_to(ROOT)}: {found}"
        for file in files
        for found in re.findall(
            r"\|\s*safe\b|\|\s*safeseq\b|mark_safe|csrf_exempt|__html__", file.read_text(encoding="utf-8")
        )
    ]
    assert found == []


def test_escaping_is_off_in_plain_text_only():
    found = [
        str(file.relative_to(ROOT))
        for file in tracked("templates/*.html")
        if "autoescape off" in file.read_text(encoding="utf-8")
    ]
    assert found == []


def test_no_inline_script_style_or_handler_in_pages():
    """The policy would stop them; here the file and line are named. Mail needs inline styles and has no policy."""
    bad = re.compile(
        r"\sstyle=|\son[a-z]+=|javascript:|<style(?![^>]*nonce)|<script(?![^>]*(src=|nonce))", re.IGNORECASE
    )
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in tracked("templates/*.html")
        if "letters" not in file.parts
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if bad.search(line)
    ]
    assert found == []


# No session is read there, so that there is nothing to borrow, and a token would need a cookie: see NamelessMiddleware.
# Pages behind the links of mails carry a token of their own: see MailLinkMiddleware.
WITHOUT_TOKEN = {"templates/incidents/nameless/write.html", "templates/incidents/nameless/answer.html"}


def test_every_form_that_posts_carries_its_token():
    found = []
    for file in tracked("templates/*.html"):
        if file.relative_to(ROOT).as_posix() in WITHOUT_TOKEN:
            continue
        text = file.read_text(encoding="utf-8")
        for form in re.findall(r"<form\b[^>]*method=[\"']?post.*?</form>", text, re.IGNORECASE | re.DOTALL):
            own = "page_token" in form and 'extends "incidents/links/frame.html"' in text
            if "csrf_token" not in form and "{% crispy" not in form and not own:
                found.append(f"{file.relative_to(ROOT)}: {form[:80]}")
    assert found == []


# What a repository must not hold -----------------------------------------------------------------

# Written apart, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.>}/])/(?:ro" + r"ot/[.\w]|wo" + r"rk/|home/\w+/)",
    "an address of a package registry": "pypi"
    + r"\.org|files\.python"
    + "hosted|registry\\.npm"
    + "js|"
    + r"https?://[^\s\"']*/simple/",
    "a private key": "-----BEGIN [A-Z ]*PRIVATE " + "KEY-----",
}
ALLOWED = {"static/vendor", "tests/vendor"}


def test_lock_of_addresses_is_not_kept():
    assert [file.name for file in tracked("uv.lock", "*.sqlite3", "*.pyc", "*.env", "node_modules/*")] == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_nothing_of_a_machine_is_kept(what):
    pattern, found = re.compile(FORBIDDEN[what]), []
    for file in tracked():
        name = file.relative_to(ROOT).as_posix()
        if any(name.startswith(folder) for folder in ALLOWED) or file == Path(__file__):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{name}:{text.count(chr(10), 0, m.start()) + 1}: {m.group()}" for m in pattern.finditer(text)]
    assert found == []


def test_locks_hold_names_and_hashes():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pinned = re.findall(r"^[a-z0-9][\w.\[\],-]*==", text, re.MULTILINE)
        assert len(pinned) == len(re.findall(r"^[a-z0-9].*\\$", text, re.MULTILINE))


# Forms whose text is not kept in the browser, and why.
NO_DRAFT = {
    "incidents/nameless/write.html": "whoever writes there leaves nothing behind",
    "incidents/nameless/answer.html": "a receipt is a secret",
    "incidents/mirror/form.html": "an address there is a secret",
    "incidents/incident/readers.html": "ticks alone",
    "incidents/team/detail.html": "a choice alone",
    "incidents/incident/parts/attachments.html": "files are not kept",
}


def test_each_form_with_something_typed_has_a_draft():
    """A session that ends must cost nobody their words (docs/features/forms.md)."""
    without = set()
    for path in sorted((ROOT / "templates").glob("incidents/**/*.html")) + sorted(
        (ROOT / "templates/components").glob("*.html")
    ):
        for form in re.findall(r'<form[^<>]*method="post".*?</form>', _tags_closed(path.read_text()), re.DOTALL):
            typed = re.search(r"crispy|still|<textarea|type=\"text\"|\{\{ form", form)
            if typed and "data-draft=" not in form:
                without.add(path.relative_to(ROOT / "templates").as_posix())
    assert without == NO_DRAFT.keys()


def _tags_closed(text: str) -> str:
    """The template with its {% %} in no one's way."""
    return re.sub(r"\{%.*?%\}", lambda tag: tag[0].replace("<", "").replace(">", "").replace('"', ""), text)


def test_a_test_module_holds_tests():
    """A file that is named by a feature page and holds nothing would look like proof."""
    empty = [str(path) for path in (ROOT / "tests").rglob("test_*.py") if "def test_" not in path.read_text("utf-8")]
    assert empty == []
