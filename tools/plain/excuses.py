"""Notices when a why ends at a person, an excuse or a wish, and asks the question that leads on (B-5, B-6, A-25).

It hints and never refuses: what it says is a question about the work, not about anybody. It looks at how the sentence
ends, so that 「忙しい時間帯の受付手順がない」 or 「確認画面がない」 pass; what is quoted or denied passes too.
Plain Python; Japanese and English.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What the why ends at."""

    PERSON = "person"  # somebody is the cause
    CARELESS = "careless"  # not enough attention, awareness, care
    ABILITY = "ability"  # new, untrained, not used to it
    ACT = "act"  # the slip itself, without what made it possible
    BUSY = "busy"  # no time, too few people
    RARE = "rare"  # seldom, by chance, unforeseen
    UNTOLD = "untold"  # nobody told us; the other side's doing
    WISH = "wish"  # be careful, make sure, should have


class Hint(NamedTuple):
    """One finding: its kind and the words it is about, as they stand in the text."""

    kind: Kind
    words: str


class Said(NamedTuple):
    """What is said to the writer: why it may not be the end yet, and a question that leads on."""

    reason: str
    question: str


_JA: dict[Kind, Said] = {
    Kind.PERSON: Said(
        "「{words}」で止まると、その方が代わっても、同じことが起こりえます。",
        "ほかの方でも同じ場面なら起きたでしょうか。道具や手順の何が、そうさせたのでしょう。",
    ),
    Kind.CARELESS: Said(
        "「{words}」は、人の注意に頼っていた結果です。注意は長く続きません。",
        "なぜ、そこは人の目と注意だけに頼っていたのでしょう。",
    ),
    Kind.ABILITY: Said(
        "「{words}」は、慣れた人がいなければ起きる仕事だったことを示します。",
        "なぜ、慣れていない人には正しくできない手順や画面だったのでしょう。",
    ),
    Kind.ACT: Said(
        "「{words}」は起きたことで、まだ理由ではありません。",
        "なぜ、そうできてしまったのでしょう。なぜ、途中で気づく所がなかったのでしょう。",
    ),
    Kind.BUSY: Said(
        "「{words}」は、忙しい日にはまた起きるということです。",
        "なぜ、忙しい日には守れない手順だったのでしょう。どの作業なら、やめるか機械に任せられますか。",
    ),
    Kind.RARE: Said(
        "「{words}」は、次にいつ起きてもおかしくないということです。",
        "なぜ、めったにない場合のための道筋がなかったのでしょう。",
    ),
    Kind.UNTOLD: Said(
        "「{words}」は、知らせが届く仕組みがなかったことを示します。",
        "なぜ、人が伝えなければ届かない道筋だったのでしょう。",
    ),
    Kind.WISH: Said(
        "「{words}」は、これからの心がけで、起きた理由ではありません。",
        "なぜ、気をつけなければ守れない手順だったのでしょう。",
    ),
}
_EN: dict[Kind, Said] = {
    Kind.PERSON: Said(
        "If it ends at “{words}”, the same can still happen when somebody else is in that place.",
        "Would it have happened to others in the same place? What in the tools or the procedure led there?",
    ),
    Kind.CARELESS: Said(
        "“{words}” is what comes of relying on attention, and attention does not last.",
        "Why did it rest on people's eyes and attention alone?",
    ),
    Kind.ABILITY: Said(
        "“{words}” shows that only an experienced person could do it right.",
        "Why did the procedure or the screen not carry somebody who is new to it?",
    ),
    Kind.ACT: Said(
        "“{words}” is what happened, not yet why.",
        "Why was it possible at all? Why was there no place where it would have been noticed?",
    ),
    Kind.BUSY: Said(
        "“{words}” means that it will happen again on a busy day.",
        "Why could the procedure not be kept on a busy day? Which step could be dropped or left to a machine?",
    ),
    Kind.RARE: Said(
        "“{words}” means that it may happen again at any time.",
        "Why was there no path for the rare case?",
    ),
    Kind.UNTOLD: Said(
        "“{words}” shows that word did not get through by itself.",
        "Why did it reach people only when somebody told them?",
    ),
    Kind.WISH: Said(
        "“{words}” is an intention for the future, not the reason why it happened.",
        "Why did the procedure hold only as long as people were careful?",
    ),
}


def say(hint: Hint, language: str) -> Said:
    """Reason and question in "ja" or "en"."""
    said = (_JA if language.startswith("ja") else _EN)[hint.kind]
    return Said(said.reason.format(words=hint.words), said.question)


