"""Mirrors in words. Format only; no query."""

from __future__ import annotations

from django import template
from django.utils.translation import gettext as _

from incidents.enums import PostState
from incidents.letters.mirror import why_words as sentence
from incidents.models import Mirror, MirrorPost
from incidents.templatetags.ui import moment

register = template.Library()


@register.filter
def why_words(word: str) -> str:
    """Why a message did not arrive, as one sentence."""
    return sentence(word)


@register.filter
def place(mirror: Mirror) -> str:
    """Where a channel is, as far as it is shown: the host and the last letters of its address."""
    return _("%(host)s（終わりが %(tail)s）") % {"host": mirror.host, "tail": mirror.tail}


@register.filter
def shown_there(mirror: Mirror) -> str:
    """What a channel is shown: 朝のお知らせ、一次報告の時計（件名も）."""
    kinds = [_("朝のお知らせ")] * mirror.morning + [_("一次報告の時計")] * mirror.clock
    text = _("、").join(kinds)
    return _("%(what)s（件名も）") % {"what": text} if mirror.titles else text


@register.filter
def post_words(post: MirrorPost) -> str:
    """What became of one message: 予定, 送信, 再送, 取消."""
    if post.state == PostState.SENT:
        when = moment(post.sent_at)
        if post.attempts > 1:
            return _("%(when)s に写しました（再送、%(n)d回目）") % {"when": when, "n": post.attempts}
        return _("%(when)s に写しました") % {"when": when}
    if post.state == PostState.CANCELLED:
        return _("取り消しました")
    if post.state == PostState.FAILED:
        return _("写せませんでした。%(why)s") % {"why": sentence(post.error)}
    if post.error:
        return _("再送を待っています。%(why)s") % {"why": sentence(post.error)}
    return _("送信を待っています")
