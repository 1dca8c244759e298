"""The authorisation matrix: every route has its rule, every rule its route, and every cell the answer that is ruled."""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from celery import current_app
from django.apps import apps
from django.contrib import admin
from django.core.management import get_commands

from incidents.enums import LetterKind
from tests.matrix import declared, rules, run, walk, world

SHARES = 6


def lines(wanted: set[str], line: str) -> str:
    return "\n".join(line % one for one in sorted(wanted))


def test_every_route_has_a_name():
    assert not walk.unnamed(), "give each of these a name= in its path()"


def test_every_route_has_a_rule():
    missing = {one.name for one in walk.routes()} - rules.ROUTES.keys()
    pages = {one for one in missing if one.startswith("admin:incidents_")}
    models = {one.split("_")[1] for one in pages if one.endswith("_changelist")}
    own = missing - {one for one in pages if one.split("_")[1] in models}
    assert not missing, "add to tests/matrix/rules.py:\n" + "\n".join(
        filter(
            None,
            [
                lines(own, '    "%s": form(editors),          # in ROUTES: page, form, act, read or link, and who'),
                lines(models, '    "%s": looked_at,          # in CONSOLE: looked_at, written or changed'),
            ],
        )
    )


def test_every_rule_has_a_route():
    unused = rules.ROUTES.keys() - {one.name for one in walk.routes()}
    assert not unused, f"take these lines out of tests/matrix/rules.py: {sorted(unused)}"


def test_every_object_of_an_address_is_known():
    first_words = {
        one.pattern.split("/")[0]
        for one, rule in run.ruled()
        if one.arguments and not rule.gone and not one.model and one.name not in world.FIXED_KEYS
    }
    missing = first_words - rules.OBJECTS.keys()
    assert not missing, "add to OBJECTS in tests/matrix/rules.py, and a row to tests/matrix/world.py _fill:\n" + lines(
        missing, '    "%s": "kind",'
    )


def test_every_page_of_the_console_is_ruled_by_its_model():
    registered = {model._meta.model_name for model in admin.site._registry}
    assert registered == rules.CONSOLE.keys(), "compare CONSOLE in tests/matrix/rules.py"


def test_whoever_is_declared_absent_has_nothing_to_present():
    for who, (module, why) in world.ABSENT.items():
        there = apps.is_installed(module) or (module.startswith("incidents.") and find_spec(module) is not None)
        assert not there, f"{module} is here: give “{who}” a line in PRINCIPALS (tests/matrix/world.py); it said: {why}"
    assert len(world.PRINCIPALS) + len(world.ABSENT) + len({"a link's token"}) == 16


def test_every_job_says_as_whom_it_acts():
    for module in run.task_modules():
        __import__(module)
    ours = {name for name in current_app.tasks if not name.startswith("celery.")}
    assert ours == declared.TASKS.keys(), "compare TASKS in tests/matrix/declared.py"


def test_every_kind_of_letter_says_to_whom_it_speaks():
    assert set(LetterKind.values) == declared.LETTERS.keys(), "compare LETTERS in tests/matrix/declared.py"


def test_every_command_says_what_it_prints():
    ours = {name for name, app in get_commands().items() if app == "incidents"}
    assert ours == declared.COMMANDS.keys(), "compare COMMANDS in tests/matrix/declared.py"


@pytest.mark.parametrize("share", range(SHARES))
def test_every_cell_answers_as_ruled(db, share):
    """The short sweep: GET and POST. `make matrix` asks every method, with htmx and without."""
    with run.world_at_rest() as made:
        result = run.ask_all(made, run.share_of(share, SHARES), short=True)
    assert result.cells
    assert not result.wrong, "\n".join(sorted(result.wrong)[:40])


def test_no_page_is_moved_by_a_record_that_its_reader_may_not_see(db):
    """No line, no count, no figure, although the reader owns promises in it."""
    from tests.matrix import unmoved

    with run.world_at_rest() as made:
        pages = list(unmoved.pages(made, run.ruled()))
        moved = unmoved.moved(made, pages)
    assert len(pages) > 400
    assert not moved, "\n".join(moved)


def test_every_verb_asks_by_itself(db):
    """A page in front of a verb may be forgotten; the verb refuses whoever has no right, and writes nothing."""
    from tests.matrix import verbs

    assert not verbs.unknown(), "these lines of tests/matrix/verbs.py name no verb"
    with run.world_at_rest() as made:
        calls, wrong = verbs.ask(made)
    assert calls > 400
    assert not wrong, (
        "a verb asks no role, or asks it too late: mend it, or name it in tests/matrix/verbs.py with the reason:\n"
        + "\n".join(wrong)
    )
