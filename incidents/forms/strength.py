"""The ladder of B-5 in plain words: what a measure does decides how strong it is, 6 strongest."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from incidents.enums import Strength


@dataclass(frozen=True)
class Rung:
    """One choice: its number, what such a measure does, and an example."""

    strength: Strength
    does: str | Promise
    example: str | Promise


LADDER = (
    Rung(
        Strength.ELIMINATE,
        _("その作業や紙そのものをなくします。"),
        _("二つの台帳への転記をやめ、元のデータだけを使う。"),
    ),
    Rung(
        Strength.AUTOMATE,
        _("人の手と目のかわりに、機械がします。"),
        _("受注データから請求書を自動で作る。"),
    ),
    Rung(
        Strength.IMPOSSIBLE,
        _("まちがえると先へ進めないように、入力の決まりや権限で止めます。"),
        _("宛先と社名が違うと、送信ボタンが押せない。"),
    ),
    Rung(
        Strength.CHECK,
        _("だれが・いつ・何と何を比べるかを決め、記録まで残します。"),
        _("振り込む前に、別の人が請求書と一覧を突き合わせて印をつける。"),
    ),
    Rung(
        Strength.CHECKLIST,
        _("手順書や表示をつくり、それを見ながら進めます。"),
        _("送る前に見る五つの項目を、画面の横に貼る。"),
    ),
    Rung(
        Strength.TEACH,
        _("教えたり、呼びかけたりします。人が覚えているあいだだけ効きます。"),
        _("朝礼でこの件を伝え、新しい人には研修で教える。"),
    ),
    Rung(
        Strength.BE_CAREFUL,
        _("気をつけます。これだけでは対策に数えません。"),
        _("今後は宛先をよく見る。"),
    ),
)
STRENGTH_CHOICES = [(rung.strength, rung.strength.label) for rung in LADDER]
