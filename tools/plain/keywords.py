"""The words that carry a short text, found without a dictionary: runs of kanji, of katakana, and of letters.

Hiragana holds a Japanese sentence together and seldom says what it is about, so it parts the words.
"""

from __future__ import annotations

import re
import unicodedata

from tools.plain.bigrams import fold

_KANJI = "㐀-䶿一-鿿豈-﫿々"
_KANA = "ぁ-ゟァ-ヿ"
_RUN = re.compile(rf"[{_KANJI}]{{2,}}|[ァ-ヺー]{{2,}}|[^\W\d_{_KANA}{_KANJI}][^\W_{_KANA}{_KANJI}]{{2,}}")
_LONGEST = 30
# What nearly every record says.
_EVERYWHERE = frozenset(
    fold(word)
    for word in (
        "発生 確認 連絡 報告 対応 担当 担当者 記録 件名 本日 今日 昨日 先日 今回 以下 午前 午後 株式 会社 株式会社 "
        "the and for was were with that this from has have not but are"
    ).split()
)


def _parts(run: str) -> list[str]:
    """A long compound is written together here and apart there: its beginning and its end are words as well."""
    if len(run) < 4 or not re.match(f"[{_KANJI}]", run):
        return [run[:_LONGEST]]
    most = 2 if len(run) == 4 else 3
    return [run[:most], run[-most:]]


def keywords(text: str, most: int = 4) -> list[str]:
    """At most `most` folded words of the text, the longest first, and of equal length the earliest.

    >>> keywords("請求書の金額を一桁まちがえた")
    ['請求書', '金額', '一桁']
    >>> keywords("請求書誤送付")
    ['請求書', '誤送付']
    """
    runs = _RUN.findall(unicodedata.normalize("NFKC", text))
    words = dict.fromkeys(word for run in runs for word in map(fold, _parts(run)) if word not in _EVERYWHERE)
    return sorted((word for word in words if word), key=len, reverse=True)[:most]
