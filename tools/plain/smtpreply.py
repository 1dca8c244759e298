"""What a mail server means by refusing a recipient: nobody is there, or it does not want the mail. Plain Python.

The extended code (RFC 3463) says it; where a server gives none, only words that can mean nothing else do.
"""

from __future__ import annotations

import re

# X.1.x is about the address of who is written to, but for .7 and .8, which are about the sender's; .2.1: it is switched off.
_NOBODY = frozenset("5.1.0 5.1.1 5.1.2 5.1.3 5.1.6 5.1.10 5.2.1".split())
_STATUS = re.compile(r"\s*#?([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_PLAIN = frozenset({550, 551, 553})
_WORDS = re.compile(
    r"(unknown|no such|invalid|non-?existent) (local )?(user|recipient|mailbox|address|account)"
    r"|(user|recipient|mailbox|address|account)( \S+)? (is )?(unknown|not found|invalid|disabled|inactive|unavailable|does ?n.t exist)"
    r"|does not exist|no mailbox|unrout(e)?able address|not a known user",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"relay|spam|block|black|polic|reputation|authenti|sign in|too (many|large|big)|quota", re.IGNORECASE
)


def no_such_recipient(code: int, said: str) -> bool:
    """Whether the answer to RCPT TO says for good that nobody is reached at this address.

    code: of three digits. said: what stands behind it. False for what is about the sender, the connection, the mail or
    the server's own rules (5.7.x, relaying denied), and for what may pass (4xx).
    """
    if code // 100 != 5:
        return False
    status = _STATUS.match(said)
    if status is not None:
        # Microsoft 365 says 5.4.1 for whom it does not know.
        return status[1] in _NOBODY or (status[1] == "5.4.1" and "recipient address rejected" in said.lower())
    return code in _PLAIN and bool(_WORDS.search(said)) and not _OTHERWISE.search(said)
