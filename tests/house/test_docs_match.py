"""What a document lists is what there is: the tree, addresses, codes, settings, commands, kinds, limits; both ways."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import load_command_class
from django.core.management.base import BaseCommand, CommandParser
from django.urls import Resolver404, resolve

from incidents import urls
from incidents.domain import attachment, export, handover, search, view
from incidents.enums import Anniversary, DeliveryState, FollowUpKind, LetterKind, LetterState, MeasureStatus, Outcome
from incidents.forms import paste
from incidents.queries import audit, feed, insight, paging
from incidents.views.feed import BRAKE
from tests.house.test_docs import FEATURES, REFUSALS, ROOT, calls, refusal_codes, settings_read
from tools.plain import typed
from ushiro import preflight
from ushiro.celery import app as beat

ARCHITECTURE = ROOT / "docs" / "architecture.md"
OPERATION = ROOT / "docs" / "operation.md"
# Made by Django in the order of time, and of no interest one by one.
NOT_LISTED = {"incidents/migrations"}
SOURCES = ("incidents", "ushiro", "tools")


def section(page: Path, heading: str) -> str:
    """The part of a page below a heading, as far as the next one of the same depth."""
    _before, _heading, rest = page.read_text("utf-8").partition(f"\n## {heading}\n")
    assert rest, f"{page.name} has no section {heading}"
    return rest.partition("\n## ")[0]


# The tree ------------------------------------------------------------------------------------


def told_tree() -> dict[str, list[str]]:
    """Folder to what is named in it. A line belongs to the nearest line above that stands further left and is a folder."""
    block = re.search(r"^```\n(.*?)^```", section(ARCHITECTURE, "The tree"), flags=re.S | re.M)[1]
    told: dict[str, list[str]] = {"": []}
    inside: list[tuple[int, str]] = [(-1, "")]
    for line in block.splitlines():
        words = line.partition("#")[0].split()
        indent = len(line) - len(line.lstrip())
        while inside[-1][0] >= indent:
            inside.pop()
        folder = inside[-1][1]
        if words and words[0].endswith("/"):
            folder += words.pop(0)
            told.setdefault(folder, [])
            inside.append((indent, folder))
        told[folder] += words
    return told


def test_the_tree_names_only_what_is_there():
    told = told_tree()
    assert len(told) > 20, "the search has gone blind"
    named = {f"{folder}{name}" for folder, names in told.items() for name in names} | told.keys() - {""}
    assert {name for name in named if not ((ROOT / name).exists() or (ROOT / f"{name}.py").is_file())} == set()


def test_the_tree_names_every_module_of_every_package():
    told = {f"{folder}{name}.py" for folder, names in told_tree().items() for name in names}
    modules = {
        str(file.relative_to(ROOT))
        for top in SOURCES
        for file in (ROOT / top).rglob("*.py")
        if file.stem != "__init__" and str(file.parent.relative_to(ROOT)) not in NOT_LISTED
    }
    assert len(modules) > 200, "the search has gone blind"
    assert modules - told == set()


# Codes and words ---------------------------------------------------------------------------------


def tables(page: Path, first: str) -> Iterator[list[str]]:
    """The cells of each row of the page's tables whose first column is headed so."""
    inside = False
    for line in page.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not cells:
            inside = False
        elif cells[0].lower() == first.lower():
            inside = True
        elif inside and not set(cells[0]) <= set("-: "):
            yield cells


def in_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def listed_codes() -> dict[str, set[str]]:
    """Each code that stands in the first column of a table of refusals or gates, and the pages on which it does."""
    listed: dict[str, set[str]] = {}
    for page in FEATURES.glob("*.md"):
        for cells in tables(page, "Code"):
            for code in in_code(cells[0]):
                listed.setdefault(code, set()).add(page.stem)
    return listed


def test_every_refusal_code_stands_in_a_table_and_every_code_of_a_table_is_raised():
    listed, raised = listed_codes(), refusal_codes()
    assert len(listed) > 100, "the search has gone blind"
    assert raised.keys() - listed.keys() == set()
    assert listed.keys() - raised.keys() - typed.CODES == set()
    assert typed.CODES - listed.keys() == set()


