from __future__ import annotations

from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from incidents.forms.base import SeveralField
from incidents.forms.meanwhile import WholeForm


class ReadersForm(WholeForm):
    beside: ClassVar[dict[str, str]] = {"no_lead_reader": "readers"}
    writes = ("readers",)
    readers = SeveralField(
        label=_("読む人"),
        queryset=None,
        required=False,
        help_text=_("担当・代わりの人・記録した人は、選ばなくても読めます。リーダーが一人は要ります。"),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["readers"].queryset = people