def hints(text: str) -> list[Hint]:
    """What the text ends at, at most one hint a sentence and kind; [] when nothing asks for one more why."""
    found: dict[tuple[Kind, str], Hint] = {}
    for sentence in _sentences(text):
        hint = _hint(sentence)
        if hint is not None:
            found.setdefault((hint.kind, hint.words), hint)
    return list(found.values())[:3]


_QUOTED = re.compile(r"「[^」]*」|『[^』]*』|“[^”]*”|\"[^\"]*\"|‘[^’]*’")
_BREAK = re.compile(r"[。！？!?\n;；]+|(?<=[a-z])\.(?=\s|$)")


def _sentences(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text[:5000])
    plain = _QUOTED.sub("〔〕", plain)
    return [part.strip() for part in _BREAK.split(plain) if part.strip()]


# Japanese: words, and how a sentence may go on after them to end there. ------------------------------------

_BECAUSE = r"(?:の|な)?(?:ため(?:に)?|せい(?:で)?|ゆえ|から|ので)"
_COPULA = r"(?:だった|でした|です|だ|である|であった|があった|がありました|がある|があります|もあった|が(?:発生した|発生していた|起きた|起こった|重なった)|をした|をしてしまった|も一因(?:だった|です)?|が原因(?:だった|でした|です|である)?|が(?:主な)?要因(?:だった|です)?)"
# The word stands at the end, or is given as the cause of what follows.
_ENDS = rf"(?=(?:{_BECAUSE})?(?:{_COPULA})?(?:と思われる|と思います|と考えられる|と考えます|かもしれない)?\s*$|{_BECAUSE}|に(?:よる|より|よって)|が原因で|で[、,])"
_DENIED = re.compile(
    r"^(?:が原因)?(?:では|じゃ|とは)(?:な|あり|言え|いえ|限ら)|^(?:が|は)(?:なかった|ない|なく|ありません)|^くは?な"
)


def _noun(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?P<w>{words}){_ENDS}")


_PEOPLE = r"(?:担当者?|本人|作業者|入力者|確認者|承認者|発送者|新人|新入社員|社員|スタッフ|パート|アルバイト|派遣(?:社員)?|部下|上司|先輩|後輩|前任者?|後任者?|彼女?|[一-龥々]{1,4}(?:さん|君|くん|氏))"
_SLIPS = (
    r"(?:間違え|まちがえ|忘れ|見落とし|見逃し|見誤っ|取り違え|取りちがえ|勘違いし|かんちがいし|思い込ん|思いこん|失念し|うっかりし|"
    r"怠っ|さぼっ|サボっ|漏らし|ミスし|誤っ|やらなかっ|しなかっ|確認しなかっ|確認していなかっ|見なかっ|見ていなかっ|読まなかっ|読んでいなかっ|守っていなかっ|守られなかっ|守られていなかっ|気づかなかっ|気付かなかっ|気がつかなかっ|守らなかっ|知らなかっ|確かめなかっ|引き継がなかっ|引き継いでいなかっ|伝えなかっ|伝えていなかっ)"
)
_PAST = r"(?:た|だ|てしまった|でしまった|ていた|でいた|てしまっていた)(?:{b})?(?:です)?".replace("{b}", _BECAUSE)

