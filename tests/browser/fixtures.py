"""A Chromium that fails the test when a page complains: console errors, script errors, CSP violations.

`page_of(alice)` opens a signed-in page, `open_page()` a signed-out one; both know the address of the running site,
so that `page.goto("/incidents/")` is enough. `axe(page)` gives the accessibility violations of what is shown.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.test import Client

from tests.servers import until

AXE = Path(__file__).resolve().parents[1] / "vendor" / "axe" / "4.14.1" / "axe.min.js"
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LISTEN = """document.addEventListener('securitypolicyviolation',
    e => window.cspViolation(`${e.violatedDirective} ${e.blockedURI || 'inline'} ${e.sourceFile || ''}:${e.lineNumber} ${e.sample}`))"""


def chromium() -> str:
    """The path of a Chromium, or "": CHROMIUM, else the one on PATH."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""


def missing(what: str) -> None:
    """A tool is not there: a failure where everything is required (CI), a skip that says what is not tested elsewhere."""
    sentence = f"{what} is not on this machine; what needs it is NOT tested."
    if os.environ.get("USHIRO_REQUIRE_ALL") == "1":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


def sideways(page: Any) -> int:
    """How many pixels the page is wider than its window; a page that is just coming in is waited for."""
    return page.locator("html").evaluate("root => root.scrollWidth - root.clientWidth")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if not chromium():
        missing("Chromium")
    return {**browser_type_launch_args, "executable_path": chromium(), "args": FLAGS}


class Complaints:
    """What the browser complained about on the pages of one test."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        """Let a complaint pass that the test provokes, such as a 404 page ("status of 404")."""
        self._expected.append(re.compile(pattern))

    def listen(self, context: Any) -> None:
        context.expose_binding("cspViolation", lambda _source, said: self.heard.append(f"CSP: {said}"))
        context.add_init_script(LISTEN)
        context.on(
            "console", lambda m: m.type == "error" and self.heard.append(f"console: {m.text} ({m.page and m.page.url})")
        )
        context.on("weberror", lambda error: self.heard.append(f"script: {error.error}"))

    @property
    def unexpected(self) -> list[str]:
        return [said for said in self.heard if not any(pattern.search(said) for pattern in self._expected)]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Ask it to `expect` what a test provokes; everything else fails the test at its end."""
    kept = Complaints()
    yield kept
    assert kept.unexpected == []


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """The address of the running site; links in mails lead to it too."""
    settings.SITE_URL = live_server.url
    return live_server.url


OpenPage = Callable[..., Any]


class Answering:
    """How many requests the threads of the running site are answering."""

    def __init__(self) -> None:
        self._lock, self._count, self._since = threading.Lock(), 0, time.monotonic()

    def begun(self, **_: Any) -> None:
        self._add(1)

    def ended(self, **_: Any) -> None:
        self._add(-1)

    def _add(self, number: int) -> None:
        if threading.current_thread() is threading.main_thread():
            return  # a test's own client
        with self._lock:
            self._count, self._since = self._count + number, time.monotonic()

    def is_still(self) -> bool:
        """None for a moment: what a closed page had sent off has arrived by then."""
        with self._lock:
            return self._count <= 0 and time.monotonic() - self._since > 0.05


@pytest.fixture
def answered() -> Iterator[None]:
    """The site has answered all that a test's pages asked before its tables are emptied.

    A page asks for parts of itself when it is shown; such an answer locks the table that is to be emptied, and the rows
    would meet the next test.
    """
    answering = Answering()
    request_started.connect(answering.begun)
    request_finished.connect(answering.ended)  # after Django's own, which lets go of the connection
    yield
    until(answering.is_still, 10, "the site has answered")
    request_started.disconnect(answering.begun)
    request_finished.disconnect(answering.ended)


@pytest.fixture
def open_page(answered: None, new_context: Any, complaints: Complaints) -> OpenPage:
    """`open_page(base_url=site, viewport=PHONE, color_scheme="dark", java_script_enabled=False, cookies=[…])`."""

    def build(base_url: str, *, cookies: list[dict[str, Any]] | None = None, **options: Any) -> Any:
        usual = {"locale": "ja-JP", "timezone_id": "Asia/Tokyo", "viewport": DESK}
        context = new_context(base_url=base_url, **usual | options)
        context.set_default_timeout(30_000)  # a bound, not a pause: a page with 250 strings on a slow machine
        complaints.listen(context)
        if cookies:
            context.add_cookies(cookies)
        return context.new_page()

    return build


@pytest.fixture
def page(site: str, open_page: OpenPage) -> Any:
    """A signed-out page at a desk."""
    return open_page(site)


@pytest.fixture
def page_of(site: str, open_page: OpenPage) -> OpenPage:
    """`page_of(alice, viewport=PHONE)`: a page on which she is signed in."""

    def build(person: Any, **options: Any) -> Any:
        client = Client()
        client.force_login(person, backend=django_settings.AUTHENTICATION_BACKENDS[0])
        name = django_settings.SESSION_COOKIE_NAME
        return open_page(site, cookies=[{"name": name, "value": client.cookies[name].value, "url": site}], **options)

    return build


@pytest.fixture(scope="session")
def axe() -> Callable[[Any], list[str]]:
    """`axe(page) == []`: the violations of WCAG 2.0, 2.1 and 2.2 (A and AA) on what the page shows now, one line each."""
    source = AXE.read_text(encoding="utf-8")

    def run(page: Any) -> list[str]:
        page.evaluate(source)
        answer = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", AXE_TAGS)
        return [
            f"{one['id']} ({one['impact']}): {' | '.join(node['html'][:160] for node in one['nodes'][:5])}"
            for one in answer["violations"]
        ]

    return run
