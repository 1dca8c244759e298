"""Each verb called directly, past every page: whoever has no right is refused by the verb itself, and nothing is written.

A verb is a function of incidents.domain with `by=`. A new one is asked without a line here; one that asks no role is
named in OWN or INSIDE with the reason.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import time
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.http import Http404
from django.utils import timezone

import incidents.domain
from incidents import models
from incidents.errors import NotAllowed
from tests.matrix.cells import _noting
from tests.matrix.world import World

STRANGERS = ("viewer", "lead of another team", "deactivated", "without a team")


def verbs() -> Iterator[tuple[str, Callable]]:
    for found in pkgutil.iter_modules(incidents.domain.__path__):
        module = importlib.import_module(f"incidents.domain.{found.name}")
        for name, one in vars(module).items():
            if not inspect.isfunction(one) or one.__module__ != module.__name__ or name.startswith("_"):
                continue
            if "by" in inspect.signature(one).parameters:
                yield f"{found.name}.{name}", one


def _rows(world: World) -> dict[str, Any]:
    rows, keys = world.rows["A"], world.objects["A"]
    first = world.first["A"]
    of_key = {
        "Question": "question", "Containment": "containment", "Mending": "mending", "Attachment": "attachment",
        "Why": "why", "RootCause": "root", "Countermeasure": "measure", "DueRequest": "due_request",
        "EffectCheck": "check", "FollowUp": "promise", "TimelineEntry": "entry", "Paste": "paste",
        "NamelessNote": "nameless", "Mirror": "mirror", "SpreadAnswer": "spread", "Jotting": "jotting",
        "Absence": "absence", "SavedView": "shared_view", "ReceivedMail": "held_mail", "Letter": "letter",
    }  # fmt: skip
    found = {model: getattr(models, model).objects.get(pk=keys[kind]) for model, kind in of_key.items()}
    others = {model: getattr(models, model).objects.get(pk=first[model.lower()]) for model in
              ("Membership", "Closure", "ReportClock", "HelpLine")}  # fmt: skip
    return {
        **found,
        **others,
        "Incident": models.Incident.objects.get(pk=rows.incident.pk),
        "Team": models.Team.objects.get(pk=rows.team.pk),
        "Person": models.Person.objects.get(pk=rows.people["lead"].pk),
        "Organisation": models.Organisation.objects.get(),
    }


PLAIN: dict[str, Callable[[], Any]] = {
    "str": lambda: "ことば",
    "int": lambda: 1,
    "bool": lambda: True,
    "datetime": timezone.now,
    "date": timezone.localdate,
    "time": lambda: time(9),
}


def arguments(verb: Callable, rows: dict[str, Any]) -> dict[str, Any]:
    """Something fitting for each parameter that has no default. Raises KeyError for a type that nobody has told."""
    made: dict[str, Any] = {}
    for name, one in inspect.signature(verb).parameters.items():
        if name == "by" or one.default is not one.empty or one.kind in {one.VAR_KEYWORD, one.VAR_POSITIONAL}:
            continue
        kind = str(one.annotation)
        plain = kind.partition("[")[0].split("|")[0].strip()
        if "None" in kind.split("|")[-1]:
            made[name] = None
        elif plain in rows:
            made[name] = rows[plain]
        elif plain in PLAIN:
            made[name] = PLAIN[plain]()
        elif plain in {"Iterable", "Sequence", "list", "Collection"}:
            made[name] = []
        elif plain in {"dict", "Mapping"}:
            made[name] = {}
        else:
            raise KeyError(f"{name}: {kind}")
    return made


def verb_name(verb: Callable) -> str:
    return f"{verb.__module__.rpartition('.')[2]}.{verb.__name__}"


def _said(word: str, rows: dict[str, Any]) -> Any:
    return {"team": rows["Team"], "noticed_at": timezone.now(), "records": [rows["Incident"]]}.get(word, "ことば")


def call(verb: Callable, *, by: Any, rows: dict[str, Any]) -> tuple[str, set[str]]:
    """(how it ended, the tables written); everything is rolled back."""
    writes: set[str] = set()
    with transaction.atomic(), connection.execute_wrapper(partial(_noting, writes)):
        try:
            signature = inspect.signature(verb)
            given = arguments(verb, rows)
            given |= {word: _said(word, rows) for word in MORE.get(verb_name(verb), ())}
            first = [given.pop(name) for name, one in signature.parameters.items()
                     if name in given and one.kind is one.POSITIONAL_OR_KEYWORD]  # fmt: skip
            with transaction.atomic():
                verb(*first, by=by, **given)
            ended = "done"
        except NotAllowed:
            ended = "refused"
        except Http404:
            ended = "refused"
        except Exception as fault:  # what comes before the role is asked is for judge() to tell
            ended = f"{type(fault).__name__}: {fault}"[:90]
        transaction.set_rollback(True)
    return ended, writes


def unknown() -> set[str]:
    """Lines of the tables below that name no verb."""
    return {*OWN, *INSIDE, *UNASKED, *FOR_LEADS, *MORE} - {name for name, _verb in verbs()}


def ask(world: World, only: Callable[[str], bool] = lambda name: True) -> tuple[int, list[str]]:
    """(calls made, what is wrong)."""
    calls, wrong, rows = 0, [], _rows(world)
    for name, verb in verbs():
        if name in {**OWN, **INSIDE, **UNASKED} or not only(name):
            continue
        callers = [*STRANGERS, *(["member who holds nothing"] if name in FOR_LEADS else [])]
        for who in callers:
            person = models.Person.objects.get(pk=world.people[who].pk)
            ended, writes = call(verb, by=person, rows=rows)
            calls += 1
            if ended != "refused" or writes:
                wrong.append(f"{name} by {who}: {ended} {sorted(writes)}")
    return calls, wrong


# What anybody does for themselves alone: `by` is whose it is.
OWN = {
    "export.export": "leaves the trace of a list that the queries have scoped already",
    "jotting.jot": "one's own line",
    "jotting.drop": "takes the row from `by`'s own alone; another's is left as it is",
    "jotting.record": "takes the line from `by`'s own alone: for another's, no such line",
    "person.set_preferences": "its page names no person: it passes who is signed in",
    "view.save": "one's own view; sharing it asks for the lead",
    "view.choose": "with which view one's own list opens",
}
# Steps inside another verb's transaction, which has asked, and questions that write nothing.
INSIDE = {
    "audit.entry": "the trace", "audit.note": "the trace",
    "cause.reopen": "check.record_outcome, review.answer", "check.refusal": "a question",
    "clock.follow": "incident, handover", "final_clock.follow": "incident, handover",
    "feed.end": "person.deactivate, feed.switch_off", "further_report.follow_report": "final_report, promise",
    "gain.keep": "countermeasure", "handed.tell": "the hand-overs", "inbound.forget": "housekeeping",
    "importing.import_incidents": "the command, whose caller holds the machine",
    "inbound.receive": "asks whose mail it is by its token",
    "incident.editor": "the check itself", "incident.refresh_stage": "every verb of a record",
    "incident.refuse_readers": "incident.report, reader.restrict", "incident.of_another_team": "a question",
    "ledger.keep": "every verb that keeps a promise", "organisation.refuse_unless_member": "the check itself",
    "promise.close_reports": "final_report", "promise.promise_next": "promise.report_first",
    "reply.helpers_of": "a question", "review.fail": "recurrence.link, review.answer",
    "timeline.written_already": "a question", "told.tell": "every verb of a record", "unreached.clear": "unreached.reached",
    "attachment.keep": "needs a file; tests/incidents/domain/test_attachment.py",
}  # fmt: skip
# Asked by the console alone, whose own check the cells cover; the verb does not ask again.
UNASKED = {"letter.cancel": "the console's action", "letter.send_again": "the console's action"}
# Also refused to a member who neither leads nor holds the record or the promise.
FOR_LEADS = {
    "cause.accept_risk", "due_request.grant", "due_request.refuse", "handover.hand_over", "handover.team_for",
    "mirror.add", "mirror.edit", "mirror.move", "mirror.renew_key", "mirror.switch_on", "mirror.switch_off",
    "mirror.put_away",
    "nameless.take_up", "nameless.reply", "nameless.put_aside", "nameless.move_door", "nameless.set_door",
    "reader.restrict", "reader.unrestrict", "terms.set_terms", "inbound.post_held", "inbound.drop_held",
}  # fmt: skip
# Of functions that hand their words on: what the inner one asks for.
MORE = {
    "capture.record": ("team", "title", "noticed_at"),
    "countermeasure.propose_and_commit": ("title",),
    "handover.hand_over_all": ("records",),
    "handover.team_for": ("records",),
}
