"""One cell: who asks which route how about whose object, and whether the answer is the one ruled."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock
from urllib.parse import quote

from django.conf import settings
from django.core import mail
from django.core.handlers.base import BaseHandler
from django.db import connection, transaction
from django.http import HttpResponse
from django.template.backends.django import Template
from django.test import RequestFactory

from tests.matrix import rules, walk
from tests.matrix.world import CANARIES, FIXED_KEYS, LINK_STATES, NO_NUMBER, NONE, PRINCIPALS, Principal, World

# (method, htmx). Where the page is drawn in full, its text is looked at; elsewhere the answer's status and the writes.
VARIANTS = (
    ("GET", False), ("GET", True), ("POST", False), ("POST", True), ("HEAD", False),
    ("PUT", False), ("PATCH", False), ("DELETE", False), ("OPTIONS", False),
)  # fmt: skip
DRAWN = {("GET", False), ("POST", False)}
READS = {"GET", "HEAD", "OPTIONS"}
# Reads that may write: what, and why.
WRITES_ON_READ = {
    "calendar-feed": {"incidents_calendarfeed"},  # the day on which it was last read
    "incident-list-csv": {"incidents_auditentry"},  # an export leaves its trace
    "seam-list-csv": {"incidents_auditentry"},
    "account_logout": {"django_session"},
    "account_reset_password_from_key": {"account_emailaddress"},  # allauth notes the address that the person has
}
_WRITE = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b(?:\s+(?:INTO|FROM|OR\s+\w+\s+INTO))?\s+\"?(\w+)", re.I
)
_CHANGING = re.compile(rb'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+|nonce="[^"]+"|nonce-[^\'" ;]+')


@dataclass(frozen=True)
class Cell:
    """column: whose object: own, other, none, restricted, a link's state, or "" for a route without one."""

    route: walk.Route
    rule: rules.Rule
    method: str
    htmx: bool
    who: Principal
    column: str
    path: str

    def __str__(self) -> str:
        how = f"{self.method}{' htmx' if self.htmx else ''}"
        return f"{self.route.name}: {how} by {self.who.name}{f', {self.column}' if self.column else ''} ({self.path})"


@dataclass
class Answer:
    status: int
    location: str
    body: bytes
    headers: bytes
    log: str
    writes: set[str]
    fault: str


def cells_of(route: walk.Route, rule: rules.Rule, world: World) -> Iterator[Cell]:
    for who in PRINCIPALS:
        for number, (column, path) in enumerate(_paths(route, rule, who, world)):
            for method, htmx in VARIANTS:
                if number and method in rules.OTHER_METHODS or htmx and route.name.startswith("admin:"):
                    continue  # refused before anybody looks whose object it is; the console knows no htmx
                yield Cell(route, rule, method, htmx, who, column, path)


def _paths(route: walk.Route, rule: rules.Rule, who: Principal, world: World) -> list[tuple[str, str]]:
    if not route.arguments:
        asked = f"?{rule.query.format(**world.queries())}" if rule.query else ""
        return [("", f"/{_clean(route.pattern)}{asked}")]
    if route.name in FIXED_KEYS:
        return [("", _path(route, *FIXED_KEYS[route.name]))]
    if rule.gone:
        states = world.links[route.name]
        return [(state, _path(route, states[state])) for state in LINK_STATES if state in states]
    if route.name.startswith("admin:"):
        return _console_paths(route, world)
    kind = rule.of or rules.OBJECTS[route.pattern.split("/")[0]]
    other = "B" if who.team == "A" else "A"
    found = [("own", who.team), ("other", other)] if who.team else [("other", "A")]
    paths = [(column, _path(route, world.objects[team][kind])) for column, team in found]
    if kind in world.objects["R"]:
        paths.append(("restricted", _path(route, world.objects["R"][kind])))
    return [*paths, ("none", _path(route, NONE.get(kind, NO_NUMBER)))]


def _console_paths(route: walk.Route, world: World) -> list[tuple[str, str]]:
    return [(column, _path(route, *keys)) for column, keys in world.console_keys(route)]


