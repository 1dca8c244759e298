"""The only place that talks SMTP."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.errors import MessageError
from email.utils import formataddr, parseaddr
from types import TracebackType
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.utils import timezone

from incidents.letters import addresses
from incidents.models import Letter
from tools.plain import mailbytes
from tools.plain.smtpreply import no_such_recipient

# Until the server has said whether it took a letter: a server that thinks long must not be asked twice (RFC 5321
# 4.5.3.2 allows ten minutes). Below half of the claim's lease, so that nobody else takes the letter meanwhile.
DOT_SECONDS = 120.0
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@dataclass(frozen=True)
class Answer:
    """What the mail server said. `taken`: 250. Otherwise `for_good` tells 5xx from what may pass.

    away: the server as a whole cannot be had now (no connection, closing, sign-in refused); the letter is not to blame.
    cut: the line ended at this letter, on a connection that was opened for it: its recipient may be the reason.
    in_doubt: the last byte was handed over and no answer came: the server may have taken the letter (RFC 1047).
    nobody: there is nobody at this address, says the server for good; neither the letter nor the sender is to blame.
    """

    taken: bool
    error: str = ""
    for_good: bool = False
    away: bool = False
    in_doubt: bool = False
    nobody: bool = False
    cut: bool = False


def _always() -> bool:
    return True


class Post:
    """A connection to the mail server, opened with the first letter and kept for those that follow.

    Use as a context manager. One letter is one `send`; it never raises for what a server or a network does.
    """

    def __init__(self) -> None:
        self._line: smtplib.SMTP | None = None
        self._pipelining = False
        self._has_answered = False  # whether this line has brought the answer to a letter already

    def __enter__(self) -> Post:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take leave of the server, if it is still there."""
        line, self._line = self._line, None
        if line is not None:
            try:
                line.quit()
            except (smtplib.SMTPException, OSError):
                line.close()

    def send(self, letter: Letter, *, before_dot: Callable[[], bool] = _always) -> Answer | None:
        """Hand one letter over. before_dot: asked just before the byte that may make the server take it; when it says
        no, the letter is not sent, and None is returned.
        """
        mailer = settings.MAILERS["default"]
        if mailer["BACKEND"] != SMTP:
            return _by_django(letter) if before_dot() else None
        try:
            recipient = _envelope(letter.to_email)
        except (ValueError, UnicodeError) as error:
            return Answer(False, _name(error), for_good=True, nobody=True)
        try:
            data = as_bytes(letter)
            sender = _envelope(_return_path(letter))
        except (ValueError, UnicodeError) as error:  # no mail may have such a header; trying again would not change it
            return Answer(False, _name(error), for_good=True)
        old = self._line is not None and self._has_answered
        answer = self._offer(mailer["OPTIONS"], sender, recipient, data)
        if old and answer is not None and (answer.away or answer.cut):
            # A server ends a line for reasons of its own: so many letters, so long a silence. The next one tells.
            answer = self._offer(mailer["OPTIONS"], sender, recipient, data)
        if answer is not None:
            return answer
        try:
            go = before_dot()
        except BaseException:
            self._drop()
            raise
        if not go:
            self._drop()
            return None
        assert self._line is not None  # where it waits for the dot
        return self._dot(self._line)

    def _offer(self, options: dict[str, Any], sender: str, recipient: str, data: bytes) -> Answer | None:
        """Everything but the dot, on the line that is there or a new one. None when the server waits for the dot."""
        try:
            line = self._open(options)
        except smtplib.SMTPResponseException as error:
            self._drop()
            return Answer(False, _say(error.smtp_code, error.smtp_error), away=True)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._drop()
            return Answer(False, _name(error), away=True)
        try:
            return self._envelope_and_data(line, sender, recipient, data)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()  # no dot was sent: the server has nothing
            return Answer(False, _name(error), cut=True)

    def _open(self, options: dict[str, Any]) -> smtplib.SMTP:
        if self._line is not None:
            return self._line
        known = {"host": options["host"], "port": options["port"], "timeout": options.get("timeout") or 10}
        if options.get("use_ssl"):
            line: smtplib.SMTP = smtplib.SMTP_SSL(**known, context=ssl.create_default_context())
        else:
            line = smtplib.SMTP(**known)
        self._line, self._has_answered = line, False
        if line.sock is not None:  # the dot goes out on its own, and must not wait for an acknowledgement before it
            line.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.ehlo_or_helo_if_needed()
        if options.get("use_tls"):
            line.starttls(context=ssl.create_default_context())
            line.ehlo()
        if options.get("username"):
            line.login(options["username"], options.get("password") or "")
        self._pipelining = line.has_extn("pipelining")
        return line

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _envelope_and_data(self, line: smtplib.SMTP, sender: str, recipient: str, data: bytes) -> Answer | None:
        """Everything but the dot. Returns what the server refused, or None when it waits for the dot."""
        steps = [f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA"]
        if self._pipelining:  # one journey instead of three (RFC 2920)
            line.send("\r\n".join([*steps, ""]))
        replies = []
        for step in steps:
            if not self._pipelining:
                line.putcmd(step)
            replies.append(line.getreply())
            code = replies[-1][0]
            if code in {-1, 421} or (code // 100 not in {2, 3} and not self._pipelining):
                break  # nothing comes after it
        for step, (code, said) in zip(steps, replies, strict=False):
            if code // 100 in {2, 3}:
                continue
            # A server that refused the recipient may all the same wait for the mail by now: it gets none.
            if self._pipelining or code in {-1, 421}:
                self._drop()
            else:
                self._has_answered = True
                self._reset(line)
            return _refusal(code, said, step=step)
        line.send(data)
        return None

    def _reset(self, line: smtplib.SMTP) -> None:
        try:
            line.rset()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _dot(self, line: smtplib.SMTP) -> Answer:
        try:
            if line.sock is not None:
                usual = line.sock.gettimeout()
                line.sock.settimeout(min(DOT_SECONDS, settings.REMINDER_LEASE_SECONDS * 0.4))
            line.send(b".\r\n")
            code, said = line.getreply()
            if line.sock is not None:
                line.sock.settimeout(usual)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Answer(False, _name(error), in_doubt=True)
        self._has_answered = True
        if code // 100 == 2:
            return Answer(True)
        if code in {-1, 421}:  # no answer that can be read, or a server that leaves
            self._drop()
        if code == -1:
            return Answer(False, _say(code, said), in_doubt=True)
        # It has looked at this letter and not taken it. So it is the letter's own try, also where the server leaves:
        # were it given back, its mark would call it in doubt.
        return Answer(False, _say(code, said), for_good=code >= 500)


def deliver(letter: Letter) -> Answer:
    """Hand one letter over on a connection of its own. Never raises for what a server or network does."""
    with Post() as post:
        answer = post.send(letter)
    assert answer is not None  # nothing was asked before the dot
    return answer


def as_bytes(letter: Letter) -> bytes:
    """The mail of a letter: the same bytes at each try. Raises ValueError for what no header may hold."""
    name, address = parseaddr(settings.MAIL_FROM)
    mark = letter.message_id.strip("<>").partition("@")[0]
    return mailbytes.mail(
        sender=(name, _envelope(address)),
        to=(letter.to_name, _envelope(letter.to_email)),
        subject=letter.subject,
        headers=_headers(letter),
        text=letter.text,
        html=letter.html,
        boundary=f"=_{''.join(filter(str.isalnum, mark))[:50]}",
    )


def _return_path(letter: Letter) -> str:
    """Where a server says that it could not deliver: an address of this letter's own where mail comes in.

    Only in the domain of MAIL_FROM, for which the mail server is known to send (SPF).
    """
    own = parseaddr(settings.MAIL_FROM)[1]
    special = addresses.return_path(letter)
    return special if special and special.rpartition("@")[2] == own.rpartition("@")[2].lower() else own


def bounces_to() -> str:
    """An address such as the one where a server says that it could not deliver; "" where that is MAIL_FROM itself."""
    path = _return_path(Letter(pk=0))
    return "" if path == parseaddr(settings.MAIL_FROM)[1] else path


def is_deliverable(address: str) -> bool:
    """Whether a letter to this address could be handed to a mail server at all; whether it arrives is not known."""
    try:
        validate_email(address)
        return bool(_envelope(address)) and not address.endswith(".invalid")
    except (ValidationError, ValueError):
        return False


def _headers(letter: Letter) -> list[tuple[str, str]]:
    domain = letter.message_id.strip("<>").partition("@")[2] or "localhost"
    return [
        ("Message-ID", letter.message_id),
        # One for all tries, for a relay that honours it; the mailbox has the Message-ID.
        ("X-Idempotency-Key", letter.message_id.strip("<>").partition("@")[0]),
        ("Date", timezone.localtime(letter.created_at).strftime("%a, %d %b %Y %H:%M:%S %z")),
        # RFC 3834: no out-of-office answers to a machine.
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("List-Id", f"<{letter.kind.replace('_', '-')}.ushiro.{domain}>"),
        ("Content-Language", letter.language),
        *sorted(letter.headers.items()),
    ]


def _envelope(address: str) -> str:
    """An address as a server without SMTPUTF8 takes it: the domain in ASCII. Raises ValueError where it cannot."""
    local, at, domain = address.rpartition("@")
    if not at or not local.isascii():
        raise ValueError("an address that a mail server does not take")
    return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"


def _by_django(letter: Letter) -> Answer:
    """Through whatever mailer Django has instead of SMTP: the tests' box, a console, a file."""
    headers = dict(_headers(letter))
    message = EmailMultiAlternatives(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.MAIL_FROM,
        to=[formataddr((letter.to_name, letter.to_email))],
        headers=headers,
    )
    if letter.html:
        message.attach_alternative(letter.html, "text/html")
    try:
        as_bytes(letter)
        message.message()
    except (ValueError, MessageError) as error:
        return Answer(False, _name(error), for_good=True)
    message.send(using="default")
    return Answer(True)


def _refusal(code: int, said: bytes | str, *, step: str) -> Answer:
    """step: the command to which the server said it; at MAIL it does not know yet for whom the letter is."""
    # 535 (wrong password) and 530 (sign in first) mean that the settings are wrong, not the letter; 421 that the
    # server is leaving, perhaps because of this recipient; -1 that it has left.
    away = code in {530, 535} or (code == 421 and step.startswith("MAIL"))
    cut = code in {-1, 421} and not away
    error = _say(code, said)
    nobody = step.startswith("RCPT") and no_such_recipient(code, error.partition(" ")[2])
    return Answer(False, error, for_good=code >= 500 and not away, away=away, cut=cut, nobody=nobody)


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _say(code: int, said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"{code} {text}"
