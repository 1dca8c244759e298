"""One log line for one thing, and no secret in it.

What is logged may hold what a stranger sent: the address of a request, the words of a fault. So a line end in it is
shown as `\\n` and begins no line of its own (Django CVE-2025-48432), further lines of a fault begin with blanks, and what
looks like a token, a password or somebody's mail is left out, whoever wrote the call.
"""

from __future__ import annotations

import logging
import re

HIDDEN = "[…]"
# The ends of lines that editors and terminals know, other control characters, and what turns the order of text around.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_WORD = r"(?:pass(?:word|wd)?\d?|secret\w*|token\w*|api_?key|authorization|cookie|sessionid|csrf\w*|receipt|body)"
_SECRETS = (
    # An address that is a secret as a whole: links of mails, the page without a name, calendars, a new password.
    (re.compile(r"(/(?:m|n|feed)/)[^\s\"'<>]+"), rf"\1{HIDDEN}"),
    (re.compile(r"(/(?:password/reset/key|setup|invite|invitation)/)[^\s\"'<>]+"), rf"\1{HIDDEN}"),
    # scheme://user:password@host
    (re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@\"']{1,200}@", re.IGNORECASE), rf"\1{HIDDEN}@"),
    (re.compile(r"\b((?:Bearer|Basic|Digest)\s+)[^\s,;\"']+", re.IGNORECASE), rf"\1{HIDDEN}"),
    # 'password': 'x', token=x, Cookie: x
    (re.compile(rf"\b({_WORD}[\"']?\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&)}}\]]+)", re.IGNORECASE), rf"\1{HIDDEN}"),
    # What django.core.signing makes: value:time:signature.
    (re.compile(r"[\w-]{2,}:[\w-]{4,8}:[\w-]{43}"), HIDDEN),
    (re.compile(r"__Host-ushiro_(\w+)=\S+"), rf"__Host-ushiro_\1={HIDDEN}"),
)
MOST = 20_000  # signs of one entry; more is cut, so that nobody fills the disk with one request


def scrubbed(text: str) -> str:
    """The text without what looks like a secret.

    >>> scrubbed("Not Found: /m/done/WzEsMl0:1vP3xA:abc/")
    'Not Found: /m/[…]'
    >>> scrubbed("redis://user:pass@host/0 refused, token='x y', letter 12")
    'redis://[…]@host/0 refused, token=[…], letter 12'
    """
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


class Line(logging.Formatter):
    """time, level, logger and message in one line; a traceback follows in lines that begin with two blanks."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        whole = super().format(record)
        if len(whole) > MOST:
            whole = whole[:MOST] + HIDDEN
        return scrubbed(re.sub(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]", "\n  ", whole))
