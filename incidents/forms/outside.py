from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.enums import Channel
from incidents.forms.base import CalmForm, MomentField


class OutsideForm(CalmForm):
    """対外完了: when and how it was confirmed with the other side, and what was agreed."""

    beside = {"settled_in_future": "closed_at", "settled_before_report": "closed_at"}
    agreed = forms.CharField(
        label=_("相手と決まったこと"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("例: 差し替えの請求書を受け取り、これで終わりにすると言われた。"),
    )
    channel = forms.ChoiceField(label=_("どうやって確かめましたか"), choices=Channel.choices, widget=forms.RadioSelect)
    closed_at = MomentField(label=_("いつ確かめましたか"))
    note = forms.CharField(
        label=_("ひとこと"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial.setdefault("closed_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))
            self.initial.setdefault("channel", Channel.PHONE)