def codes_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text("utf-8"))
    found = {
        call.args[REFUSALS[name]] for name, call in calls(tree) if name in REFUSALS and len(call.args) > REFUSALS[name]
    }
    return {code.value for code in found if isinstance(code, ast.Constant) and code.value}


def test_a_feature_lists_the_codes_of_its_verbs():
    """Of each file of verbs that a page names, the codes stand on one of the pages that name it."""
    pages = {page.stem: page.read_text("utf-8") for page in FEATURES.glob("*.md")}
    listed, missing = listed_codes(), set()
    for file in sorted((ROOT / "incidents" / "domain").glob("*.py")):
        named = {
            stem for stem, text in pages.items() if f"domain/{file.name}" in text or f"domain.{file.stem}." in text
        }
        missing |= {(file.name, code) for code in codes_in(file) if not listed.get(code, set()) & named}
    assert missing == set()


def test_the_gates_are_told_where_the_stages_are():
    tree = ast.parse((ROOT / "incidents" / "rules" / "stage.py").read_text("utf-8"))
    codes = {
        call.args[1].value for name, call in calls(tree) if name == "Gate" and isinstance(call.args[1], ast.Constant)
    }
    codes.discard("")
    in_architecture = {code for cells in tables(ARCHITECTURE, "Gate, stage") for code in in_code(cells[2])}
    shut = section(FEATURES / "incident.md", "What it refuses").partition("Shut gates")[2]
    assert codes == in_architecture == set(in_code(shut))


@pytest.mark.parametrize(
    ("page", "heading", "words"),
    [
        ("letter.md", "Kinds", LetterKind),
        ("letter.md", "States", LetterState),
        ("reminder.md", "What is followed", FollowUpKind),
        ("reminder.md", "Life of a ledger row", DeliveryState),
        ("countermeasure.md", "How it works", MeasureStatus),
        ("check.md", "How it works", Outcome),
        ("review.md", "How it works", Anniversary),
    ],
)
def test_every_kind_and_state_is_told(page, heading, words):
    told = set(in_code(section(FEATURES / page, heading)))
    assert {str(word.value) for word in words} - told == set()


def test_every_promise_of_the_database_is_told():
    names = {
        constraint.name
        for model in apps.get_app_config("incidents").get_models()
        for constraint in model._meta.constraints
    }
    told = {word for page in (ARCHITECTURE, *FEATURES.glob("*.md")) for word in in_code(page.read_text("utf-8"))}
    assert len(names) > 40, "the search has gone blind"
    assert names - told == set()


# Addresses ---------------------------------------------------------------------------------------


def shape(path: str) -> str:
    """An address without what differs from record to record."""
    return re.sub(r"<[^>]+>|K-128", "<>", path.partition("?")[0])


def pages_by_name() -> dict[str, tuple[str, Callable[..., object]]]:
    """Of each named address of the product its shape and its view."""
    return {page.name: (shape(f"/{page.pattern}"), page.callback) for page in urls.urlpatterns}


def told_addresses() -> list[tuple[str, str, str]]:
    """What the features tell as `/address/` (`name`): page, address, name."""
    return [
        (page.name, path, name)
        for page in sorted(FEATURES.glob("*.md"))
        for path, name in re.findall(r"`(/[^`\s]*)` \(`([a-z][a-z-]*)`\)", page.read_text("utf-8"))
    ]


def test_every_address_told_with_its_name_is_that_one():
    known = pages_by_name()
    wrong = {(page, path, name) for page, path, name in told_addresses() if known.get(name, ("",))[0] != shape(path)}
    assert wrong == set()


