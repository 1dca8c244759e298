"""The only way out by HTTP. Whatever address somebody typed, it reaches the public internet by https or nothing at all.

In this order, each before the next: the grammar of the address (tools/plain/webaddress.py), the port, the names and
addresses of this house, one look-up of the name with a time limit, every address that it gives (none of them this
machine's, or one at which the house's own site or mail is), the connection to one of
exactly these addresses, and a certificate for the name. Nothing is looked up a second time, so that a name server that
changes its answer (DNS rebinding) changes nothing. No redirect, no cookie, no proxy of the environment, one deadline for
all of it, and of the answer as much as is read.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings

from tools.plain import httpwire, webaddress
from tools.plain.webaddress import Address, BadAddress

PATIENCE = 10.0  # seconds for all of one call
MOST = 64 * 1024  # bytes of an answer
PORTS = frozenset({443})
TRIED = 3  # addresses of one name that are tried
LOOKING = threading.BoundedSemaphore(16)  # look-ups whose name server does not answer hold a thread each

KEPT = 60.0  # seconds for which the addresses of the house's own names are known
_numbers_kept: dict[tuple[object, tuple[str, ...]], tuple[float, frozenset[str]]] = {}

# What a name server is asked; a test answers in its place.
look_up: Callable[..., list] = socket.getaddrinfo


class NotSent(Exception):
    """No answer came, or none was asked for. `word` says why and holds nothing of the address:

    of the address `not_https`, `bad_address`, `has_user`, `bad_host`, `bad_port`, `local_name`, `own_host`,
    `not_public`, `unknown_host`; of the way `unreachable`, `too_slow`, `bad_certificate`; of the answer `bad_answer`,
    `redirected`.
    """

    def __init__(self, word: str):
        super().__init__(word)
        self.word = word


# Words for which somebody has to change the address; for the others it may be well a minute later.
OF_THE_ADDRESS = frozenset("not_https bad_address has_user bad_host bad_port local_name own_host not_public".split())


@dataclass(frozen=True)
class Answer:
    """What the other side said. headers: names in lower case. body: its first 64 KiB."""

    status: int
    headers: dict[str, str]
    body: bytes


def call(
    url: str,
    *,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    patience: float | None = None,
    most: int = MOST,
    trusted: bool = False,
) -> Answer:
    """Ask `url` once. patience: seconds for all of it, default PATIENCE. most: bytes of the answer's body that are read.

    trusted: the address stands in a setting of the operator, who may name a machine of the house; https and the
    certificate are asked for all the same. Raises NotSent; an answer of 4xx or 5xx is an answer.
    """
    until = time.monotonic() + (PATIENCE if patience is None else patience)
    address = _vet(url, trusted=trusted)
    allowed = trusted or is_allowed(address)
    try:
        said = httpwire.request(
            method,
            address.target,
            address.at,
            {"User-Agent": "Ushiro", "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})},
            body,
        )
    except ValueError:
        raise NotSent("bad_address") from None
    found = _numbers(address, until, allowed=allowed)
    with _connected(address, found, until) as plain:
        return _ask(plain, address, said, until, most)


def why_not(url: str) -> str:
    """Why this address would not be asked, by what it says alone: no name is looked up. "" when it would."""
    try:
        _vet(url, trusted=False)
    except NotSent as fault:
        return fault.word
    return ""


def is_allowed(address: Address) -> bool:
    """Whether the operator named this host (EGRESS_ALLOW), with this port unless it is 443."""
    return (address.host, address.port) in _allowed(tuple(settings.EGRESS_ALLOW))


# The address ---------------------------------------------------------------------------------


def _vet(url: str, *, trusted: bool) -> Address:
    try:
        address = webaddress.read(url)
    except BadAddress as fault:
        raise NotSent(fault.code) from None
    if trusted or is_allowed(address):
        return address
    if address.port not in PORTS:
        raise NotSent("bad_port")
    if address.host in own_hosts():
        raise NotSent("own_host")
    if address.is_number:
        if not webaddress.is_public(address.host):
            raise NotSent("not_public")
    elif webaddress.is_local_name(address.host):
        raise NotSent("local_name")
    return address


@cache
def _allowed(entries: tuple[str, ...]) -> frozenset[tuple[str, int]]:
    found = set()
    for entry in entries:
        address = webaddress.read(f"https://{entry}")
        found.add((address.host, address.port))
    return frozenset(found)


def own_hosts() -> frozenset[str]:
    """Hosts of this house: its site, database, cache, broker, mail server and mailbox. Nobody's address leads there."""
    places = [settings.SITE_URL, settings.SMTP_URL, str(settings.CACHES["default"].get("LOCATION", ""))]
    places += settings.CELERY_BROKER_URL.split(";")
    names = [*settings.ALLOWED_HOSTS, str(settings.DATABASES["default"].get("HOST", ""))]
    names.append(str(settings.IMAP.get("host", "")))
    return _named(tuple(places), tuple(names))


@cache
def _named(places: tuple[str, ...], names: tuple[str, ...]) -> frozenset[str]:
    found = {name.strip("[]").lower() for name in names}
    for place in places:
        try:
            found.add((urlsplit(place.strip()).hostname or "").lower())
        except ValueError:  # such as a setting with several hosts in one
            continue
    return frozenset(found - {"", "*"})


# The name ------------------------------------------------------------------------------------


