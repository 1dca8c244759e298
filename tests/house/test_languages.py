"""Japanese is the source; the English of it is complete, compiled, and alone on an English-speaking person's pages."""

from __future__ import annotations

import ast
import gettext
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import django
import pytest
from django.contrib import admin as console
from django.contrib.admin.utils import flatten_fieldsets
from django.shortcuts import render
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation

from incidents.domain import cause, check, countermeasure, incident, reminder, setup, timeline
from incidents.enums import Certainty, Channel, Factor, IncidentKind, Outcome, Severity, Stage, Strength, Track
from incidents.letters import account, links
from incidents.letters import test as test_letter
from incidents.models import Countermeasure, FollowUp, HelpLine, Incident, Letter, Organisation, Person

ROOT = Path(__file__).resolve().parents[2]
EN = ROOT / "locale" / "en" / "LC_MESSAGES" / "django.po"
JA = ROOT / "locale" / "ja" / "LC_MESSAGES" / "django.po"
JAPANESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]+")
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|%%")


# Catalogues ---------------------------------------------------------------------------------


@dataclass
class Entry:
    """One text of a .po file. `key` is (context, msgid, plural); `texts` has one form, or one for each number."""

    flags: set[str] = field(default_factory=set)
    parts: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.parts.get("msgctxt", ""), self.parts["msgid"], self.parts.get("msgid_plural", "")

    @property
    def texts(self) -> list[str]:
        return [text for name, text in self.parts.items() if name.startswith("msgstr")]


def read_po(path: Path) -> list[Entry]:
    """The entries of a .po file without its header; obsolete ones are left out."""
    entries, name = [], ""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        entry = Entry()
        for line in block.splitlines():
            if line.startswith("#,"):
                entry.flags |= {flag.strip() for flag in line[2:].split(",")}
            elif found := re.match(r'(msg\w+(?:\[\d\])?) (".*")$', line):
                name = found[1]
                entry.parts[name] = ast.literal_eval(found[2])
            elif line.startswith('"'):
                entry.parts[name] += ast.literal_eval(line)
        if entry.parts.get("msgid"):
            entries.append(entry)
    return entries


def compiled(entries: list[Entry]) -> dict[Any, str]:
    """What a .mo file of these entries holds, as Python's gettext reads it."""
    catalogue: dict[Any, str] = {}
    for entry in entries:
        context, one, many = entry.key
        message = f"{context}\x04{one}" if context else one
        if not many:
            catalogue[message] = entry.texts[0]
        else:
            catalogue |= {(message, number): text for number, text in enumerate(entry.texts)}
    return catalogue


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> list[Entry]:
    """What the code and the templates say now, collected as `make messages` does."""
    if not shutil.which("xgettext"):
        pytest.skip("gettext is not installed")
    copy = tmp_path_factory.mktemp("source")
    for folder in ("incidents", "templates", "tools", "ushiro"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "locale").mkdir()
    command = [sys.executable, "-m", "django", "makemessages", "-l", "en", "--no-wrap", "--add-location", "file"]
    subprocess.run(command, cwd=copy, check=True, capture_output=True)
    return read_po(copy / "locale" / "en" / "LC_MESSAGES" / "django.po")


def test_the_english_catalogue_holds_exactly_what_the_code_says(fresh):
    """When this fails, run `make messages` and translate what is new in locale/en."""
    said, written = {entry.key for entry in fresh}, {entry.key for entry in read_po(EN)}
    assert {"new in the code": said - written, "gone from the code": written - said} == {
        "new in the code": set(),
        "gone from the code": set(),
    }


def test_every_text_is_translated_and_none_is_a_guess():
    unfinished = [e.key for e in read_po(EN) + read_po(JA) if "fuzzy" in e.flags or not all(e.texts) or not e.texts]
    assert unfinished == []


