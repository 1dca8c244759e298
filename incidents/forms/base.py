"""Shared shape of the forms: crispy's Bootstrap 5 layout inside a form tag that the page writes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


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


# A year outside of these is a slip of the keys, and sums with it would leave the calendar.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2099, 12, 31)


def _refuse_far_day(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(_("年を確かめてください。1990年から2099年までの日付を入れられます。"))


class DayField(forms.DateField):
    """A date: the browser's own picker, and typed as 2026-11-25, 2026/11/25 or 2026年11月25日 without one."""

    widget = DayInput

    def __init__(self, **kwargs: Any):
        super().__init__(input_formats=["%Y-%m-%d", "%Y/%m/%d", "%Y年%m月%d日"], **kwargs)

    def to_python(self, value: Any) -> date | None:
        day = super().to_python(value)
        if day is not None:
            _refuse_far_day(day)
        return day


class MomentField(forms.DateTimeField):
    """A local date and time in the person's zone; the cleaned value is aware."""

    widget = MomentInput

    def __init__(self, **kwargs: Any):
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"]
        super().__init__(input_formats=formats, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        try:
            moment = super().to_python(value)
        except OverflowError:
            _refuse_far_day(date.min)
        if moment is not None:
            _refuse_far_day(moment.date())
        return moment

    def has_changed(self, initial: Any, data: Any) -> bool:
        """The browser's field has no seconds: a time that only lost them was not touched."""
        if isinstance(initial, datetime):
            initial = initial.replace(second=0, microsecond=0)
        return super().has_changed(initial, data)


class SeveralField(forms.ModelMultipleChoiceField):
    """Any number of records out of a list, as boxes to tick."""

    widget = forms.CheckboxSelectMultiple

    def _check_values(self, value: Any) -> Any:
        """A key that no database holds is no choice; asked for in a list, SQLite would fail at it."""
        for key in value:
            try:
                too_large = abs(int(key)) >= 2**63
            except (TypeError, ValueError):
                continue  # said by the field itself
            if too_large:
                params = {"value": str(key)[:40]}
                raise ValidationError(self.error_messages["invalid_choice"], code="invalid_choice", params=params)
        return super()._check_values(value)
