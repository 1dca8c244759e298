"""What others than its writer may read of a mail that came in: not the links, addresses and ids of our letters (U7).

Whoever answers a letter quotes it, and with it what acts in their name. The mail as it came is for them alone; all else
that is shown or attached goes through here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.header import Header
from email.mime.text import MIMEText
from email.utils import format_datetime, formataddr

from django.conf import settings
from django.utils.translation import gettext as _

from incidents.letters import addresses
from tools.plain.mailcharset import decoded
from tools.plain.mailheaders import Address
from tools.plain.mailparse import Carried, Mail, parse
from tools.plain.oneline import one_line
from tools.plain.ownmarks import Marks

_DEEPEST = 4  # mails in mails that are looked into; what lies deeper is written anew as text
_HEADER = re.compile(
    rb"^(?:From|To|Cc|Date|Subject|Message-ID|Received|Return-Path|MIME-Version):", re.MULTILINE | re.IGNORECASE
)
_CHARSETS = ("utf-8", "cp932", "iso2022_jp")
_READABLE = ("text/", "application/json", "application/xml", "application/xhtml")


def marks() -> Marks:
    """What is secret in our letters, as this installation writes them."""
    return Marks(settings.SITE_URL, settings.INBOUND_ADDRESS, addresses.own_domain())


def scrub(text: str) -> str:
    """The text without links that act for somebody, addresses that were given to somebody, and ids of our letters."""
    return marks().without(text)


def are_in(mail: Mail, *, depth: int = 0) -> bool:
    """Whether a mail holds one of them anywhere, or could not be read as far as that."""
    if mail.flaws or depth > _DEEPEST:
        return True
    ours = marks()
    said = "\n".join(f"{name}: {value}" for name, value in mail.headers)
    if any(map(ours.are_in, [said, mail.text, mail.markup, *mail.returned])):
        return True
    for one in mail.files:
        if _is_mail(one):
            inside = parse(one.content)
            if _is_our_letter(inside) or are_in(inside, depth=depth + 1):
                return True
        elif _is_text(one) and ours.are_in(decoded(one.content)):
            return True
    return False


def _is_text(one: Carried) -> bool:
    """Whether a file can be read as text, whatever kind the sender calls it. A PDF cannot: written anew it would be none."""
    if one.media_type.startswith(_READABLE):
        return True
    return b"\0" not in one.content and any(_reads_as(one.content, charset) for charset in _CHARSETS)


def _reads_as(content: bytes, charset: str) -> bool:
    try:
        content.decode(charset)
    except UnicodeDecodeError:
        return False
    return True


def _is_mail(one: Carried) -> bool:
    """Whether a file is a mail: called one, named one, or beginning as one does (RFC 5322 2.2)."""
    if one.media_type == "message/rfc822" or one.name.lower().endswith(".eml"):
        return True
    return len(_HEADER.findall(one.content[:4_096])) >= 2 and _is_text(one)


def _is_our_letter(mail: Mail) -> bool:
    """Whether a mail is a letter of this installation: it tells one person of records that others may not read."""
    lists = [value for name, value in mail.headers if name.lower() == "list-id"]
    return any(addresses.own_list() in value.lower() for value in lists)


def file(one: Carried) -> bytes:
    """What a record gets of a file that came in a mail: as it came, or its text without our secrets."""
    if _is_mail(one):
        inside = parse(one.content)
        if _is_our_letter(inside):
            return copy(Mail(content_type="text/plain", text=_("うしろからの手紙です。宛てられた方だけが読めます。")))
        return copy(inside) if are_in(inside) else one.content
    if not _is_text(one):
        return one.content
    text = decoded(one.content)
    return scrub(text).encode() if marks().are_in(text) else one.content


def copy(mail: Mail) -> bytes:
    """A mail written anew from what may be shown of it: from whom, to whom, when, and its text; its files are not in it."""
    made = MIMEText(scrub(mail.text) + "\n", "plain", "utf-8")
    made["From"] = _list(mail.senders[:10])
    made["To"] = _list([one for one in mail.recipients if not addresses.is_ours(one.address)][:50])
    if mail.date is not None:
        made["Date"] = format_datetime(mail.date)
    made["Subject"] = Header(one_line(scrub(mail.subject))[:300], "utf-8")
    return made.as_bytes()


def _list(people: Sequence[Address]) -> str:
    known = dict.fromkeys((one_line(one.name), one.address) for one in people if one.address.isascii())
    return ", ".join(one_line(formataddr(pair)) for pair in known)
