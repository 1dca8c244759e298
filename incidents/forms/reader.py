from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class ReadersForm(CalmForm):
    readers = forms.ModelMultipleChoiceField(
        label=_("読む人"),
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("担当・代わりの人・記録した人は、選ばなくても読めます。リーダーが一人は要ります。"),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["readers"].queryset = people
