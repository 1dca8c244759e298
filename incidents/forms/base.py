"""Shared shape of the forms: crispy's Bootstrap 5 layout inside a form tag that the page writes."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from django import forms


class CalmForm(forms.Form):
    """A form whose errors stand beside the field and lose nothing that was typed."""

    error_css_class = required_css_class = ""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.html5_required = False


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%d", **kwargs)


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


def day_field(**kwargs: Any) -> forms.DateField:
    """A date: the browser's own picker, and typed as 2026-11-25 or 2026/11/25 without one."""
    return forms.DateField(widget=DayInput(), input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"], **kwargs)


def moment_field(**kwargs: Any) -> forms.DateTimeField:
    """A local date and time in the person's zone; the cleaned value is aware."""
    return forms.DateTimeField(
        widget=MomentInput(),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"],
        **kwargs,
    )
