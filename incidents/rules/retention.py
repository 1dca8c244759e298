"""How long each kind of thing is kept, unless the organisation says otherwise (hardening 3f.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.errors import Refused

LONGEST = 36_500


@dataclass(frozen=True)
class Term:
    """days: the usual term; 0 means for ever. least: the shortest that may be chosen. told: past its term it is only reported."""

    name: str
    label: str | Promise
    explain: str | Promise
    days: int
    least: int = 1
    told: bool = False


TERMS = {
    one.name: one
    for one in (
        Term("sessions", gettext_lazy("サインインのあと"), gettext_lazy("終わったサインインを、終わってから残す日数。"), 7, 0),
        Term(
            "bodies",
            gettext_lazy("手紙の本文"),
            gettext_lazy("送り終えた手紙の本文を残す日数。そのあとは、宛先と件名、本文の照合値が残ります。"),
            30,
            7,
        ),
        Term("letters", gettext_lazy("手紙の宛先と件名"), gettext_lazy("そのあとは、いつ何の手紙を送ったかだけが残ります。"), 365, 60),
        Term("mails", gettext_lazy("機械や知らない人からのメール"), gettext_lazy("記録に入れなかったメールを残す日数。"), 180, 7),
        Term(
            "originals",
            gettext_lazy("届いたメールの原本"),
            gettext_lazy("記録に入れたメールの、届いたままのファイルを残す日数。空なら消しません。"),
            0,
            60,
        ),
        Term("care", gettext_lazy("ひと息の便りの予定"), gettext_lazy("過ぎた予定を残す日数。"), 30),
        Term("posts", gettext_lazy("チャットに写した文"), gettext_lazy("写し終えた文を残す日数。"), 30, 7),
        Term("reads", gettext_lazy("限られた記録を読んだ人"), gettext_lazy("だれがいつ開いたかを残す日数。"), 365, 30),
        Term("marks", gettext_lazy("動きのしるし"), gettext_lazy("使われなくなったしるしを残す日数。"), 365, 30),
        Term("runs", gettext_lazy("この見回りの記録"), gettext_lazy("見回りの結果を残す日数。"), 1095, 30),
        Term(
            "audit",
            gettext_lazy("変更履歴"),
            gettext_lazy("過ぎたものの数を知らせるだけで、消しません。改ざんに気づけるつながりが切れるためです。"),
            2557,
            365,
            told=True,
        ),
    )
}  # fmt: skip


def days_of(chosen: Mapping[str, object], name: str) -> int:
    """The term of a class in days, as the organisation has chosen it; the usual one for what it left out or cannot be meant."""
    wanted = chosen.get(name)
    return wanted if type(wanted) is int and 0 <= wanted <= LONGEST else TERMS[name].days


def terms_from(wanted: Mapping[str, int | None]) -> dict[str, int]:
    """What to keep of the terms that somebody has chosen: those that are not the usual ones. None and 0: for ever.

    Raises Refused for a term that is too short to work with: a letter can be answered and its bounce known for sixty days.
    """
    kept = {}
    for name, days in wanted.items():
        term, number = TERMS[name], days or 0
        if number > LONGEST or (number and number < term.least):
            raise Refused(
                "term_too_short",
                _("「%(what)s」の日数が短すぎるか、長すぎます。") % {"what": term.label},
                _("%(least)d日から%(most)d日までにするか、空にして消さないようにしてください。")
                % {"least": term.least, "most": LONGEST},
            )
        if number != term.days:
            kept[name] = number
    return kept
