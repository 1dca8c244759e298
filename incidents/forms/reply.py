"""What a link of a mail asks for before it acts."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class HelpForm(CalmForm):
    """A few words about what would help."""

    beside: ClassVar[dict[str, str]] = {"no_words": "words"}
    words = forms.CharField(
        label=_("どんな手伝いがあると助かりますか"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("例: 照合を半日ほど、いっしょに見てもらえると助かります。"),
    )


class NotMineForm(CalmForm):
    """Who might be right, or nothing."""

    words = forms.CharField(
        label=_("どなたの担当だと思いますか"),
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("わからなければ、空のままで大丈夫です。"),
    )
