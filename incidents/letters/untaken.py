"""The letter that tells whoever wrote a mail that it is not in the record, why, and what brings it there."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from incidents.enums import MailState, MailWhy
from incidents.letters.base import Rendered, render
from incidents.letters.secrets import scrub
from incidents.models import Person, ReceivedMail


def told(row: ReceivedMail, *, to: Person) -> Rendered:
    """What became of a mail that was held or refused. Nothing of the record stands in it: not all may read that.

    The subject of the mail is named only when it is surely the reader's own; anybody can write a subject.
    """
    held = row.state == MailState.HELD
    with override(to.language):
        what, (why, todo) = _what(row, to, held), _why(row, to)
    context = {"person": to, "held": held, "what": what, "why": why, "todo": todo, "site_url": settings.SITE_URL}
    return render("untaken/told", language=to.language, context=context)


def _what(row: ReceivedMail, to: Person, held: bool) -> str:
    if row.why == MailWhy.WRONG_SENDER:
        said = _("あなたに渡した返信先へ、別のアドレス（%(address)s）からメールが届きました。")
        return said % {"address": row.from_address}
    if not (row.is_from(to) and row.subject):
        return _("うしろに届いたあなたのメールは、リーダーの確認を待っています。") if held else _("うしろに届いたあなたのメールは、記録に入っていません。")  # fmt: skip
    said = _("メール「%(subject)s」は、リーダーの確認を待っています。") if held else _("メール「%(subject)s」は、記録に入っていません。")  # fmt: skip
    return said % {"subject": scrub(row.subject)[:80]}


def _why(row: ReceivedMail, to: Person) -> tuple[str, str]:
    """Why, and what helps, to whoever wrote it."""
    words = {
        MailWhy.WRONG_SENDER: (
            _("登録されたアドレスからのものだけを、あなたの言葉として扱います。"),
            _("ご自身で送ったのなら、%(address)s から送り直してください。心当たりがなければ、することはありません。")
            % {"address": to.email},
        ),
        MailWhy.NO_TOKEN: (
            _("お知らせの返信先ではないアドレスに届いたので、ご本人のものか確かめられません。"),
            _("次は、お知らせのメールに、そのまま返信してください。"),
        ),
        MailWhy.EXPIRED: (_("返信先の期限（60日）が過ぎていました。"), _("新しいお知らせに返信すると、すぐ入ります。")),
        MailWhy.NO_STANDING: (
            _("このメールの記録には、いまは書けません。"),
            _("心当たりがあれば、チームのリーダーに伝えてください。"),
        ),
        MailWhy.NO_WORDS: (
            _("新しく書かれた文章も、添付も見つかりませんでした。"),
            _("引用より上に書いて、もう一度返信してください。"),
        ),
        MailWhy.TOO_MANY: (_("短い間にたくさん届きました。"), _("一時間ほどあけて送り直してください。")),
        MailWhy.INFECTED: (
            _("ウイルス対策ソフトが、危ないものが入っていると答えたため、残していません。"),
            _("開かずに、管理者に知らせてください。"),
        ),
        MailWhy.UNSCANNED: (
            _("ウイルス対策ソフトで確かめられないものが入っていました。"),
            _("添付をつけずに送り直してください。鍵のかかったファイルは、鍵を外すと確かめられます。"),
        ),
        MailWhy.TOO_LARGE: (_("25 MBより大きいメールは受け取れません。"), _("添付を分けて送り直してください。")),
    }
    unknown = (
        _("どの記録へのメールか、わかりませんでした。"),
        _("お知らせのメールにそのまま返信するか、「わたしの設定」の転送先に送ってください。"),
    )
    return words.get(MailWhy(row.why), unknown)