def test_every_address_told_leads_somewhere():
    dead = set()
    for page in sorted(FEATURES.glob("*.md")):
        for path in re.findall(r"`(/[a-z][^`\s]*)`", page.read_text("utf-8")):
            address = re.sub(r"<id>", "1", path.partition("?")[0])
            try:
                resolve(re.sub(r"<[^>]+>", "a", address))
            except Resolver404:
                # A key that is no number: /nameless/<id>/ has a random one. Placeholders of a part are no address.
                with suppress(Resolver404):
                    resolve(re.sub(r"<[^>]+>", str(UUID(int=1)), path))
                    continue
                if "…" not in path and path != "/n/":
                    dead.add((page.name, path))
    assert dead == set()


def test_every_page_of_the_product_is_told_with_its_view():
    """In the line that names its address stands the view, and its page names the file of the view."""
    texts = {page.name: page.read_text("utf-8") for page in FEATURES.glob("*.md")}
    told = {name for _page, _path, name in told_addresses()}
    known = pages_by_name()
    assert known.keys() - told == set()
    wrong = set()
    for name, (_shape, answer) in known.items():
        file = f"views/{answer.__module__.rpartition('.')[2]}.py"
        found = False
        for text in texts.values():
            lines = [line for line in text.splitlines() if f"(`{name}`" in line]
            found |= file in text and any(f"`{answer.__name__}`" in line for line in lines)
        wrong |= set() if found else {(name, file, answer.__name__)}
    assert wrong == set()


# The operator ------------------------------------------------------------------------------------


def names_in_settings_table() -> set[str]:
    return {name for cells in tables(OPERATION, "Variable") for name in in_code(cells[0])}


def test_the_table_of_settings_names_what_is_read_and_nothing_else():
    read = settings_read()
    for file in (*(ROOT / "ushiro").glob("*.py"), ROOT / "gunicorn.conf.py", ROOT / "manage.py"):
        read |= set(re.findall(r"\benv\.(?:text|flag|number|words)\(\s*\"([A-Z_]+)\"", file.read_text("utf-8")))
        read |= set(re.findall(r"\benviron(?:\.get\(|\[)\"([A-Z][A-Z0-9_]+)\"", file.read_text("utf-8")))
    assert read - {"DJANGO_SETTINGS_MODULE"} == names_in_settings_table()


def test_the_example_of_production_sets_only_what_the_operator_is_told():
    example = (ROOT / "deploy" / "production.env.example").read_text("utf-8")
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, flags=re.M))
    assert len(named) > 15, "the search has gone blind"
    assert named - names_in_settings_table() == set()


def test_make_up_keeps_what_the_operator_is_told_it_keeps():
    told = re.search(r"`make up` keeps what it was given of (.*?) in `ushiro\.env`", OPERATION.read_text("utf-8"))[1]
    made = {"ALLOWED_HOSTS", "CELERY_BROKER_URL", "USHIRO_SECRET_KEY", "USHIRO_URL"}
    assert set(in_code(told)) == set(preflight.GIVEN) | made


def test_every_variable_of_our_own_is_told_and_read():
    """Those of the operator in operation.md, those of a developer in CONTRIBUTING.md."""
    told = "".join((ROOT / page).read_text("utf-8") for page in ("docs/operation.md", "CONTRIBUTING.md"))
    read = "".join(
        file.read_text("utf-8")
        for top in ("ushiro", "incidents", "tools", "deploy", "tests")
        for file in (ROOT / top).rglob("*")
        if file.suffix in {".py", ".sh"} and file.parent.name != "house"
    )
    own = re.compile(r"\bUSHIRO_[A-Z_]+[A-Z]\b")
    assert set(own.findall(told)) == set(own.findall(read))


def commands_of_ours() -> dict[str, CommandParser]:
    folder = ROOT / "incidents" / "management" / "commands"
    names = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    return {name: load_command_class("incidents", name).create_parser("manage.py", name) for name in names}


def test_every_command_is_told_with_its_options():
    told = {in_code(cells[0])[0]: set(in_code(cells[2])) for cells in tables(OPERATION, "Command")}
    known = commands_of_ours()
    assert told.keys() == {"up", *known}
    usual = {
        text for action in BaseCommand().create_parser("manage.py", "x")._actions for text in action.option_strings
    }
    for name, parser in known.items():
        options = {text for action in parser._actions for text in action.option_strings} - usual
        assert {word for word in told[name] if word.startswith("--")} == options, name
    up = (ROOT / "ushiro" / "up.py").read_text("utf-8")
    assert {word for word in told["up"] if word.startswith("--")} == set(
        re.findall(r"add_argument\(\"(--[a-z-]+)\"", up)
    )


