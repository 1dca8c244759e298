from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once. What they are is looked at by the gateway, not by their names or types as the browser says."""

    widget = FilesInput

    def __init__(self, **kwargs: Any):
        help_text = format_lazy(
            _(
                "PDF・画像・Word・Excel・PowerPoint・メール・文字・ZIP。一つ {mib} MB まで。写真の撮影場所などは取り除いて保存します。"
            ),
            mib=settings.UPLOAD_FILE_BYTES >> 20,
        )
        super().__init__(**{"help_text": help_text} | kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = [one for one in (data if isinstance(data, (list, tuple)) else [data]) if one]
        if not given and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return given


class FilesForm(CalmForm):
    files = FilesField(label=_("添えるファイル"), error_messages={"required": _("ファイルを選んでください。")})


class WithdrawFileForm(CalmForm):
    reason = forms.CharField(label=_("取り下げる理由"), max_length=300)
