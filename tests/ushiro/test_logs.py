"""A log line is one line, and holds no secret."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from ushiro.logs import MOST, Line

LINE_ENDS = ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"]
CANARY = "CANARY4711x"


def written(message: str, *args: object, fault: BaseException | None = None) -> str:
    info = (type(fault), fault, None) if fault else None
    return Line().format(logging.LogRecord("incidents.a", logging.WARNING, "a.py", 1, message, args, info))


@pytest.fixture
def log():
    """All that Django and Ushiro log, as it would be written."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Line())
    root = logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_a_line_end_in_a_message_begins_no_line(end):
    text = written("Not Found: %s", f"/a{end}2026-01-01 00:00:00 INFO x: all is well")
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("end", LINE_ENDS, ids=ascii)
def test_further_lines_of_a_fault_are_told_from_lines_of_the_log(end):
    text = written("no", fault=ValueError(f"a{end}2026-01-01 00:00:00 INFO x: all is well"))
    assert [line for line in text.splitlines()[1:] if not line.startswith("  ")] == []


@pytest.mark.django_db
def test_a_request_for_an_address_with_line_ends_leaves_one_line(client, log):
    client.get("/nothing%0D%0A2026-01-01%2000:00:00%20INFO%20x:%20forged/")
    lines = [line for line in log.getvalue().splitlines() if "forged" in line]
    assert len(lines) == 1 and "Not Found" in lines[0]


@pytest.mark.parametrize(
    "text",
    [
        f"Not Found: /m/done/{CANARY}/",
        f"Forbidden: /n/{CANARY}/write/",
        f"GET /feed/{CANARY}.ics",
        f"/account/password/reset/key/3-{CANARY}/",
        f"redis://ushiro:{CANARY}@broker/0 is away",
        f"smtp+tls://{CANARY}@mail/",
        f"Authorization: Bearer {CANARY}",
        f"Basic {CANARY}",
        f"{{'password': '{CANARY}', 'email': 'a@example.jp'}}",
        f'{{"token": "{CANARY}"}}',
        f"password1={CANARY}&password2={CANARY}",
        f"api_key={CANARY}",
        f"Cookie: __Host-ushiro_sid={CANARY}",
        f"csrfmiddlewaretoken={CANARY}",
        f"body='{CANARY} と申します'",
        f"sign WzFd{CANARY}:1vP3xA:{'a' * 43} no",
    ],
)
def test_no_canary_is_written(text):
    assert CANARY not in written("%s", text)
    assert CANARY not in written("no", fault=ValueError(text))


def test_what_helps_stays():
    text = written("letter %s not taken: %s", 12, "451 4.3.0 try again, K-00012 of 受注課")
    assert text.endswith("WARNING incidents.a: letter 12 not taken: 451 4.3.0 try again, K-00012 of 受注課")


def test_a_fault_keeps_its_traceback():
    try:
        raise KeyError("owner")
    except KeyError:
        record = logging.LogRecord("a", logging.ERROR, "a.py", 1, "no", (), sys.exc_info())
    assert "test_logs.py" in Line().format(record) and "KeyError: 'owner'" in Line().format(record)


def test_one_entry_is_bounded():
    assert len(written("%s", "a" * 1_000_000)) < MOST + 100
    assert len(written("%s", "token=" * 100_000)) < MOST + 100


@pytest.mark.django_db
def test_a_wrong_sign_in_leaves_neither_password_nor_address_in_the_log(client, log, alice):
    client.post("/account/login/", {"login": alice.email, "password": CANARY})
    client.get(f"/m/done/{CANARY}/")
    client.get(f"/feed/{CANARY}.ics")
    client.get(f"/n/{CANARY}/")
    assert CANARY not in log.getvalue()