# In the order of asking: the first that fits names the sentence.
_RULES: list[tuple[Kind, re.Pattern[str]]] = [
    (Kind.WISH, re.compile(r"(?P<w>気を(?:つけ|付け|配|引き締め)(?:る|ます|て(?:いく|いきます|いれば|いなかった|おけば|ほしい)|たい|るべき(?:だった)?|ようと?(?:する|思う))?)(?:べき)?(?:だった|です|ように(?:する|します))?\s*$")),
    (Kind.WISH, re.compile(r"(?P<w>(?:もっと|よく|十分に?|きちんと|しっかり|ちゃんと)?(?:注意|用心|留意|意識|確認を徹底|周知を徹底|徹底)(?:を)?(?:する|します|すべき(?:だった)?|していく|していきます|して(?:いれば|おけば|ほしい)|できて(?:い)?なかった|されて(?:い)?なかった|されず|していなかった|しなかった|が必要(?:だ|だった|です)?|が足りなかった|が足りない))(?:ように(?:する|します))?\s*$")),
    (Kind.WISH, re.compile(r"(?P<w>(?:心がけ|心掛け|努め|つとめ)(?:る|ます|ていく|たい|が足りな(?:い|かった)|の問題)?)(?:ように(?:する|します))?(?:です|だ|だった)?\s*$")),
    (Kind.WISH, re.compile(r"(?P<w>[^、,]{0,10}(?:べき(?:だった|でした)|すればよかった|しておけばよかった|なければならなかった))\s*$")),
    (Kind.CARELESS, _noun(r"うっかり(?:していた|した|ミス)?|不注意|注意不足|注意力不足|注意散漫|注意力?が散漫(?:だった)?|集中力(?:の)?(?:不足|低下|欠如)|確認(?:作業)?(?:の)?(?:不足|不十分|漏れ|もれ|ミス|の怠り)|チェック(?:の)?(?:不足|漏れ|もれ|ミス)|認識(?:の)?(?:不足|違い|ちがい|の甘さ)|意識(?:の)?(?:不足|欠如|の低さ|の問題)|危機感(?:の)?(?:不足|欠如)|責任感(?:の)?(?:不足|欠如)|自覚(?:の)?(?:不足|欠如)|(?:気の)?(?:緩|ゆる)み|気の?たるみ|たるみ|油断|慢心|思い込み|思いこみ|勘違い|かんちがい|ケアレスミス|凡ミス|ヒューマンエラー|人為(?:的)?ミス|人的ミス|怠慢|手抜き|怠り|失念")),
    (Kind.CARELESS, re.compile(rf"(?P<w>(?:意識|緊張感|集中力|注意|確認|認識|危機感|責任感|やる気)(?:が|も)(?:低(?:い|かった)|足り(?:ない|なかった|ず)|甘(?:い|かった)|不十分(?:だった|です)?|欠けていた|なかった|薄(?:い|かった)))(?:{_BECAUSE}|と|です)*\s*$")),
    (Kind.CARELESS, re.compile(rf"(?P<w>(?:気|心)が(?:緩|ゆる|たる)んで(?:い)?た|ぼんやりして(?:い)?た|ぼーっとして(?:い)?た|油断して(?:い)?た|集中して(?:い)?なかった|適当にやって(?:い)?た)(?:{_BECAUSE})?\s*$")),
    (Kind.ABILITY, _noun(r"(?:経験|スキル|知識|能力|力量|理解|教育|訓練|習熟)(?:の)?(?:不足|の浅さ|の低さ)|未熟|新人(?:だった|だ)?|不慣れ|新入社員(?:だった)?")),
    (Kind.ABILITY, re.compile(rf"(?P<w>(?:まだ)?(?:仕事|業務|作業|操作)?に?(?:慣れて(?:い)?な(?:い|かった)|経験が(?:浅(?:い|かった)|少な(?:い|かった)|なかった)|理解して(?:い)?なかった))(?:{_BECAUSE})?(?:です)?\s*$")),
    (Kind.BUSY, re.compile(rf"(?P<w>(?:業務|仕事|作業|月末|年度末|朝|毎日|とても|かなり)?(?:が|で|は|に)?(?:忙し(?:い|かった)|多忙(?:だった|でした|です|だ|で)?|立て込んで(?:い)?た|バタバタして(?:い)?た|ばたばたして(?:い)?た|手が回ら(?:ない|なかった)|手いっぱい(?:だった)?|余裕が(?:ない|なかった)|時間が(?:ない|なかった|足りな(?:い|かった))|人手?が足り(?:ない|なかった|ず)|疲れて(?:い)?た|急いで(?:い)?た|焦って(?:い)?た))(?:{_BECAUSE})?(?:です)?(?:\s*$|(?=[、,])|(?<=から)|(?<=ので)|(?<=ため))")),
    (Kind.BUSY, re.compile(r"(?P<w>忙しくて|多忙で(?=[、,あ])|忙しさで)")),
    (Kind.BUSY, _noun(r"忙しさ|多忙|繁忙期?|人手不足|人員不足|人員の不足|時間不足|時間の不足|疲れ|疲労|睡眠不足|寝不足|焦り|あせり")),
    (Kind.RARE, re.compile(rf"(?P<w>(?:めった|滅多)に(?:ない|なかった|起きない|起こらない)(?:こと|ケース|事例|作業)?)(?:{_BECAUSE})?(?:だった|です|だ|である)?\s*$")),
    (Kind.RARE, _noun(r"偶然|たまたま|運|不運|運の悪さ|想定外|予想外|不測の事態|タイミング(?:の悪さ)?|例外(?:的)?(?:なケース)?|レアケース|まれなケース|初めて(?:の(?:こと|ケース|作業))?|はじめて(?:の(?:こと|作業))?")),
    (Kind.RARE, re.compile(r"(?P<w>運が悪かった|(?:仕方|しかた)(?:が)?な(?:い|かった)|やむを得な(?:い|かった)|たまたま[^、,]{1,12}(?:だった|重なった|していた))\s*$")),
    (Kind.UNTOLD, re.compile(rf"(?P<w>(?:私|わたし|誰|だれ|担当|こちら)?(?:も|は|からも?)?(?:聞いて(?:い)?な(?:い|かった)|聞かされて(?:い)?なかった|言われて(?:い)?な(?:い|かった)|知らされて(?:い)?なかった|教わって(?:い)?なかった|教えてもらって(?:い)?なかった|指示(?:が|も)なかった|言わなかった))(?:{_BECAUSE})?(?:です)?\s*$")),
    (Kind.UNTOLD, re.compile(r"(?P<w>(?:担当者?|上司|責任者)(?:が|も)?(?:不在|休み|外出中|休暇中)(?:だった|でした|で|のため)?)(?:から|ので|ため)?\s*$")),
    (Kind.UNTOLD, re.compile(r"(?P<w>(?:先方|相手|取引先|お客様|(?<!作)業者|他部署|前任者)(?:の(?:せい|ミス|責任|不注意|問題|都合)|が(?:悪(?:い|かった)|間違えた))(?:だった|です|だ)?)\s*$")),
    (Kind.PERSON, re.compile(rf"(?P<w>{_PEOPLE}(?:の|に)(?:せい|ミス|責任|問題|性格|怠慢|資質|落ち度|不手際)(?:の問題)?)(?:{_COPULA}|で|が原因)?\s*$")),
    (Kind.PERSON, re.compile(rf"(?P<w>{_PEOPLE}が(?:悪い|悪かった|いい加減(?:だった)?|雑(?:だった)?|だらしな(?:い|かった)))(?:{_BECAUSE})?\s*$")),
    (Kind.PERSON, re.compile(rf"(?P<w>{_PEOPLE}(?:が|は|も)[^、,]{{0,24}}?{_SLIPS}{_PAST})\s*$")),
    (Kind.ACT, re.compile(rf"(?P<w>(?:[一-龥々ァ-ヶーA-Za-z]{{1,8}}(?:を|の|が|に)?)?{_SLIPS}{_PAST})\s*$")),
    (Kind.ACT, re.compile(rf"(?P<w>(?:[一-龥々ァ-ヶー]{{0,6}})(?:ミス|もれ|漏れ|忘れ|間違い|まちがい|取り違え|取りちがえ|見落とし|見逃し))(?:{_COPULA})?(?:{_BECAUSE})?\s*$")),
]  # fmt: skip