def test_english_texts_hold_no_japanese():
    assert [(e.key, e.texts) for e in read_po(EN) if any(JAPANESE.search(text) for text in e.texts)] == []


def test_placeholders_are_the_same_in_both_languages():
    """In each plural form too: `%(n)s` must not be lost in the singular."""
    different = []
    for entry in read_po(EN) + read_po(JA):
        wanted = sorted(PLACEHOLDER.findall(entry.key[1]))
        different += [(entry.key, text) for text in entry.texts if sorted(PLACEHOLDER.findall(text)) != wanted]
    assert different == []


def test_english_has_a_singular_and_a_plural_wherever_something_is_counted():
    assert [e.key for e in read_po(EN) if len(e.texts) != (2 if e.key[2] else 1)] == []


@pytest.mark.parametrize("path", [EN, JA], ids=["en", "ja"])
def test_the_compiled_catalogue_is_made_from_the_written_one(path):
    with path.with_suffix(".mo").open("rb") as stream:
        catalogue = dict(gettext.GNUTranslations(stream)._catalog)
    catalogue.pop("")
    assert catalogue == compiled(read_po(path))


def test_the_japanese_catalogue_fills_only_gaps_of_the_libraries():
    """Our own texts are Japanese in the code. An override ends when Django brings the Japanese itself."""
    library = Path(django.__file__).parent
    said, translated = set(), set()
    for app in ("conf", "contrib/admin"):
        said |= {e.key for e in read_po(library / app / "locale/en/LC_MESSAGES/django.po")}
        theirs = read_po(library / app / "locale/ja/LC_MESSAGES/django.po")
        translated |= {e.key for e in theirs if all(e.texts) and "fuzzy" not in e.flags}
    ours = {e.key for e in read_po(JA)}
    assert (ours - said, ours & translated) == (set(), set())


# The code -----------------------------------------------------------------------------------

# Japanese in the code that is not a text of a page: stored labels, names of languages, date forms, imported data.
NOT_SHOWN = {
    "incidents/domain/audit.py": {"うしろ"},
    "incidents/domain/erasure.py": {"、"},  # between the names of a row in the trail
    "incidents/domain/mapping.py": {"、", "・"},
    "incidents/queries/mentions.py": {"\u3000", "さん"},  # ways in which people write a name
    "incidents/enums.py": {"日本語"},
    "incidents/queries/cause.py": {"。."},  # taken off the end of what people wrote
    "incidents/forms/absence.py": {"さん", "さま", "様"},  # taken off the end of a name that people typed
    "incidents/forms/base.py": {"%Y年%m月%d日"},
}


