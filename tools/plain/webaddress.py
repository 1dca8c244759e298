"""Where an outgoing request may go: the grammar of the address, and which network addresses are everybody's.

>>> read("https://hooks.example.jp/a?b=c")
Address(host='hooks.example.jp', port=443, target='/a?b=c')
>>> read("https://2130706433/")
Traceback (most recent call last):
    ...
tools.plain.webaddress.BadAddress: bad_host
>>> is_public("8.8.8.8"), is_public("10.1.2.3"), is_public("::ffff:8.8.8.8")
(True, False, False)
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

import idna

MOST = 2_000  # characters of an address
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_PRINTABLE = re.compile(r"[!-~]*", re.ASCII)
# Dots that Unicode and IDNA take for a dot: 127。0。0。1 is no name that anybody writes by accident.
_ODD_DOTS = frozenset("\u3002\uff0e\uff61\u2024\ufe52")
# Names that no public name server answers for, or that lead to the machine, the house or its cloud (RFC 6761, 6762,
# 8375, 9476; ICANN's .internal).
LOCAL_NAMES = frozenset(
    "localhost local localdomain internal intranet lan home corp private arpa onion invalid test alt".split()
)

# What is_global of Python 3.12 says differs between its patch releases, so each range is named here (IANA's registries
# of special-purpose addresses, RFC 6890).
_CLOSED = [
    ipaddress.ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "168.63.129.16/32",  # a cloud's own host, at an address that looks public
        # Everything of IPv6 but 2000::/3, and in it what carries another address or is set aside:
        "::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip


class BadAddress(Exception):
    """An address that is not asked. `code`: one word that says why, without the address."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Address:
    """A web address that keeps to the grammar. host: in lower case, ASCII, an IPv6 address without its brackets."""

    host: str
    port: int
    target: str

    @property
    def is_number(self) -> bool:
        """Whether the host is a network address and no name."""
        return _as_number(self.host) is not None

    @property
    def at(self) -> str:
        """The host as the request's Host names it (RFC 9110 7.2)."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == 443 else f"{name}:{self.port}"


def read(text: str) -> Address:
    """An https address as it is asked, or BadAddress with `not_https`, `bad_address`, `has_user`, `bad_host` or `bad_port`.

    Stricter than RFC 3986: what two programs could read in two ways is no address (blanks, backslashes, a user before
    the host, percent signs in the host, numbers in other bases, a dot at the end, a fragment).
    """
    if text[:8].lower() != "https://":
        raise BadAddress("not_https")
    if len(text) > MOST:
        raise BadAddress("bad_address")
    rest = text[8:]
    cut = re.search(r"[/?#\\]", rest)
    place, target = (rest[: cut.start()], rest[cut.start() :]) if cut else (rest, "")
    if "@" in place:
        raise BadAddress("has_user")
    if not _PRINTABLE.fullmatch(target) or set(target) & set('#\\"<>^`{|}'):
        raise BadAddress("bad_address")
    if not target.startswith("/"):
        target = f"/{target}"
    host, port = _split(place)
    return Address(_host(host), port, target)


def _split(place: str) -> tuple[str, int]:
    """Host and port. An IPv6 address stands in brackets (RFC 3986 3.2.2)."""
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket or ":" not in host or (rest and not rest.startswith(":")):
            raise BadAddress("bad_host")
        colon, port = rest[:1], rest[1:]
    else:
        host, colon, port = place.partition(":")
        if ":" in port:
            raise BadAddress("bad_host")
    if not colon:
        return host, 443
    if not _PORT.fullmatch(port) or int(port) > 65535:
        raise BadAddress("bad_port")
    return host, int(port)


def _host(host: str) -> str:
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host)) if "%" not in host else _bad_host()
        except ValueError:
            raise BadAddress("bad_host") from None
    if not host.isascii():
        host = _in_ascii(host)
    host = host.lower()
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadAddress("bad_host")
    if _as_number(host) is not None:
        return host
    # What ends in a number is an IPv4 address to most programs, in one of four spellings (WHATWG URL 3.5).
    if labels[-1].isdigit() or re.fullmatch(r"0x[0-9a-f]*", labels[-1]):
        raise BadAddress("bad_host")
    return host


def _in_ascii(host: str) -> str:
    """A name in Japanese as name servers know it (IDNA 2008, RFC 5891); never one that only looks like ASCII."""
    if set(host) & _ODD_DOTS:
        raise BadAddress("bad_host")
    try:
        return idna.encode(host, strict=True, std3_rules=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, IndexError):
        raise BadAddress("bad_host") from None


def _bad_host() -> str:
    raise BadAddress("bad_host")


def _as_number(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_number(host: str) -> bool:
    """Whether a host is a network address and no name."""
    return _as_number(host) is not None


def is_local_name(host: str) -> bool:
    """Whether a name belongs to a machine or a house and not to the world: one label alone, or one of LOCAL_NAMES."""
    labels = host.split(".")
    return len(labels) == 1 or labels[-1] in LOCAL_NAMES


def is_public(number: str) -> bool:
    """Whether a network address belongs to the public internet; one that carries another address in itself does not."""
    found = _as_number(number)
    if found is None or getattr(found, "scope_id", None):
        return False
    if any(found in closed for closed in _CLOSED if closed.version == found.version):
        return False
    # An address that a tunnel at the edge of a house would unwrap (ISATAP, RFC 5214 6.1).
    if found.version == 6 and (int(found) >> 32) & 0xFDFFFFFF == 0x5EFE:
        return False
    return found.is_global and not found.is_multicast