def _clean(pattern: str) -> str:
    return pattern.replace("^", "").replace("$", "")


def _path(route: walk.Route, *keys: str) -> str:
    path, rest = _clean(route.pattern), list(keys)
    for one in re.findall(r"<[^>]*>|\(\?P<[^>]*>[^)]*\)+", path):
        path = path.replace(one, quote(rest.pop(0) if rest else keys[-1], safe=":"), 1)
    return f"/{path}"


class Asking:
    """The whole site behind one call, every answer rolled back."""

    def __init__(self, world: World):
        self.world = world
        self.handler = BaseHandler()
        self.handler.load_middleware()
        self.requests = RequestFactory(SERVER_NAME="testserver")
        self._twins: dict[tuple, Answer] = {}

    def forget(self) -> None:
        """The answers kept to compare with; the next route has its own."""
        self._twins = {}

    def ask(self, cell: Cell) -> Answer:
        request = self._request(cell)
        records: list[logging.LogRecord] = []
        writes: set[str] = set()
        mail.outbox = []
        with _log(records), transaction.atomic(), connection.execute_wrapper(partial(_noting, writes)):
            with _drawn() if (cell.method, cell.htmx) in DRAWN else _undrawn():
                response = self.handler.get_response(request)
                body = _body(response)
            response.close()
            transaction.set_rollback(True)
        fault = next((record.exc_info for record in records if record.exc_info), None)
        return Answer(
            response.status_code,
            response.headers.get("Location", "") or response.headers.get("HX-Redirect", ""),
            body,
            repr(sorted(response.headers.items())).encode() + repr(mail.outbox).encode(),
            "\n".join(record.getMessage() for record in records),
            writes,
            repr(fault[1]) if fault else "",
        )

    def _request(self, cell: Cell) -> Any:
        headers = {"HTTP_HX_REQUEST": "true"} if cell.htmx else {}
        key = self.world.cookies.get(cell.who.name)
        if key:
            headers["HTTP_COOKIE"] = f"{settings.SESSION_COOKIE_NAME}={key}"
        # One field that no form knows, so that a form is bound although nothing was typed.
        body = b"matrix=1" if cell.method == "POST" else b""
        request = self.requests.generic(cell.method, cell.path, body, "application/x-www-form-urlencoded", **headers)
        request._dont_enforce_csrf_checks = True
        return request

    def judge(self, cell: Cell) -> str:
        """What is wrong with the cell's answer; "" for nothing."""
        answer = self.ask(cell)
        passes, allowed, how = expected(cell)
        wrong = []
        if answer.status not in allowed or answer.status >= 500 and answer.status not in cell.rule.shown:
            wrong.append(f"answers {answer.status} {answer.location} {answer.fault}, the rule says {how}")
        elif how == "sign-in" and "login" not in answer.location:
            wrong.append(f"leads to {answer.location} and not to the sign-in")
        elif passes and "/login/" in answer.location and not cell.rule.to_sign_in:
            wrong.append("is sent to the sign-in although the rule lets it pass")
        unasked = answer.writes - WRITES_ON_READ.get(cell.route.name, set())
        if unasked and (not passes or cell.method != "POST"):
            wrong.append(f"writes {sorted(unasked)}")
        wrong += [f"tells {told}" for told in self._told(cell, answer)]
        if not passes and cell.column in {"other", "restricted"} and how == "not there":
            wrong += self._unlike_nothing(cell, answer)
        return "; ".join(wrong)

    def _told(self, cell: Cell, answer: Answer) -> list[str]:
        known = {cell.who.team, f"N{cell.who.team}"} if cell.who.role in rules.readers else set()
        if cell.rule.gone and cell.column == "valid":
            known = {"A", "NA"}
        if cell.route.name.startswith("admin:") and cell.who.role in rules.admins:
            known = {"A", "B", "NA", "NB"}
        known |= cell.rule.tells
        everything = answer.body + answer.headers + answer.log.encode()
        return [
            f"words of {mark}" for mark, word in CANARIES.items() if mark not in known and word.encode() in everything
        ]

    def _unlike_nothing(self, cell: Cell, answer: Answer) -> list[str]:
        """Whether the answer differs from that for a record that does not exist: in no byte may it."""
        path = dict(_paths(cell.route, cell.rule, cell.who, self.world))["none"]
        mark = (cell.route.name, cell.method, cell.htmx, cell.who.name)
        if mark not in self._twins:
            twin = Cell(cell.route, cell.rule, cell.method, cell.htmx, cell.who, "none", path)
            self._twins[mark] = self.ask(twin)
        there, nowhere = _plain(answer, cell.path), _plain(self._twins[mark], path)
        return [] if there == nowhere else ["differs from the answer to what does not exist"]