# The slip itself is fair as a why once the means or the circumstance is named beside it.
_MEANS = re.compile(
    r"による|によって|により|手入力|手作業|手書き|手で|目視|目で|口頭|電話で|紙の?|コピー|コピペ|二重|二つ|ふたつ|複数|似た|同じ名|別々|"
    r"ため|ので|から|ないと|ないまま|なくて|ずに|画面|欄|候補|台帳|様式|システム|設定|仕組み|手順|ルール|マニュアル|名簿|一覧|ファイル|表示"
)

# English ----------------------------------------------------------------------------------------------------

_EN_RULES: list[tuple[Kind, re.Pattern[str]]] = [
    (Kind.WISH, re.compile(r"(?P<w>\b(?:be|been|being|get) (?:more |extra |very )?(?:careful|attentive|vigilant|cautious)|pay (?:more |closer )?attention|raise awareness|try harder|(?:must|should|need to|needs to) (?:make sure|be (?:more )?careful|take (?:more )?care|double-check|check properly)|should have (?:been|checked|noticed|known|asked|read)\b)", re.I)),
    (Kind.CARELESS, re.compile(r"(?P<w>\b(?:careless(?:ness)?|human error|inattenti(?:on|ve)|lack of (?:attention|care|awareness|focus|diligence|discipline)|negligen(?:ce|t)|oversight|complacen(?:cy|t)|sloppy|sloppiness|lazy|laziness|absent-minded(?:ness)?|not paying attention|did(?:n't| not) pay attention|was(?:n't| not) careful|low awareness)\b)", re.I)),
    (Kind.ABILITY, re.compile(r"(?P<w>\b(?:inexperienced?|lack of (?:experience|training|skills?|knowledge)|was new(?: to the (?:job|task|team))?|is new(?: to the (?:job|task|team))?|untrained|newcomer|was(?:n't| not) trained|poor skills?)\b)", re.I)),
    (Kind.BUSY, re.compile(r"(?P<w>\b(?:(?:was|were|is|are|been|too|very|so) busy|busyness|(?:no|not enough|lack of|ran out of|short of) (?:time|staff|people)|under (?:time )?pressure|understaffed|short-staffed|in a (?:hurry|rush)|overworked|was(?:n't| not) enough time|(?:was|were) (?:tired|rushed|stressed))\b)", re.I)),
    (Kind.RARE, re.compile(r"(?P<w>\b(?:(?:happens|happened|occurs|is|was) (?:very |extremely )?rare(?:ly)?|very rare|bad luck|unlucky|(?:by|pure) (?:chance|coincidence)|coincidence|(?:was|were|is) (?:totally |completely |quite )?(?:unforeseen|unexpected|unforeseeable)|unforeseen (?:circumstances?|events?|situation)|one-off|could(?:n't| not) be helped|unavoidable|first time)\b)", re.I)),
    (Kind.UNTOLD, re.compile(r"(?P<w>\b(?:(?:nobody|no one|no-one) (?:told|informed|asked)(?: (?:me|us|them|him|her))?|(?:was|were)(?:n't| not) (?:told|informed)|(?:was|were) (?:away|on leave|out of office)|(?:the )?(?:customer|client|vendor|supplier|other side)(?:'s|’s) (?:fault|mistake|error))\b)", re.I)),
    (Kind.PERSON, re.compile(r"(?P<w>\b(?:(?:(?:his|her|their)|(?:the (?:operator|clerk|staff|employee|person in charge|trainee|intern)|(?-i:[A-Z][a-z]+))(?:'s|’s)) (?:fault|mistake|error|negligence|carelessness)|(?:he|she|they|the (?:operator|clerk|staff(?: member)?|employee|person in charge|trainee|intern)) (?:forgot|missed|overlooked|misread|mistyped|mixed up|ignored|failed to|did(?:n't| not) (?:check|notice|look|read|know|follow|ask))[^.,;]{0,40}))", re.I)),
    (Kind.ACT, re.compile(r"(?P<w>\b(?:forgot(?:ten)?|overlooked|mistyped|typo|mix-up|misread|(?:simple|input|typing|data entry|copying|transcription) (?:mistake|error|slip))\b[^.,;]{0,30})", re.I)),
]  # fmt: skip
_EN_DENIED = re.compile(r"(?:\b(?:not|never|no|nor|neither|without)|n['’]t)(?: \w+){0,2} $", re.I)
# What is made against carelessness is not carelessness: "no check that catches typos".
_EN_AGAINST = re.compile(
    r"\b(?:catch(?:es)?|detects?|prevents?|stops?|guards? against|protects? (?:from|against)|checks? for|flags?|notices?|"
    r"allows?|assumes?|relies on|depends on|blocks?|reports?|for|against)(?: \w+){0,3} $",
    re.I,
)
_EN_MEANS = re.compile(
    r"\bbecause\b|\bsince\b|\bdue to (?:the|a|two)\b|\bby hand\b|\bmanual(?:ly)?\b|\bscreen\b|\bform\b|\bfield\b|\bsystem\b|\bprocedure\b|\btemplate\b|\blist\b|\bpaper\b|\bno (?:check|warning|alert|rule|step)\b",
    re.I,
)
_ASCII = re.compile(r"^[\x00-\x7f’“”‘–—…〔〕]+$")


def _hint(sentence: str) -> Hint | None:
    if _ASCII.match(sentence):
        return _english(sentence)
    for kind, pattern in _RULES:
        for found in pattern.finditer(sentence):
            if _DENIED.match(sentence[found.end("w") :]):
                continue
            if kind == Kind.ACT and _MEANS.search(sentence[: found.start("w")]):
                continue
            return Hint(kind, found["w"].strip(" 、,"))
    return None


def _english(sentence: str) -> Hint | None:
    for kind, pattern in _EN_RULES:
        for found in pattern.finditer(sentence):
            before = sentence[: found.start()]
            denied = _EN_DENIED.search(before) and not re.match(r"(?:not|no)\b", found["w"], re.I)
            if denied or _EN_AGAINST.search(before):
                continue
            if kind == Kind.ACT and _EN_MEANS.search(sentence):
                continue
            return Hint(kind, found["w"].strip())
    return None
