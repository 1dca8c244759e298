"""Bytes of a mail to text, whatever its label says. Never raises.

Mail from Japan is labelled wrongly in a few well-known ways: ISO-2022-JP with the marks of NEC and IBM in it (① ㈱ 髙),
Shift_JIS that is CP932, EUC-JP or UTF-8 under another name, and no label at all. Python's codecs are strict, and each
of them loses such a mail; here the label is one witness and the bytes are another. Plain Python.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from itertools import islice

# Labels of which Python does not know that they mean a charset it has.
_ALIASES = {
    "ks_c_5601-1987": "cp949", "ks_c_5601-1989": "cp949", "ksc5601": "cp949", "ks_c_5601": "cp949", "korean": "cp949",
    "euc-kr": "cp949", "x-sjis": "cp932", "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932",
    "windows-31j": "cp932", "ms_kanji": "cp932", "x-ms-cp932": "cp932", "cswindows31j": "cp932", "x-euc-jp": "euc_jp",
    "x-euc": "euc_jp", "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "chinesebig5": "big5hkscs",
    "big5": "big5hkscs", "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "ascii", "ansi_x3.4-1968": "ascii",
    "iso-8859-8-i": "iso8859_8", "utf8mb4": "utf-8", "unicode-1-1-utf-8": "utf-8", "unicode-1-1-utf-7": "utf-7",
    "windows-874": "cp874", "x-mac-japanese": "cp932", "macintosh": "mac_roman",
}  # fmt: skip
# What a label may name: `punycode`, `unicode_escape`, `idna` and their like are codecs too, and none of them a charset.
_KNOWN = re.compile(
    r"(ascii|utf-(7|8|16|16-le|16-be|32|32-le|32-be)|iso8859-\d+|cp\d+|koi8-[ru]|mac-\w+|gb18030|big5\w*|hz|euc_\w+|johab"
    r"|shift_jis\w*|tis-620|iso2022\w*|utf-8-sig)\Z"
)
_ISO_2022 = re.compile(r"iso-?2022-?(jp|kr|cn)")
_ESCAPE = re.compile(rb"\x1b(\$\([A-Z]|\$[@AB]|\([A-Z]|&@)")


def decoded(raw: bytes, label: str = "") -> str:
    """The text of some bytes that are said to be in the charset `label` ("" for none). Never raises.

    >>> decoded("株式会社".encode("cp932"), "utf-8"), decoded(bytes.fromhex("1b2442 2d21 1b2842"), "iso-2022-jp")
    ('株式会社', '①')
    """
    name = known(label)
    for mark, coding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if raw.startswith(mark):
            return raw.decode(coding, "replace").lstrip("\ufeff")
    if name.startswith(("utf-16", "utf-32")):
        return raw.decode(name, "replace")
    if name in {"utf-7", "hz"}:
        return raw.decode(name, "replace")
    if b"\x1b" in raw and (_ISO_2022.search(label.lower()) or _ESCAPE.search(raw)):
        return _iso_2022(raw)
    if raw.isascii():
        return raw.decode("ascii")
    return _eight_bits(raw, name)


def known(label: str) -> str:
    """Python's name of the charset that a label means; "" for one that nobody knows."""
    plain = label.strip(" \t\r\n\"'<>;").lower()[:40]
    plain = _ALIASES.get(plain) or plain
    try:
        name = codecs.lookup(plain).name
    except (LookupError, ValueError, UnicodeError):
        return ""
    return name if _KNOWN.match(name) else ""


def _eight_bits(raw: bytes, name: str) -> str:
    try:
        return raw.decode("utf-8")  # what is UTF-8 by chance and not by intent is next to never seen
    except UnicodeDecodeError:
        pass
    single = bool(re.match(r"(iso8859|cp1252|cp125|koi8|mac|cp874|tis)", name))
    if single:
        # A label of the West on bytes of the East: only when they read as Japanese from end to end.
        best = _best(raw, ("cp932", "euc_jp")) if name == "cp1252" else None
        return best[1] if best and best[0] > SURELY else raw.decode(name, "replace")
    if name and name not in {"ascii", "utf-8"}:
        try:
            text = raw.decode(name)
        except UnicodeDecodeError:
            pass
        else:
            if _likely(text) > 0.5:
                return text
    # Japanese first: kanji alone, read as hangul, look just as likely, and this house writes Japanese.
    for names in (("cp932", "euc_jp"), ("euc_kr", "gb18030", "big5hkscs")):
        best = _best(raw, names)
        if best and (best[0] > SURELY or (best[0] > 0.5 and _in_pairs(raw))):
            return best[1]
    # A broken text is read as what it says it is; what reads worse than not at all shows as �.
    cut = _cut_short(raw)
    if cut is not None:
        return cut
    return raw.decode(name if name not in {"", "ascii"} else "cp1252", "replace")


# Kana or hangul among it: no chance of bytes gives those. The letters of the West make rare kanji, and no kana.
SURELY = 1.2


