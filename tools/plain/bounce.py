"""What kind of mail a mail is: somebody's words, a bounce, an answer by a machine, a complaint, or our own come back.

Read from what a machine says of itself: delivery reports (RFC 3464), automatic answers (RFC 3834), complaints (RFC 5965);
then from the sender and the words of servers that keep to none of them. In doubt a mail of a machine is never taken for
somebody's words: those can be sent again, what was posted in a name cannot be taken back. Plain Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tools.plain.mailparse import Mail

ORDINARY, AUTO, COMPLAINT, LOOP = "ordinary", "auto", "complaint", "loop"
HARD, SOFT = "bounce_hard", "bounce_soft"
BOUNCES = frozenset({HARD, SOFT})
# What else is known of who wrote a mail: nothing; that a person's own address answers a letter, to which a machine may
# answer as well; that it writes of itself to an address that no letter names.
UNKNOWN, ANSWERS, WRITES = "", "answers", "writes"
MOST_HOPS = 40  # Received lines; a mail on a straight way has ten


@dataclass(frozen=True)
class Verdict:
    """kind: one of the words above. sign: what gave it away. failed: addresses that were not reached, in small letters.

    named: those of them that a machine named as such (RFC 3464 2.3), not found in its prose.
    status: as RFC 3463 writes it, "5.1.1", or "". returned_ids: Message-IDs of the mail that came back.
    """

    kind: str
    sign: str = ""
    failed: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    status: str = ""
    returned_ids: tuple[str, ...] = ()


def judge(mail: Mail, *, own: frozenset[str] = frozenset(), own_list: str = "", writer: str = UNKNOWN) -> Verdict:
    """What kind of mail it is.

    own: addresses from which this installation writes, in small letters. own_list: the end of its List-Ids, such as
    ".ushiro.example.jp"; what bears one is a mail of ours that somebody sends on to us. writer: UNKNOWN, ANSWERS or WRITES.
    Whoever is known to write may write of machines: then subject and words prove none. Of an answer a subject alone
    still does that says nothing else (「自動応答: 不在です」), because not every machine has the headers.
    """
    if _arrived(mail):
        return Verdict(AUTO, "delivery report")
    if (sign := _complains(mail)) or (sign := _bounces(mail, writer)):
        return _verdict(mail, sign)
    if sign := _loops(mail, own, own_list):
        return Verdict(LOOP, sign)
    if sign := _by_machine(mail, writer):
        return Verdict(AUTO, sign)
    return Verdict(ORDINARY)


def _verdict(mail: Mail, sign: str) -> Verdict:
    ids = tuple(dict.fromkeys(_ids_in(mail)))
    if sign == "feedback":
        return Verdict(COMPLAINT, sign, failed=tuple(_complained(mail)), returned_ids=ids)
    failed, status = _failed(mail)
    named = tuple(dict.fromkeys(filter(None, _named(mail))))[:20]
    return Verdict(HARD if _is_hard(mail, status) else SOFT, sign, failed, named, status, ids)


def _arrived(mail: Mail) -> bool:
    """Whether it is a report that all went well, which some servers send unasked (RFC 3464 2.3.3)."""
    actions = {value.split()[0].lower() for name, value in _fields(mail) if name == "action" and value.strip()}
    return bool(actions) and actions <= {"delivered", "relayed", "expanded"}


# Complaints -------------------------------------------------------------------------------------


def _complains(mail: Mail) -> str:
    if any(report.kind == "message/feedback-report" for report in mail.reports):
        return "feedback"
    return "feedback" if "feedback-report" in mail.header("content-type").lower() else ""


def _complained(mail: Mail) -> list[str]:
    return [_address(value) for name, value in _fields(mail, "message/feedback-report") if name == "original-rcpt-to"]


# Bounces ----------------------------------------------------------------------------------------

_DAEMON = re.compile(
    r"(mailer[-_.]?daemon|mail[-_.]?daemon|post_?master|poostmaster|mail\.?delivery\.?(system|subsystem)|maildelivery\w*)(\W|\Z)",
    re.IGNORECASE,
)
_DAEMON_NAME = re.compile(
    r"mail(er)? ?delivery|mail deliver system|mailer-?daemon|delivery subsystem|postmaster|ndr administrator|content-filter"
    r"|system administrator|internet mail delivery",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"undeliver(ed|able)|un?deliverable|returned? mail|mail returned|returned to sender|failure notice|delivery (status )?notification"
    r"|delivery (failure|failed|status|report|problem|has (failed|been delayed))|mail delivery|failure delivery|non recapitabile"
    r"|could not (be delivered|send)|not be delivered|message (delivery|status)|warning: (could not|message)|mail system error"
    r"|error sending your mail|message you sent blocked|postmaster notify|non remis|unzustellbar|échec de (la )?remise|配信不能"
    r"|配信できませ|配信でき(ない|ません)|配信エラー|送信エラー|送信できませ|送信失敗|宛先不明|届きませんでした|メールが戻|配送(エラー|失敗|できません)"
    r"|メール(を|が)?配(信|送)(に失敗|でき)|メッセージを配信でき|недоставленн|не доставлен|送達失敗|you .{1,80} are not member",
    re.IGNORECASE,
)
_WORDS = re.compile(
    r"(could not|can ?not|couldn't|unable to|not able to|failed to) (be )?deliver|undeliverable|user unknown|unknown user|no such user|not listed in"
    r"|invalid (user|recipient|mailbox) address|mailbox (is )?(full|unavailable|not found|name not allowed)|following address(es)? (had|failed)"
    r"|this is the mail system at host|this is the mailer-?daemon|delivery to the following recipients?|recipient address rejected"
    r"|transcript of (the )?session|\b5\d\d[ -]5\.\d\.\d|permanent (fatal )?error|could not be delivered|host (unknown|not found)"
    r"|not a member of this mailing list|宛先.{0,20}見つかりません|配信できませんでした|送信できませんでした",
    re.IGNORECASE,
)


# Somebody who sends a bounce on to us wrote that mail all the same.
_SENT_ON = re.compile(r"\s*(fwd?|re|aw|wg|転送)\s*[:：]", re.IGNORECASE)


def _bounces(mail: Mail, writer: str = UNKNOWN) -> str:
    if any(name in {"final-recipient", "original-recipient", "action"} for name, _value in _fields(mail)):
        return "delivery-status"
    content = mail.header("content-type").lower()
    if mail.content_type == "multipart/report" and "disposition-notification" not in content:
        return "report"
    if mail.header("x-failed-recipients"):
        return "x-failed-recipients"
    null = _is_null(mail)
    daemon = bool(_DAEMON.match(mail.sender.address) or _DAEMON_NAME.search(mail.sender.name[:120]))
    daemon = daemon or bool(_DAEMON.match(mail.header("from").strip(' "<')[:60]))
    subject = bool(_SUBJECT.search(mail.subject))
    words = bool(_WORDS.search(mail.text[:20_000]))
    if mail.sender.address and not daemon and _AUTO_SUBJECT.match(mail.subject):
        return ""  # an absence, sent with a null sender as RFC 3834 wants it
    if (null or daemon) and (subject or words or mail.returned):
        return "daemon" if daemon else "null sender"
    if daemon:
        return "daemon"
    sent_on = bool(_SENT_ON.match(mail.subject))
    if writer == UNKNOWN and subject and words and not sent_on and (mail.returned or not mail.references):
        return "words"
    return "words" if words and mail.header("x-mlserver") else ""


def _is_null(mail: Mail) -> bool:
    """Whether it came without somebody to answer to (RFC 5321 4.5.5)."""
    path = mail.header("return-path").strip()
    return path == "<>" or mail.header("from").strip() == "<>" or bool(_DAEMON.match(path.strip("<>")))


def _fields(mail: Mail, kind: str = "message/delivery-status") -> list[tuple[str, str]]:
    return [pair for report in mail.reports if report.kind == kind for block in report.blocks for pair in block]


_IN_TEXT = re.compile(r"[\w.+=-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])(?:SMTP;? ?|ResponseCode ?|said: |error:? ?)?([45]\d\d)[ -](?=[\w#<(\[])", re.IGNORECASE)
_FIRST = 6_000  # letters of a bounce in which the server itself speaks; what comes behind it is the returned mail


def _named(mail: Mail) -> list[str]:
    """Whom the machine-readable parts name."""
    fields = [value for name, value in _fields(mail) if name in {"final-recipient", "original-recipient"}]
    return [_address(value) for value in [*fields, *mail.header("x-failed-recipients").split(",")]]


def _failed(mail: Mail) -> tuple[tuple[str, ...], str]:
    failed, status, actions = _named(mail), "", []
    for name, value in _fields(mail):
        if name == "action":
            actions.append(value.lower())
        elif name == "status" and (found := _STATUS.search(value)):
            status = status if status.startswith("5") else found[1]
    head = mail.text[:_FIRST]
    if not any(failed):
        own = {one.address for one in mail.recipients} | {mail.sender.address}
        own |= {one.strip("<>").lower() for one in _ids_in(mail)}
        failed = [one.lower() for one in _IN_TEXT.findall(head) if one.lower() not in own and not _DAEMON.match(one)]
    if status.endswith(".0.0") or not status:
        better = _STATUS.findall(head) + [one for _n, value in _fields(mail) for one in _STATUS.findall(value)]
        status = next((one for one in better if not one.endswith(".0.0") and not one.startswith("2")), status)
    if any("delayed" in one for one in actions) and not any("failed" in one for one in actions):
        status = status if status.startswith("4") else "4.0.0"
    return tuple(one for one in dict.fromkeys(failed) if one)[:20], status


_SOFT_WORDS = re.compile(
    r"mailbox (is )?full|over ?quota|quota exceeded|insufficient (system )?storage|容量|いっぱい|try(ing)? (again )?later|temporar|retr(y|ied)"
    r"|delayed|deferred|warning message only|do not need to resend|still being|(?<!\d)4\d\d[ -](4\.|[A-Za-z])|throttl|rate limit",
    re.IGNORECASE,
)
# Refused because of what the mail says or where it comes from: the address itself is good (RFC 3463 X.7.X, X.6.X).
_NOT_THE_ADDRESS = re.compile(
    r"spam|blocked (by|using)|bulk email filter|virus|banned|policy|blacklist|blocklist|dnsbl|spf|dmarc|reputation|too large|size limit"
    r"|content rejected|access denied|not a member|are not member",
    re.IGNORECASE,
)


def _is_hard(mail: Mail, status: str) -> bool:
    """Whether the address will not do: said for good, and of the address and not of the mail."""
    head = mail.text[:_FIRST] + " " + " ".join(value for _name, value in _fields(mail))[:_FIRST]
    if status.startswith("4"):
        return False
    if status.startswith("5.1.") or status in {"5.2.1", "5.4.4", "5.1.0"}:
        return True
    if status.startswith("5.7.") or status.startswith("5.3.4") or status.startswith("5.2.2"):
        return False
    codes = _CODE.findall(head)
    if _SOFT_WORDS.search(head) and not any(code.startswith("5") for code in codes):
        return False
    if _NOT_THE_ADDRESS.search(head):
        return False
    return bool(status.startswith("5") or any(code.startswith("5") for code in codes) or _WORDS.search(head))


def _address(value: str) -> str:
    found = _IN_TEXT.search(value.rpartition(";")[2] or value)
    return found[0].lower() if found else ""


_RETURNED_ID = re.compile(
    r"^(?:message-id|x-idempotency-key)[ \t]*:\s*(<?[^<>\s]{3,250}>?)", re.IGNORECASE | re.MULTILINE
)


def _ids_in(mail: Mail) -> list[str]:
    """Message-IDs that stand in what came back; and what the bounce says that it answers."""
    sources = [*mail.returned, mail.text]
    found = [one for source in sources for one in _RETURNED_ID.findall(source[:200_000])[:50]]
    found += [value for name, value in _fields(mail) if name in {"original-message-id", "x-original-message-id"}]
    return [one.strip("<>") for one in [*found, *mail.references]]


# Loops and machines -----------------------------------------------------------------------------

_AUTO_SUBJECT = re.compile(
    r"\s*[【\[(（<《]?\s*("
    r"(automatic|auto[- ]?generated|automated) (reply|response|answer)|auto[- _]?(reply|responder|response|respond|antwort)\b"
    r"|out[- ]of[- ](the[- ])?office|ooo:|away from (my|the) (office|desk|mail)|vacation (reply|response|notice)|on vacation"
    r"|automatische antwort|abwesenheit|réponse automatique|absence du bureau|respuesta automática|risposta automatica"
    r"|自動(応答|返信|回答|配信|送信)|不在(通知|応答|のお知らせ|のご連絡|連絡|返信|:|：|です)|(外出|休暇|休業)(中|通知|のお知らせ|のご連絡|応答)"
    r")",
    re.IGNORECASE,
)
_NOTHING_ELSE = re.compile(r"[】\]）)>》]?\s*(?:\Z|[:：–―-])|[】\]）)>》]")
_AUTO_HEADERS = (
    "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply", "x-autoreply-from", "x-autogenerated", "x-fc-machinegenerated",
    "x-mail-autoreply", "x-autoresponse", "autoreply", "x-cron-env", "feedback-id", "x-apple-action", "x-msft-autoreply",
)  # fmt: skip
_MACHINES = re.compile(
    r"(no|do[-_.]?not)[-_.]?reply(\W|\Z)|noreply|bounces?[+@-]|auto(reply|matic)|notifications?@", re.IGNORECASE
)


def _loops(mail: Mail, own: frozenset[str], own_list: str) -> str:
    if any(one.address in own for one in mail.senders):
        return "own address"
    if own_list and own_list in mail.header("list-id").lower():
        return "own list"
    return "hops" if len(mail.all("received")) > MOST_HOPS else ""


def _by_machine(mail: Mail, writer: str = UNKNOWN) -> str:
    """The sign by which a machine says that nobody wrote this mail (RFC 3834 5), or ""."""
    submitted = mail.header("auto-submitted").partition(";")[0].split("(")[0].strip().lower()
    if submitted and submitted != "no":
        return "auto-submitted"
    precedence = mail.header("precedence").strip().lower()
    if precedence in {"bulk", "junk", "list", "auto_reply", "auto-reply", "auto"}:
        return "precedence"
    if any(mail.header(name) for name in _AUTO_HEADERS):
        return "auto header"
    if mail.header("list-id") or mail.header("list-unsubscribe") or mail.header("x-mlserver"):
        return "list"
    if mail.header("x-auto-response-suppress").strip().lower() in {"all"} and mail.header(
        "x-ms-exchange-generated-message-source"
    ):
        return "auto header"
    if any(report.kind == "message/disposition-notification" for report in mail.reports):
        return "read receipt"
    if writer != WRITES and (found := _AUTO_SUBJECT.match(mail.subject)):
        if writer == UNKNOWN or _NOTHING_ELSE.match(mail.subject, found.end()):
            return "subject"
    if _is_null(mail):
        return "null sender"
    return "address" if _MACHINES.match(mail.sender.address) else ""