def _numbers(address: Address, until: float, *, allowed: bool) -> list[str]:
    """The network addresses of the host, each of them vetted: one that is not everybody's and nothing is asked at all."""
    if address.is_number:
        found = [address.host]
    else:
        found = _looked_up(address.host, address.port, until)
    if not allowed:
        if not all(webaddress.is_public(number) for number in found):
            raise NotSent("not_public")
        if any(number in own_hosts() or _is_of_this_machine(number) for number in found):
            raise NotSent("own_host")
        # A foreign name may lead to the house's own front door: what counts is where it leads.
        if not _own_numbers(until).isdisjoint(found):
            raise NotSent("own_host")
    return found[:TRIED]


def _is_of_this_machine(number: str) -> bool:
    """Whether a network address is one of this machine's own: only to these a socket can be tied."""
    family, nobodys = (socket.AF_INET6, "2001:db8::1") if ":" in number else (socket.AF_INET, "192.0.2.1")
    # Where the system lets any address be used (ip_nonlocal_bind), this says nothing.
    return _can_be_tied(family, number) and not _can_be_tied(family, nobodys)


def _can_be_tied(family: int, number: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as plain:
            plain.bind((number, 0))
    except OSError:
        return False
    return True


def _own_numbers(until: float) -> frozenset[str]:
    """Where the house's site, its mail server and its mailbox are, by the name server; kept for a minute.

    A name of theirs that has no address now leads nobody there.
    """
    places = [settings.SITE_URL, settings.SMTP_URL, f"//{settings.IMAP.get('host', '')}"]
    names = tuple(sorted({(urlsplit(place).hostname or "").lower() for place in places} - {""}))
    key = (look_up, names)
    kept = _numbers_kept.get(key)
    if kept is None or time.monotonic() - kept[0] >= KEPT:
        found: set[str] = set()
        for name in names:
            if not (webaddress.is_local_name(name) or webaddress.is_number(name)):
                # One of ours that is slow to be found must not stop what goes elsewhere.
                with suppress(NotSent):
                    found.update(_looked_up(name, 443, min(until, time.monotonic() + 2)))
        _numbers_kept.clear()
        kept = _numbers_kept[key] = (time.monotonic(), frozenset(found))
    return kept[1]


class _Unknown(NotSent):
    """The name has no address."""


def _looked_up(host: str, port: int, until: float) -> list[str]:
    """One look-up. The system's has no time limit of its own, so a thread waits for it, and is left when it is late."""
    turn = LOOKING
    if not turn.acquire(timeout=_left(until)):
        raise NotSent("too_slow")
    answer: queue.SimpleQueue[list | None] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answer.put(look_up(host, port, type=socket.SOCK_STREAM))
        except (OSError, ValueError):  # UnicodeError is one of these
            answer.put(None)
        finally:
            turn.release()

    threading.Thread(target=ask, name="egress-look-up", daemon=True).start()
    try:
        said = answer.get(timeout=_left(until))
    except queue.Empty:
        raise NotSent("too_slow") from None
    numbers = list(dict.fromkeys(str(place[0]) for *_kind, place in said or []))
    if not numbers:
        raise _Unknown("unknown_host")
    return numbers


# The connection --------------------------------------------------------------------------------


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise NotSent("too_slow")
    return left


def _connected(address: Address, numbers: list[str], until: float) -> socket.socket:
    """A connection to one of the vetted addresses, and to no other: what the system would look up is not asked."""
    fault = "unreachable"
    for number in numbers:
        plain = socket.socket(socket.AF_INET6 if ":" in number else socket.AF_INET, socket.SOCK_STREAM)
        try:
            plain.settimeout(_left(until))
            plain.connect((number, address.port))
        except TimeoutError:
            fault = "too_slow"
        except OSError:
            fault = "unreachable"
        except BaseException:
            plain.close()
            raise
        else:
            return plain
        plain.close()
    raise NotSent(fault)


def _context() -> ssl.SSLContext:
    """Verifies certificate and name; the operator's own authority (EGRESS_CA_FILE) beside those of the system."""
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.EGRESS_CA_FILE:
        made.load_verify_locations(settings.EGRESS_CA_FILE)
    return made


def _ask(plain: socket.socket, address: Address, said: bytes, until: float, most: int) -> Answer:
    try:
        plain.settimeout(_left(until))
        with _context().wrap_socket(plain, server_hostname=address.host) as link:
            link.settimeout(_left(until))
            link.sendall(said)
            return _read(link, until, most)
    except TimeoutError:
        raise NotSent("too_slow") from None
    except ssl.SSLCertVerificationError:
        raise NotSent("bad_certificate") from None
    except (OSError, ValueError):
        raise NotSent("unreachable") from None


def _read(link: socket.socket, until: float, most: int) -> Answer:
    reading = httpwire.Reading(most=most)
    try:
        for piece in _pieces(link, until):
            if reading.take(piece):
                break
    except httpwire.BadAnswer:
        raise NotSent("bad_answer") from None
    if 300 <= reading.status < 400:
        raise NotSent("redirected")
    return Answer(reading.status, reading.headers, reading.body)


def _pieces(link: socket.socket, until: float) -> Iterator[bytes]:
    """What arrives, and b"" at its end. The time limit of a socket begins anew with each byte; this one does not."""
    while True:
        link.settimeout(_left(until))
        try:
            piece = link.recv(16 * 1024)
        except ssl.SSLEOFError:  # closed without a word; the answer's own length says whether all of it came
            piece = b""
        yield piece
        if not piece:
            return
