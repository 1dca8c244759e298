"""What somebody wrote in a reply, apart from what their mail program put around it: quotes, their headers, signatures.

By lines and once through, for mail in Japanese and English above all. Nothing is lost: `new` is what is said, `rest`
is all else, in its order. When in doubt a line counts as said: a quote too many is read over, a word too few is missing.
Plain Python.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

SAID, QUOTE, SIGNATURE = "said", "quote", "signature"


@dataclass(frozen=True)
class Parts:
    """new: the words of the reply. rest: quotes and signatures, as they stood."""

    new: str
    rest: str


def split(text: str) -> Parts:
    """Part a reply from what it answers.

    >>> split("了解です。\\n\\n2026年11月25日(水) 10:12 佐藤 <sato@example.jp>:\\n> できましたか").new
    '了解です。'
    """
    lines = [line.rstrip("\r ") for line in text.split("\n")]
    kinds = [QUOTE if _QUOTED.match(line) else SAID for line in lines]
    _cut_behind_original(lines, kinds)
    _mark_attributions(lines, kinds)
    _mark_signatures(lines, kinds)
    return Parts(_joined(lines, kinds, {SAID}), _joined(lines, kinds, {QUOTE, SIGNATURE}))


_BEFORE = re.compile(r"\s*(?:(?:re|fwd?|aw|wg|sv|tr|転送|返信)\s*[:：]\s*)+", re.IGNORECASE)


def bare_subject(subject: str) -> str:
    """A subject without what programs put before it.

    >>> bare_subject("Re: Fwd：転送: 納品の件")
    '納品の件'
    """
    found = _BEFORE.match(subject)
    return subject[found.end() if found else 0 :].strip()


def _joined(lines: list[str], kinds: list[str], wanted: set[str]) -> str:
    out: list[str] = []
    gap = False
    for line, kind in zip(lines, kinds, strict=True):
        if kind not in wanted:
            gap = True
            continue
        if gap and out and out[-1].strip():
            out.append("")
        gap = False
        out.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(out)).strip("\n \t\u3000")


_QUOTED = re.compile(r"[ \t]{0,3}(>|＞|\|\s|&gt;)")

# The line behind which all is the mail that is answered -----------------------------------------

_ORIGINAL = re.compile(
    r"[ \t*]*-{2,12} ?("
    r"original message|original appointment|forwarded message|reply message|reply to message|begin forwarded message"
    r"|(元|もと)の(メッセージ|メール)|オリジナル ?メッセージ|転送(された|の)?(メッセージ|メール)|転送メッセージ|返信元(メッセージ|メール)"
    r"|ursprüngliche nachricht|message d'origine|mensaje original|messaggio originale|원본 메시지|原始邮件|原始郵件"
    r") ?-{2,12}[ \t*]*\Z",
    re.IGNORECASE,
)
_RULE = re.compile(r"[ \t]*(_{20,}|-{20,}|\*{20,}|＿{10,}|-{3,}\s*$)[ \t]*\Z")
_FIELD = re.compile(
    r"[ \t>*_]{0,6}(from|sent|to|cc|bcc|date|subject|importance|差出人|送信者|送信日時|送信日|日時|日付|宛先|宛て先|件名|返信先"
    r"|von|gesendet|an|betreff|datum|de|envoyé|à|objet|enviado|para|asunto|发件人|收件人|主题|보낸 사람|받는 사람|제목"
    r"|от|отправлено|кому|тема|дата)[ \t]*\*{0,2}[ \t]*[:：]",
    re.IGNORECASE,
)
_FROM_FIELD = re.compile(
    r"[ \t*_]{0,6}(from|差出人|送信者|von|de|发件人|보낸 사람|от)[ \t]*\*{0,2}[ \t]*[:：]", re.IGNORECASE
)


def _cut_behind_original(lines: list[str], kinds: list[str]) -> None:
    for at, line in enumerate(lines):
        if len(line) > 300:
            continue
        if _ORIGINAL.match(line) or _heads(lines, at):
            start = at
            while start and (not lines[start - 1].strip() or _RULE.match(lines[start - 1])):
                start -= 1
            for number in range(start, len(lines)):
                kinds[number] = QUOTE
            return


def _heads(lines: list[str], at: int) -> bool:
    """Whether a block of headers begins here: From, and at least two more fields in the next lines."""
    if not _FROM_FIELD.match(lines[at]):
        return False
    count = 0
    for line in lines[at + 1 : at + 8]:
        if _FIELD.match(line[:80]):
            count += 1
        elif not line.strip():
            if count >= 2:
                break
        elif not line.startswith((" ", "\t")) and count < 1:
            return False
    return count >= 2


# The line that says who wrote what is quoted ----------------------------------------------------

_WROTE = re.compile(
    r"("
    r"\bwrote\s*[:：]|\bwrites\s*[:：]|\bsaid\s*[:：]|schrieb.{0,80}[:：]|a écrit\s*[:：]|escribió\s*[:：]|ha scritto\s*[:：]"
    r"|написал(\(а\))?\s*[:：]|пишет\s*[:：]|書きました\s*[。:：]|書いた\s*[:：]|のメール\s*[:：]|のメッセージ\s*[:：]|wrote\s*[:：]"
    r"|さん\s*[:：]|からのメール\s*[:：]|작성\s*[:：]|写道\s*[:：]|寫道\s*[:：]"
    r")\s*\Z",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"[ \t]{0,3}(On\s|Am\s|Le\s|El\s|Il\s|\d{4}\s?[年/.-]\s?\d{1,2}\s?[月/.-]\s?\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    r"|令和\d|(mon|tue|wed|thu|fri|sat|sun)[a-z]*,? \d|[\"<]?[\w.+-]{1,60}@)",
    re.IGNORECASE,
)
_DATED = re.compile(
    r"[ \t]{0,3}(\d{4}\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日|\d{4}[/-]\d{1,2}[/-]\d{1,2}|(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},? \d)"
    r".{0,240}(<[^<>\s]{1,120}@[^<>\s]{1,120}>|\d{1,2}[:：時]\d{2}).{0,120}[:：]\s*\Z",
    re.IGNORECASE,
)
MOST_LINES = 4
MOST_TRIES = 300  # lines that begin as an attribution does; a text with more of them is no reply


def _mark_attributions(lines: list[str], kinds: list[str]) -> None:
    """A line of attribution goes with its quote; where what it introduces bears no marks, all behind it is quote."""
    followed, tries = _followed_by(kinds, lines), MOST_TRIES
    for at, line in enumerate(lines):
        if kinds[at] != SAID or len(line) > 400 or not _BEGINS.match(line):
            continue
        if (tries := tries - 1) < 0:
            return
        count = _attribution(lines, kinds, at)
        if not count:
            continue
        for number in range(at, at + count):
            kinds[number] = QUOTE
        if not followed[at + count - 1]:
            for number in range(at, len(lines)):
                kinds[number] = QUOTE
            return


def _followed_by(kinds: list[str], lines: list[str]) -> list[bool]:
    """Of each line, whether the next one that is not empty is quoted."""
    out = [False] * len(lines)
    coming = False
    for at in range(len(lines) - 1, -1, -1):
        out[at] = coming
        if lines[at].strip():
            coming = kinds[at] == QUOTE
    return out


def _attribution(lines: list[str], kinds: list[str], at: int) -> int:
    """Of how many lines the attribution is that begins here; 0 for none. Programs break it where it becomes long."""
    if _DATED.match(lines[at]):
        return 1
    whole = ""
    for count in range(1, MOST_LINES + 1):
        if at + count > len(lines) or kinds[at + count - 1] != SAID:
            return 0
        line = lines[at + count - 1]
        if not line.strip() or len(line) > 400:
            return 0
        if count > 1 and re.match(r"\s*On\s.{0,80}\d", line):
            return 0  # another one begins, so that this was none
        whole = f"{whole} {line}".strip()
        if len(whole) > 500:
            return 0
        if _WROTE.search(whole) or (count > 1 and _DATED.match(whole)):
            return count
    return 0


# The signature ------------------------------------------------------------------------------------

_MARK = re.compile(r"(--|—|――|－－|__|_{20,}|-{5,}|={5,}|＝{5,}|\*{5,}|━{5,}|─{5,}|…{5,}|[-=+*◇◆□■○●☆★]{12,})[ \t]*\Z")
_DEVICE = re.compile(
    r"[ \t]*("
    r"sent from (my |the )?([\w'’&/.+-]+ ){0,5}(iphone|ipad|ipod|android|blackberry|samsung|galaxy|phone|mobile|device|smartphone"
    r"|nexus|pixel|windows phone|htc|xperia|yahoo mail|mail for windows|outlook|proton mail|handheld)[\w .,!®™:/-]{0,60}"
    r"|get outlook for (ios|android).{0,60}|outlook for (ios|android|mac) を入手.{0,60}|sent (with|via) [\w .-]{1,40}"
    r"|(i(phone|pad)|android|スマートフォン|スマホ|携帯|ドコモ|my ?docomo|yahoo!?メール.{0,20}|galaxy|xperia|windows ?phone)\s?(から|より)?(送信|送っています).{0,30}"
    r"|.{0,30}(iphone|ipad|android|スマートフォン|端末)から送信.{0,20}|outlook (for )?(ios|android) ?(から送信|を入手).{0,40}"
    r"|von meinem (iphone|ipad|handy).{0,30}|envoyé de mon (iphone|ipad).{0,30}|enviado desde mi (iphone|ipad).{0,30}"
    r"|sent from a [\w ]{3,40}"
    r")[ \t]*\Z",
    re.IGNORECASE,
)
_DASHED_NAME = re.compile(r"-\s?\w[\w.'’ ]{0,38}\Z")
LONGEST_SIGNATURE = 25  # lines


def _mark_signatures(lines: list[str], kinds: list[str]) -> None:
    """Signatures stand at the end of what is said, or before a quote: each run of said lines may have one."""
    at = 0
    while at < len(lines):
        if kinds[at] != SAID:
            at += 1
            continue
        end = at
        while end < len(lines) and kinds[end] == SAID:
            end += 1
        _sign(lines, kinds, at, end)
        at = end


def _sign(lines: list[str], kinds: list[str], start: int, end: int) -> None:
    for at in range(start, end):
        line = lines[at]
        if len(line) > 400:
            continue
        if re.fullmatch(r"[ \t]?--[ \t]*", line) or (_MARK.fullmatch(line) and _is_last(lines, start, at, end)):
            _take(kinds, at, end)
            end = at
            break
        if len(line) <= 160 and _DEVICE.match(line) and not any(one.strip() for one in lines[at + 1 : at + 2]):
            _take(kinds, at, at + 1)
    last = end - 1
    while last > start and not lines[last].strip():
        last -= 1
    # 「-Tanaka」 alone under what was said; a dash before several words begins an item of a list.
    if last > start and _DASHED_NAME.match(lines[last]) and not lines[last - 1].strip():
        if len(lines[last].split()) <= 3 and not lines[last].startswith("- "):
            _take(kinds, last, end)


_TELLS = re.compile(
    r"@|https?://|www\.|tel|fax|電話|株式会社|有限会社|課|部$|〒|\d{2,4}-\d{2,4}-\d{3,4}", re.IGNORECASE
)


def _is_last(lines: list[str], start: int, at: int, end: int) -> bool:
    """Whether a rule is drawn above a signature: little stands under it, and something over it."""
    if end - at > 3 * LONGEST_SIGNATURE:
        return False
    under = [line for line in lines[at + 1 : end] if line.strip()]
    over = start > 0 or any(line.strip() for line in lines[start:at])
    if not over or not under or len(under) > LONGEST_SIGNATURE:
        return False
    return _MARK.fullmatch(under[-1]) is not None or any(_TELLS.search(line[:200]) for line in under)


def _take(kinds: list[str], start: int, end: int) -> None:
    for number in range(start, end):
        kinds[number] = SIGNATURE
