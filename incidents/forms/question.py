from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import Verdict
from incidents.forms.base import CalmForm, DayField
from incidents.forms.meanwhile import WholeForm


class AskForm(CalmForm):
    beside: ClassVar[dict[str, str]] = {"due_in_past": "due_on"}
    text = forms.CharField(
        label=_("何がわかっていませんか"),
        max_length=300,
        help_text=_("例: 何通が別の宛先へ出たか"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    owner = forms.ModelChoiceField(label=_("調べる人"), queryset=None)
    due_on = DayField(label=_("いつまでに"))

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people


class AnswerForm(CalmForm):
    answer = forms.CharField(label=_("わかったこと"), max_length=5000, widget=forms.Textarea(attrs={"rows": 3}))
    verdict = forms.ChoiceField(
        label=_("元の記録について"),
        choices=[("", _("書き足すだけ")), *Verdict.choices],
        required=False,
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, with_line: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not with_line:
            del self.fields["verdict"]


class QuestionDueForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"due_in_past": "due_on", "same_day": "due_on", "no_reason": "reason"}
    writes = ("due_on",)
    due_on = DayField(label=_("新しい期限"))
    reason = forms.CharField(label=_("変える理由"), max_length=300)


class QuestionOwnerForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"same_owner": "owner"}
    writes = ("owner",)
    owner = forms.ModelChoiceField(label=_("新しく調べる人"), queryset=None)

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people


class DropForm(CalmForm):
    reason = forms.CharField(label=_("取り下げる理由"), max_length=300)
