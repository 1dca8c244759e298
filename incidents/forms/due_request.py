from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, DayField
from incidents.forms.meanwhile import WholeForm


class DueRequestForm(WholeForm):
    """A new date and why; for a date promised outside also what the other side will be told."""

    beside: ClassVar[dict[str, str]] = {
        "due_in_past": "due_on",
        "same_date": "due_on",
        "check_before_due": "due_on",
        "no_reason": "reason",
        "no_draft": "draft",
    }
    writes = ("due_on",)
    due_on = DayField(label=_("新しい期限"))
    reason = forms.CharField(label=_("変える理由"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
    draft = forms.CharField(
        label=_("続報の下書き"),
        required=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_(
            "お客様にお約束した期限です。前と後の日付、変わる理由、次にお伝えする日を、先方に伝える文で書きます。"
        ),
    )

    def __init__(self, *args: Any, promised_outside: bool, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not promised_outside:
            del self.fields["draft"]


class GrantForm(CalmForm):
    note = forms.CharField(label=_("ひとこと"), required=False, max_length=300)


class RefuseForm(CalmForm):
    note = forms.CharField(label=_("見送る理由"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
