from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, MomentField


class ContainmentForm(CalmForm):
    still = True
    beside = {"done_in_future": "done_at"}
    text = forms.CharField(
        label=_("広がりを止めるために、何をしましたか"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("例: 出荷を止めた、送信先に削除をお願いした。再発を防ぐことは対策に書きます。"),
    )
    done_at = MomentField(label=_("いつ行いましたか"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{"auto_id": "containment-%s"} | kwargs)
        if not self.is_bound:
            self.initial.setdefault("done_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))


class LiftForm(CalmForm):
    note = forms.CharField(label=_("解いた理由"), max_length=300)
