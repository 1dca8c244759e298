"""One recipient's trouble with the mail server is that recipient's alone, over a real line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as project

from incidents.enums import LetterState
from incidents.models import Letter
from incidents.tasks import sending
from tests.factories import LetterFactory
from tests.servers import free_port, listens, until

pytestmark = pytest.mark.usefixtures("clock", "organisation")


@pytest.fixture
def sink(tmp_path: Path, settings) -> Iterator[Callable[..., Callable[[], list[str]]]]:
    """Start the counting mail server with these arguments; what comes back reads whose mail it took."""
    running = []

    def start(*arguments: str) -> Callable[[], list[str]]:
        port, log = free_port(), tmp_path / "taken.txt"
        program = [sys.executable, str(project.BASE_DIR / "deploy" / "mail_sink.py"), "--port", str(port)]
        running.append(subprocess.Popen([*program, "--log", str(log), *arguments]))
        until(lambda: listens(port), 20, "the mail server listens")
        backend = "django.core.mail.backends.smtp.EmailBackend"
        options = {"host": "127.0.0.1", "port": port, "timeout": 5}
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": options}}
        settings.DATA_DIR = tmp_path
        return lambda: [line.split()[2] for line in log.read_text().splitlines()]

    yield start
    for one in running:
        one.kill()
        one.wait()


def rounds(clock, *, hours: int) -> None:
    for _ in range(hours * 12):
        sending.Round().run()
        clock.forward(minutes=5)


@pytest.mark.parametrize("fault", ["--closes-for", "--drops-for"])
def test_one_recipient_at_whom_the_line_ends_keeps_nobody_elses_mail(sink, clock, settings, fault):
    taken = sink(fault, "poison")
    LetterFactory(to_email="poison@example.jp", recipient__email="poison@example.jp")
    good = [LetterFactory() for _ in range(5)]
    assert sending.Round().run() == 6
    assert sorted(taken()) == sorted(one.to_email for one in good)
    rounds(clock, hours=40)
    poison = Letter.objects.get(to_email="poison@example.jp")
    assert poison.attempts == len(settings.REMINDER_BACKOFF) + 1
    assert poison.state == (LetterState.FAILED if fault == "--closes-for" else LetterState.UNCONFIRMED)
    assert len(taken()) == 5


def test_many_such_recipients_in_front_keep_nobody_elses_mail_for_long(sink, clock):
    taken = sink("--closes-for", "poison")
    for number in range(4):
        LetterFactory(recipient__email=f"poison{number}@example.jp")
    good = LetterFactory()
    rounds(clock, hours=1)
    assert taken() == [good.to_email]


def test_a_server_that_ends_the_line_at_everybody_is_away(sink, clock):
    taken = sink("--closes-for", "@")
    for _ in range(6):
        LetterFactory()
    sending.Round().run()
    assert taken() == []
    assert sorted(Letter.objects.values_list("attempts", flat=True)) == [0, 0, 0, 1, 1, 1]


def test_a_server_that_closes_its_lines_now_and_then_costs_no_try(sink, clock):
    taken = sink("--faults", "421=0.3")
    for _ in range(20):
        LetterFactory()
    rounds(clock, hours=2)
    assert len(taken()) == len(set(taken())) == 20
    assert set(Letter.objects.values_list("state", "attempts")) == {(LetterState.SENT, 1)}
