"""What servers say when they refuse a recipient, as they were seen to say it."""

from __future__ import annotations

import pytest

from tools.plain.smtpreply import no_such_recipient


@pytest.mark.parametrize(
    "said",
    [
        "550 5.1.1 <x@example.jp>: Recipient address rejected: User unknown in local recipient table",
        "550 5.1.1 The email account that you tried to reach does not exist.",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 5.4.1 Recipient address rejected: Access denied. [AS(201806281)]",
        "553 5.1.3 User address required",
        "550 5.2.1 The account is inactive",
        "550 #5.1.0 Address rejected.",
        "550 5.1.2 <x@example.invalid>: Domain not found",
        "550 User unknown",
        "550 Unrouteable address",
        "550 No such user here",
        "551 user does not exist",
        "550 Requested action not taken: mailbox unavailable",
        "553 Invalid recipient x@example.jp",
    ],
)
def test_nobody_is_there(said):
    assert no_such_recipient(int(said[:3]), said[4:])


@pytest.mark.parametrize(
    "said",
    [
        "554 5.7.1 <x@example.jp>: Relay access denied",
        "550 5.7.1 Unable to relay",
        "550 relay not permitted",
        "550 relaying denied for unknown user",
        "550 5.7.1 Client host blocked using Spamhaus",
        "550 5.7.509 Access denied, sending domain does not pass DMARC",
        "550 5.1.8 Sender address rejected: Domain not found",
        "550 5.1.7 Invalid sender address",
        "552 5.2.2 Mailbox full",
        "552 5.3.4 Message too big",
        "554 5.6.0 content not accepted",
        "554 delivery error: nothing more is said",
        "550 Requested action not taken",
        "550 Administrative prohibition",
        "554 Message rejected under suspicion of spam",
        "450 4.1.1 user unknown, for now",
        "451 4.7.1 later",
        "550 15.1.1 is no code",
        "503 5.5.1 bad sequence",
    ],
)
def test_it_is_about_something_else(said):
    assert not no_such_recipient(int(said[:3]), said[4:])