def test_every_ring_of_beat_is_told_with_its_interval():
    text = (FEATURES / "reminder.md").read_text("utf-8")
    line = next(one for one in text.splitlines() if one.startswith("- **Tasks**"))
    told = dict(re.findall(r"`([a-z_]+\.[a-z_]+)` each ((?:\d+ )?(?:s|minutes|hour))", line))
    seconds = {"hour": 3600} | {f"{n} s": n for n in (20, 60)} | {f"{n} minutes": n * 60 for n in (10,)}
    rung = {entry["task"]: entry["schedule"] for entry in beat.conf.beat_schedule.values()}
    assert {task: seconds[words] for task, words in told.items()} == rung


@pytest.mark.parametrize(
    ("page", "sentence"),
    [
        ("docs/security.md", f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MiB of form data"),
        ("docs/security.md", f"{settings.DATA_UPLOAD_MAX_NUMBER_FIELDS} fields"),
        ("docs/security.md", f"{settings.DATA_UPLOAD_MAX_NUMBER_FILES} files"),
        ("docs/features/forms.md", f"{settings.DATA_UPLOAD_MAX_MEMORY_SIZE >> 20} MiB"),
        ("docs/features/attachment.md", f"{attachment.MOST_FILES} files a record"),
        ("docs/features/calendar.md", f"Up to {feed.MOST_OPEN:,} open ones"),
        ("docs/features/calendar.md", f"{feed.MOST_ENDED} that have ended"),
        ("docs/features/calendar.md", f"last {feed.ENDED_DAYS} days"),
        ("docs/features/calendar.md", f"{BRAKE.most} readings a day"),
        ("docs/features/list.md", f"{paging.PAGE_SIZE} rows a page"),
        ("docs/features/list.md", f"counted up to {paging.COUNTED}"),
        ("docs/features/list.md", f"up to {export.MOST:,} in one file"),
        ("docs/features/list.md", f"up to {handover.MOST} at once"),
        ("docs/features/list.md", f"more than {view.MOST} views"),
        ("docs/features/incident.md", f"pages of {audit.HISTORY_PAGE} changes"),
        ("docs/features/bowl.md", f"newest {insight.FIGURES_MOST} rows"),
        ("docs/features/bowl.md", f"last {insight.BOWL_DAYS} days"),
        ("docs/features/search.md", f"{search.ONE_TEXT:,} characters of one text and {search.ALL_TEXTS:,} of a record"),
        ("docs/features/timeline.md", f"up to {paste.MOST:,} characters"),
    ],
)
def test_a_limit_is_told_as_it_is(page, sentence):
    assert sentence in (ROOT / page).read_text("utf-8")


# The look ----------------------------------------------------------------------------------------


def test_the_look_names_every_component_script_and_stylesheet():
    text = (FEATURES / "look.md").read_text("utf-8")
    components = {file.stem for file in (ROOT / "templates" / "components").glob("*.html")}
    icons = {name.removeprefix("icon_") for name in components if name.startswith("icon_")}
    included = set(re.findall(r'include "components/(\w+)\.html"', text))
    assert included - components == set()
    assert {name for name in components if not name.startswith("icon_")} - included == set()
    assert set(re.search(r"^Icons: ([a-z, ]+)\.", text, flags=re.M)[1].split(", ")) == icons
    scripts = {file.name for file in (ROOT / "static" / "js").glob("*.js")}
    assert {word for cells in tables(FEATURES / "look.md", "module") for word in in_code(cells[0])} == scripts
    sheets = {f"static/css/{file.name}" for file in (ROOT / "static" / "css").glob("*.css")}
    assert sheets - set(in_code(text)) == set()