def _docstrings(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            yield id(body[0].value)


def _wrapped(tree: ast.AST) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name == "_" or "gettext" in name:
                yield from (id(argument) for argument in node.args)


def test_no_japanese_in_the_code_goes_past_gettext():
    """A text inside an f-string or a concatenation counts as past it: the translator would never see it."""
    found = []
    for path in sorted((ROOT / "incidents").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if "/migrations/" in name or name.startswith("incidents/sample/"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        known = {*_docstrings(tree), *_wrapped(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and JAPANESE.search(node.value):
                if id(node) not in known and node.value not in NOT_SHOWN.get(name, ()):
                    found.append(f"{name}:{node.lineno} {node.value}")
    assert found == []


def test_no_japanese_in_the_templates_goes_past_gettext():
    found = []
    for path in sorted((ROOT / "templates").rglob("*.*")):
        text = path.read_text(encoding="utf-8")
        for known in (
            r"\{% comment %\}.*?\{% endcomment %\}",
            r"\{#.*?#\}",
            r"\{% blocktranslate.*?\{% endblocktranslate %\}",
            r"\{% translate .*?%\}",
            r'_\("[^"]*"\)',
            r'<button[^>]* lang="ja".*?</button>',
        ):
            text = re.sub(known, "", text, flags=re.S)
        found += [f"{path.relative_to(ROOT)}: {words}" for words in JAPANESE.findall(text)]
    assert found == []


# The pages ----------------------------------------------------------------------------------


def japanese_in(html: str) -> list[str]:
    """What of a page is Japanese, with some text around it; the name of the language itself may be."""
    html = html.replace("日本語", "")
    return [html[max(0, found.start() - 60) : found.end() + 20] for found in JAPANESE.finditer(html)]


@dataclass
class World:
    """A team that writes English, with a record of every kind."""

    person: Person
    crack: Incident
    closed: Incident
    proposed: Countermeasure
    promised: Countermeasure
    done: Countermeasure
    letter: Letter


@pytest.fixture
def world(alice, bob, vera, team, organisation, clock) -> Iterator[World]:
    for person, name in ((alice, "Alice Sato"), (bob, "Bob Suzuki"), (vera, "Vera Takahashi")):
        person.name, person.language = name, "en"
        person.save()
    team.name = "Orders"
    team.save()
    Organisation.objects.update(name="Aoba Trading")
    with translation.override("en"):
        yield _lived(alice, bob, team, clock)


def _lived(alice: Person, bob: Person, team: Any, clock: Any) -> World:
    """Some weeks of work by the verbs, seen from 24 November 2026."""
    now = clock.to("2026-10-20 10:00")
    crack = incident.report(by=bob, team=team, title="Quotation sent to another company", noticed_at=now)
    incident.edit(
        crack, by=bob, severity=Severity.S2, who_waits="Aozora Bussan", category="misdelivery", body="As pasted"
    )
    clock.forward(minutes=20)
    incident.record_first_report(
        crack, by=bob, channel=Channel.PHONE, reported_at=clock.now, note="Told them the facts"
    )
    line = timeline.record(crack, by=bob, text="Letter left", event_at=None, certainty=Certainty.UNKNOWN)
    timeline.record(crack, by=alice, text="About 9:30", event_at=now, certainty=Certainty.ESTIMATE, addendum_to=line)
    timeline.record(crack, by=alice, text="Seen by the customer", event_at=now, certainty=Certainty.ESTIMATE)
    why = cause.ask_why(crack, by=bob, text="The address is chosen by hand", evidence="Mail log")
    cause.ask_why(crack, by=bob, text="Nothing compares the name", parent=why)
    escape = cause.ask_why(crack, by=bob, text="The letter is not looked at again", track=Track.ESCAPE)
    root = cause.mark_root(why, by=bob, factor=Factor.PROCEDURE)
    other_root = cause.mark_root(escape, by=bob, factor=Factor.PROCEDURE)
    cause.accept_risk(other_root, by=alice, reason="Rare", review_on=clock.today + timedelta(days=200))

    def measure(title: str, days: int, **plan: Any) -> Countermeasure:
        due = clock.today + timedelta(days=days)
        return countermeasure.propose(
            crack,
            by=bob,
            title=title,
            **{
                "root": root,
                "before": "By hand",
                "after": "By the system",
                "strength": Strength.IMPOSSIBLE,
                "owner": bob,
                "due_on": due,
                "check_what": "Wrong addresses",
                "check_threshold": "None",
                "check_on": due + timedelta(days=10),
                "checker": alice,
            }
            | plan,
        )

    def promise(title: str, days: int, **plan: Any) -> Countermeasure:
        return countermeasure.commit(measure(title, days, **plan), by=alice)

    gold = countermeasure.complete(promise("Only known addresses", 3), by=bob, note="Switched over")
    clock.forward(days=14)
    check.record_outcome(gold.checks.get(), by=alice, outcome=Outcome.EFFECTIVE, note="None in 200 letters")
    partly = countermeasure.complete(
        promise("Name beside the address", 3), by=bob, evidence="https://example.jp/manual"
    )
    check.record_outcome(
        partly.checks.get(),
        by=alice,
        outcome=Outcome.PARTLY,
        note="One left",
        again_on=clock.today + timedelta(days=21),
    )
    late = promise("A second look before sending", 10)
    late = countermeasure.change_due(
        late, by=alice, due_on=clock.today + timedelta(days=9), reason="A day earlier will do"
    )
    countermeasure.start(late, by=bob)
    promise("Templates for each customer", 60, promised_outside=True)
    countermeasure.not_doing(
        promise("Print each letter", 30), by=alice, reason="No use", review_on=clock.today + timedelta(days=90)
    )
    failed = countermeasure.complete(promise("Ask people to look twice", 3), by=bob, note="Asked")
    clock.to("2026-11-24 09:30")
    check.record_outcome(failed.checks.get(), by=alice, outcome=Outcome.INEFFECTIVE, note="It happened again")
    incident.report(
        by=alice,
        team=team,
        title="Parcel is late",
        noticed_at=clock.now - timedelta(minutes=5),
        who_waits="Midori Shoji",
    )
    incident.report(by=bob, team=team, title="Nearly paid twice", noticed_at=clock.now, kind=IncidentKind.NEAR_MISS)
    closed = incident.report(by=bob, team=team, title="Same parcel", noticed_at=clock.now, who_waits="Midori Shoji")
    incident.waive_first_report(closed, by=bob, reason="They know")
    incident.end_otherwise(closed, by=bob, end=Stage.REPAIRED_ONLY, reason="Delivered")
    letter = reminder.write_digest(bob, asked_for=True)
    assert letter is not None
    return World(bob, crack, closed, measure("Ask the system", 40), late, partly, letter)


PAGES = {
    "today": lambda w: reverse("today"),
    "list": lambda w: reverse("incident-list"),
    "list-narrowed": lambda w: reverse("incident-list") + "?q=nothing-like-it&severity=S1",
    "incident": lambda w: w.crack.get_absolute_url(),
    "incident-closed": lambda w: w.closed.get_absolute_url(),
    "history": lambda w: reverse("incident-history", args=[w.crack.reference]),
    "record": lambda w: reverse("incident-new"),
    "edit": lambda w: reverse("incident-edit", args=[w.crack.reference]),
    "first-report": lambda w: reverse("incident-first-report", args=[w.crack.reference]),
    "end": lambda w: reverse("incident-end", args=[w.crack.reference]),
    "reopen": lambda w: reverse("incident-reopen", args=[w.closed.reference]),
    "measure-new": lambda w: reverse("measure-new", args=[w.crack.reference]),
    "measure-edit": lambda w: reverse("measure-edit", args=[w.proposed.pk]),
    "measure-done": lambda w: reverse("measure-done", args=[w.promised.pk]),
    "measure-due": lambda w: reverse("measure-due", args=[w.promised.pk]),
    "measure-hand-over": lambda w: reverse("measure-hand-over", args=[w.promised.pk]),
    "measure-not-doing": lambda w: reverse("measure-not-doing", args=[w.proposed.pk]),
    "check": lambda w: reverse("check", args=[w.done.checks.get(outcome="").pk]),
    "accept-risk": lambda w: reverse("root-accept", args=[w.promised.root_id]),
    **{
        f"seams-{view}": lambda w, view=view: reverse("seam-list") + f"?view={view}"
        for view in ("mine", "running", "checking", "gold", "all")
    },
    "letters": lambda w: reverse("letter-list"),
    "letter": lambda w: reverse("letter", args=[w.letter.pk]),
    "letter-mail": lambda w: reverse("letter-mail", args=[w.letter.pk]),
    "preferences": lambda w: reverse("preferences"),
    "password": lambda w: reverse("account_change_password"),
    "sign-out": lambda w: reverse("account_logout"),
    "missing": lambda w: "/incidents/K-99999/",
}
FORMS = (
    "record",
    "edit",
    "first-report",
    "end",
    "measure-new",
    "measure-edit",
    "measure-done",
    "measure-due",
    "measure-hand-over",
    "check",
    "preferences",
    "password",
)


@pytest.mark.django_db
def test_an_english_speaking_persons_pages_hold_no_japanese(world, client_of, alice):
    """The lead's pages, which show most; a page that is not reached at all would prove nothing."""
    client = client_of(alice)
    answers = {name: client.get(address(world)) for name, address in PAGES.items()}
    letter = {"letter", "letter-mail"}  # bob's own; a stranger to the letter is told nothing
    answers |= {name: client_of(world.person).get(PAGES[name](world)) for name in letter}
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(PAGES, 200) | {
        "missing": 404
    }
    assert {name: found for name, a in answers.items() if (found := japanese_in(a.content.decode()))} == {}


@pytest.mark.django_db
def test_english_refusals_and_errors_hold_no_japanese(world, client_of, alice):
    answers = {name: client_of(alice).post(PAGES[name](world), {"sent": "empty"}) for name in FORMS}
    commit = {"title": "Half a promise", "strength": "1", "kind": "corrective", "commit": "1"}
    answers["commit"] = client_of(alice).post(PAGES["measure-new"](world), commit)
    viewer = client_of(Person.objects.get(name="Vera Takahashi"))
    answers["viewer"] = viewer.get(PAGES["edit"](world))
    answers["viewer-record"] = viewer.get(PAGES["record"](world))
    stopped = {name: answer.status_code for name, answer in answers.items() if name in ("viewer", "viewer-record")}
    assert stopped == {"viewer": 403, "viewer-record": 403}
    # A form that was refused is shown again; one that was taken would lead away and prove nothing.
    assert {name: a.status_code for name, a in answers.items() if a.status_code not in {200, 403, 422}} == {}
    assert {name: found for name, a in answers.items() if (found := japanese_in(a.content.decode()))} == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "account_login",
        "account_reset_password",
        "account_reset_password_done",
        "account_signup",
        "account_inactive",
        "account_reset_password_from_key_done",
    ],
)
def test_a_signed_out_english_reader_sees_no_japanese(client_of, dave, address):
    answer = client_of(dave, **{"accept-language": "en-GB,en;q=0.9"}).get(reverse(address))
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, "en")
    assert japanese_in(answer.content.decode()) == []


@pytest.mark.django_db
def test_a_failed_sign_in_is_answered_in_english(client_of, dave):
    client = client_of(dave, **{"accept-language": "en"})
    answer = client.post(reverse("account_login"), {"login": "nobody@example.jp", "password": "wrong"})
    assert japanese_in(answer.content.decode()) == []


@pytest.mark.django_db
def test_the_first_set_up_is_there_in_english(client_of, dave):
    address = setup.begin(site_url="")
    client = client_of(dave, **{"accept-language": "en"})
    assert japanese_in(client.get(address).content.decode()) == []
    assert japanese_in(client.post(address, {"email": "no"}).content.decode()) == []


@pytest.mark.parametrize("page", ["400", "403", "403_csrf", "404", "500", "500_bare"])
def test_pages_of_trouble_are_there_in_english(page):
    with translation.override("en"):
        assert japanese_in(render(RequestFactory().get("/"), f"{page}.html").content.decode()) == []


@pytest.mark.django_db
def test_the_pages_behind_a_mail_speak_the_recipients_language(world, client_of, dave):
    """Whatever the browser wishes: the mail was English, so its page is."""
    follow_up = FollowUp.objects.get(measure=world.promised)
    address = links.done_url(follow_up, world.person)
    address = "/" + address.split("/", 3)[3]
    client = client_of(dave, **{"accept-language": "ja"})
    steps = [client.get(address), client.post(address, {}), client.post(address, {"note": "Done"}), client.get(address)]
    assert [japanese_in(step.content.decode()) for step in steps] == [[], [], [], []]


@pytest.mark.django_db
def test_letters_to_an_english_speaking_person_hold_no_japanese(world, alice):
    alice.refresh_from_db()
    digest = world.letter
    written = [digest, account.password_reset(alice, "https://example.jp/x"), test_letter.sending(alice)]
    if lead := reminder.write_digest(alice, asked_for=True):
        written.append(lead)
    assert [JAPANESE.findall(part) for one in written for part in (one.subject, one.text, one.html)] == [
        [] for _one in written for _part in range(3)
    ]


@pytest.mark.django_db
def test_the_admin_console_holds_no_japanese_for_an_english_reader(world, admin, client_of):
    admin.name, admin.language = "Ada Admin", "en"
    admin.save()
    HelpLine.objects.update(name="Somebody to talk to", detail="", hours="Day and night")
    client = client_of(admin)
    request = RequestFactory().get("/")
    request.user = admin
    answers = {"index": client.get(reverse("admin:index"))}
    for model, registered in console.site._registry.items():
        noun = model._meta.model_name
        names = f"admin:{model._meta.app_label}_{noun}"
        answers[noun] = client.get(reverse(f"{names}_changelist"))
        if registered.has_add_permission(request):
            answers[f"{noun} add"] = client.get(reverse(f"{names}_add"))
            answers[f"{noun} add refused"] = client.post(reverse(f"{names}_add"), {"sent": "empty"})
        if first := model._default_manager.first():
            answers[f"{noun} change"] = client.get(reverse(f"{names}_change", args=[first.pk]))
            for action in registered.get_actions(request):
                chosen = {"action": action, "_selected_action": [first.pk]}
                answers[f"{noun} {action}"] = client.post(reverse(f"{names}_changelist"), chosen, follow=True)
    assert {name: a.status_code for name, a in answers.items() if a.status_code not in {200, 302}} == {}
    assert {name: found for name, a in answers.items() if (found := japanese_in(a.content.decode()))} == {}


@pytest.mark.django_db
def test_every_name_of_a_field_in_the_console_is_japanese_for_a_japanese_reader(admin):
    """A field without a name of its own would show its English name in the code."""
    request = RequestFactory().get("/")
    request.user = admin
    unnamed = set()
    with translation.override("ja"):
        for model, registered in console.site._registry.items():
            shown = {*registered.get_list_display(request), *registered.list_filter}
            shown |= {*flatten_fieldsets(registered.get_fieldsets(request)), *registered.search_fields}
            names = {str(name[0] if isinstance(name, tuple) else name) for name in shown}
            fields = [field for field in model._meta.get_fields() if field.name in names and field.concrete]
            unnamed |= {str(field) for field in fields if not JAPANESE.search(str(field.verbose_name))}
    assert unnamed == set()


# Dates and joined sentences -------------------------------------------------------------------


@pytest.mark.parametrize(
    "language, said",
    [
        ("ja", "真因がまだ決まっていません。なぜを足して、真因に印をつけてください。"),
        ("en", "No root cause has been settled yet. Please add whys and mark the root cause."),
    ],
)
def test_two_sentences_are_joined_as_the_language_does(language, said):
    from incidents.errors import Refused
    from incidents.views.base import sentence

    with translation.override(language):
        reason = translation.gettext("真因がまだ決まっていません。")
        fix = translation.gettext("なぜを足して、真因に印をつけてください。")
        assert sentence(Refused("no_root", reason, fix)) == said


def test_a_moment_is_read_the_same_way_round_in_every_country(clock):
    from incidents.templatetags.ui import moment

    at = timezone.localtime(clock.to("2026-11-05 10:12"))
    said = {}
    for language in ("ja", "en"):
        with translation.override(language):
            said[language] = moment(at)
    clock.to("2027-01-04")
    with translation.override("en"):
        said["last year"] = moment(at)
    assert said == {"ja": "11/05 10:12", "en": "5 Nov 10:12", "last year": "5 Nov 2026 10:12"}