def _in_pairs(raw: bytes) -> bool:
    """Whether bytes above ASCII mostly stand side by side, as they do in the East; é and ü stand alone."""
    high = re.findall(rb"[\x80-\xff]+", raw[:20_000])
    return sum(len(one) for one in high if len(one) > 1) * 2 > sum(map(len, high))


def _best(raw: bytes, names: tuple[str, ...]) -> tuple[float, str] | None:
    found = []
    for name in dict.fromkeys(names):
        try:
            text = raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
        found.append((_likely(text), text))
    return max(found, key=lambda one: one[0], default=None)


def _cut_short(raw: bytes) -> str | None:
    """UTF-8 or a Japanese charset in which a few bytes are broken; None when it is none of them."""
    for name in ("utf-8", "cp932", "euc_jp"):
        text = raw.decode(name, "replace")
        strange = sum(letter > "\x7f" for letter in text)
        if strange >= 4 and text.count("\ufffd") * 10 <= strange and _likely(text) > 0.6:
            return text
    return None


_EXPECTED = re.compile("[\u3000-\u30ff\uff01-\uff5e\u4e00-\u9fff\uac00-\ud7a3\u2010-\u203b\u2460-\u2473]+")
_ODD = re.compile("[\uff61-\uff9f\ue000-\uf8ff\x80-\x9f\ufffd\u0400-\u04ff\u2500-\u257f]+")
_COMMON = re.compile("[\u3041-\u30fe\u3001\u3002\uac00-\ud7a3]+")


def _likely(text: str) -> float:
    """How much of what is not ASCII is what people write: 0 to 1, and up to twice as much where it is kana or hangul."""
    text = text[:20_000]
    strange = sum(letter > "\x7f" for letter in text)
    if not strange:
        return 1.0
    good = sum(map(len, _EXPECTED.findall(text)))
    odd = sum(map(len, _ODD.findall(text)))
    common = sum(map(len, _COMMON.findall(text)))
    return (good - odd + common) / strange


# ISO-2022 ---------------------------------------------------------------------------------------


MOST_ESCAPES = 40_000  # more of them than lines of a long mail are no writing


def _iso_2022(raw: bytes) -> str:
    """ISO-2022-JP and its relatives (RFC 1468, 1554, JIS X 0213), with what NEC and IBM added to rows of JIS X 0208."""
    out: list[str] = []
    at, state = 0, b"(B"
    for found in islice(_ESCAPE.finditer(raw), MOST_ESCAPES):
        out.append(_piece(raw[at : found.start()], state))
        at = found.end()
        state = found[1] if found[1] != b"&@" else state
    out.append(_piece(raw[at:], state))
    return "".join(out)


def _piece(raw: bytes, state: bytes) -> str:
    if not raw:
        return ""
    if state.startswith(b"("):
        if state == b"(I":
            return bytes(one | 0x80 if 0x20 < one < 0x60 else one for one in raw).decode("cp932", "replace")
        return raw.decode("ascii") if raw.isascii() else decoded(raw, "cp932")
    if b"\n" not in raw and b"\r" not in raw:
        return _wide(raw, state)
    lines = re.split(rb"([\r\n]+)", raw)  # a line begins in ASCII; some mailers forget to say so
    return "".join(_wide(part, state) if number % 2 == 0 else part.decode() for number, part in enumerate(lines))


_HIGH = bytes(one | 0x80 if 0x21 <= one <= 0x7E else one for one in range(256))


def _wide(raw: bytes, state: bytes) -> str:
    high = raw.translate(_HIGH)
    if state in {b"$B", b"$@", b"$(B", b"$(@"}:
        return "".join(map(_jis, re.findall(rb"[\xa1-\xfe]{2}|.", high, re.DOTALL)))
    if state == b"$(D":
        return b"".join(b"\x8f" + pair for pair in re.findall(rb"[\xa1-\xfe]{2}", high)).decode("euc_jp", "replace")
    if state in {b"$(O", b"$(Q"}:
        return high.decode("euc_jis_2004", "replace")
    if state == b"$(P":
        pairs = re.findall(rb"[\xa1-\xfe]{2}", high)
        return b"".join(b"\x8f" + pair for pair in pairs).decode("euc_jis_2004", "replace")
    return high.decode({b"$A": "gb2312", b"$(A": "gb2312", b"$(C": "cp949"}.get(state, "ascii"), "replace")


@lru_cache(maxsize=10_000)
def _jis(pair: bytes) -> str:
    """One letter of JIS X 0208, as CP932 reads it: with ① and 髙, and with the 〜 and − of people's keyboards."""
    if len(pair) < 2:
        return pair.decode("ascii", "replace")
    first, second = pair[0] & 0x7F, pair[1] & 0x7F
    lead = (first + 1) // 2 + (0x70 if first <= 0x5E else 0xB0)
    trail = second + (0x1F if second < 0x60 else 0x20) if first % 2 else second + 0x7E
    try:
        return bytes((lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return pair.decode("euc_jis_2004", "replace")
