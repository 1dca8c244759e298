"""Addresses at which chat services take messages, as people copy them, and their parts.

Nothing of an address that is not named here goes along: a query that means something to the sending library stays behind.

>>> read("slack", "https://hooks.slack.com/services/T0/B0/abcd1234").parts
('T0', 'B0', 'abcd1234')
>>> read("chatwork", "https://www.chatwork.com/#!rid12345").address
'https://api.chatwork.com/v2/rooms/12345/messages'
>>> read("slack", "https://example.com/services/T0/B0/x")
Traceback (most recent call last):
    ...
tools.plain.webaddress.BadAddress: other_service
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from tools.plain import webaddress
from tools.plain.webaddress import BadAddress

SHOWN = 4  # letters of an address that tell one from another, and open nothing


@dataclass(frozen=True)
class Place:
    """Where a message goes. address: the whole, a secret. parts: what a service's own address is made of."""

    address: str
    host: str
    parts: tuple[str, ...] = ()
    known_by: str = ""

    @property
    def tail(self) -> str:
        """The last letters, by which somebody knows it again."""
        return (self.known_by or self.address)[-SHOWN:]


_SLACK = re.compile(r"/services/([A-Za-z0-9]{1,40})/([A-Za-z0-9]{1,40})/([A-Za-z0-9]{1,80})/?", re.ASCII)
_DISCORD = re.compile(r"/api/webhooks/([0-9]{1,30})/([A-Za-z0-9_-]{1,200})/?", re.ASCII)
_LINEWORKS = re.compile(r"/message/([A-Za-z0-9._~-]{1,120})/?", re.ASCII)
_TEAMS = re.compile(
    r"(/powerautomate/automations/direct(?:/cu/([0-9]{1,6}))?)?/workflows/([A-Za-z0-9_-]{1,120})"
    r"/triggers/manual/paths/invoke/?\?(.{1,1500})",
    re.ASCII,
)
_TEAMS_HOSTS = (".logic.azure.com", ".environment.api.powerplatform.com")
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(-preview)?|1", re.ASCII)
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
_ROOM = re.compile(r"(?:https://(?:www\.|kcw\.)?(?:chatwork\.com|kddi\.ne\.jp)/\S*?rid)?([1-9][0-9]{0,18})\Z", re.ASCII)


def read(kind: str, text: str) -> Place:
    """The place that somebody typed for a service. BadAddress: as tools.plain.webaddress says, or `other_service`."""
    text = text.strip()
    if kind == "chatwork":
        return _chatwork(text)
    address = webaddress.read(text)
    if kind == "webhook":
        return Place(text, address.host)
    if address.port != 443:
        raise BadAddress("bad_port")
    parts = {"slack": _slack, "discord": _discord, "lineworks": _lineworks, "teams": _teams}[kind](
        address.host, address.target
    )
    if parts is None:
        raise BadAddress("other_service")
    return Place(text, address.host, parts)


def _chatwork(text: str) -> Place:
    """A room's number, the address of its page, or the address at which messages are taken."""
    known = re.fullmatch(r"https://api\.chatwork\.com/v2/rooms/([1-9][0-9]{0,18})/messages", text)
    found = known or _ROOM.match(text)
    if found is None:
        raise BadAddress("other_service")
    return Place(f"https://api.chatwork.com/v2/rooms/{found[1]}/messages", "api.chatwork.com", (found[1],), found[1])


def _slack(host: str, target: str) -> tuple[str, ...] | None:
    found = _SLACK.fullmatch(target)
    return found.groups() if found and host == "hooks.slack.com" else None


def _discord(host: str, target: str) -> tuple[str, ...] | None:
    found = _DISCORD.fullmatch(target)
    return found.groups() if found and host in {"discord.com", "discordapp.com"} else None


def _lineworks(host: str, target: str) -> tuple[str, ...] | None:
    found = _LINEWORKS.fullmatch(target)
    return found.groups() if found and host == "webhook.worksmobile.com" else None


def _teams(host: str, target: str) -> tuple[str, ...] | None:
    """(the flow, its signature, the version of the interface, the route or "", "1" for Power Automate's own host)."""
    found = _TEAMS.fullmatch(target)
    if found is None or not host.endswith(_TEAMS_HOSTS):
        return None
    asked = parse_qs(found[4])
    signature, version = asked.get("sig", [""])[0], asked.get("api-version", ["2016-06-01"])[0]
    if not _SIGNATURE.fullmatch(signature) or not _VERSION.fullmatch(version):
        return None
    if asked.get("sp", ["/triggers/manual/run"]) != ["/triggers/manual/run"] or asked.get("sv", ["1.0"]) != ["1.0"]:
        return None
    return found[3], signature, version, found[2] or "", "1" if found[1] else ""