def expected(cell: Cell) -> tuple[bool, frozenset[int], str]:
    """(whether the principal passes, the statuses that are right, in words)."""
    rule, role = cell.rule, cell.who.role
    if cell.method in rules.OTHER_METHODS:
        return False, rule.other, "no method of it"
    if cell.method == "POST" and rule.post is None:  # said before or after the sign-in
        return False, rules.NOT_A_METHOD | (frozenset({302, 204}) & hop_of(role, rule)), "no method of it"
    allowed = rule.post if cell.method == "POST" else rule.get
    statuses = rule.answered if cell.method == "POST" else rule.shown
    if rule.gone:
        good = cell.column == "valid"
        return good, statuses if good else frozenset({rule.gone}), "the page" if good else "gone"
    if role in rule.door:
        hop = (
            frozenset({204})
            if cell.method == "POST" and cell.htmx and not cell.route.name.startswith("admin:")
            else rules.LED_ON
        )
        return (role in allowed, statuses, "passes") if role in allowed else (False, hop, "sign-in")
    if cell.column in {"other", "restricted", "none"} or role not in rule.seen and cell.route.arguments:
        if cell.route.name.startswith("admin:"):
            return _console(cell, allowed, statuses)
        return False, frozenset({404}), "not there"
    if role in allowed:
        return True, statuses, "passes"
    return False, rule.denied, "refused"


def hop_of(role: str, rule: rules.Rule) -> frozenset[int]:
    return frozenset({302, 204}) if role in rule.door else frozenset()


def _console(cell: Cell, allowed: frozenset[str], statuses: frozenset[int]) -> tuple[bool, frozenset[int], str]:
    if cell.column in {"restricted", "none"}:
        # Django leads on from a record that is not there to the front page, with a message.
        return False, frozenset({302, 403, 404}), "not there"
    if cell.who.role in allowed:
        return True, statuses, "passes"
    return False, cell.rule.denied, "refused"


def _plain(answer: Answer, path: str) -> tuple:
    """The answer without what differs each time, and without its own address."""
    forms = {path.encode(), quote(path, safe="").encode(), quote(path).encode()}
    body, location = _CHANGING.sub(b"", answer.body), answer.location.encode()
    for one in forms:
        body, location = body.replace(one, b"PATH"), location.replace(one, b"PATH")
    return answer.status, re.sub(rb"target_id=\d+", b"target_id=KEY", location), body


def _body(response: HttpResponse) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def _noting(writes: set[str], execute: Callable, sql: str, params: Any, many: bool, context: Any) -> Any:
    if found := _WRITE.match(sql):
        writes.add(found[2].lower())
    return execute(sql, params, many, context)


@contextmanager
def _log(records: list[logging.LogRecord]) -> Iterator[None]:
    """All that is logged, to be looked through, and nothing of it on the screen."""

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    root = logging.getLogger()
    loggers = [root, *(one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    before = [(one, one.handlers) for one in loggers if one is root or one.handlers]
    for one, _handlers in before:
        one.handlers = [Keep()] if one is root or not one.propagate else []
    try:
        yield
    finally:
        for one, handlers in before:
            one.handlers = handlers


@contextmanager
def _drawn() -> Iterator[None]:
    yield


@contextmanager
def _undrawn() -> Iterator[None]:
    with mock.patch.object(Template, "render", lambda self, context=None, request=None: ""):
        yield
