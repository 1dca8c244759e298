"""Shared shape of the forms: crispy's Bootstrap 5 layout inside a form tag that the page writes.

What somebody types is taken as it comes (docs/features/forms.md): the fields here read it, and what cannot be read
stands in its field again with a sentence that says how to write it.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any, ClassVar
from urllib.parse import urlsplit

from crispy_forms.helper import FormHelper
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.forms.utils import from_current_timezone
from django.forms.widgets import DateTimeBaseInput
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tools.plain import typed
from tools.plain.cleantext import clean, keep

TOO_LONG = _("%(limit_value)s文字までです。いまは%(show_value)s文字あります。短くするか、分けて書いてください。")
UNREAD = {
    "no_day": _("日付として読めませんでした。2026/3/5、3月5日、令和8年3月5日のように入れてください。"),
    "no_such_day": _("その日付はこよみにありません。月と日を確かめてください。"),
    "no_such_year": _("その元号には、その年や日がありません。年を確かめるか、西暦で入れてください。"),
    "far": _("年を確かめてください。1990年から2099年までの日付を入れられます。"),
    "which_year": _("どの年か決められません。2026/3/5 のように、年を4けたで入れてください。"),
    "which_order": _("月と日のどちらが先か決められません。2026/3/5 のように、年・月・日の順で入れてください。"),
    "no_time": _("時刻も入れてください。例: 2026/3/5 15:20、3月5日 午後3時20分"),
    "no_such_time": _("時刻として読めませんでした。15:20、午後3時20分、15時半のように入れてください。"),
    "which_twelve": _("正午か真夜中か決められません。12:00 か 0:00 のように入れてください。"),
    "no_number": _("数字だけで入れてください。例: 12"),
    "no_minutes": _("時間として読めませんでした。90、90分、1時間30分、1.5時間のように入れてください。"),
    "which_unit": _("時間か分か決められません。1.5時間、90分のように入れてください。"),
    "no_reference": _("どの記録か読めませんでした。K-12 のような番号か、記録のページのアドレスを入れてください。"),
    "which_reference": _("記録が二つ以上書かれています。一つだけ入れてください。"),
}


def unread(error: typed.Unread) -> ValidationError:
    return ValidationError(UNREAD[error.code], code=error.code)


# Words -------------------------------------------------------------------------------------


class TextField(forms.CharField):
    """Words in one spelling and without what nobody sees. Too many are told, never cut by the browser.

    original: a pasted original that is kept as it was, but for what a database cannot hold or what would turn the
    reading order on the page.
    """

    original = False

    def __init__(self, *, original: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.original = original
        _tell_length(self)

    def to_python(self, value: Any) -> str:
        if value in self.empty_values:
            return self.empty_value
        if self.original:
            return super().to_python(keep(str(value)))
        return super().to_python(clean(str(value), lines=isinstance(self.widget, forms.Textarea)))

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Without maxlength: it would cut a paste and say nothing."""
        attrs = super().widget_attrs(widget)
        attrs.pop("maxlength", None)
        return attrs


class AddressField(forms.EmailField):
    """An e-mail address; full-width letters are taken as what they mean."""

    def to_python(self, value: Any) -> str:
        return super().to_python(typed.plain(value) if isinstance(value, str) else value)


def check_link(text: str) -> None:
    """A validator: a web address that a browser can open, a host of the house's own network (http://wiki/…) included.

    Django's own knows hosts of the open internet alone. Only http and https are ever put into a page.
    """
    try:
        parts = urlsplit(text)
        is_link = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_link = False
    if not is_link or any(letter.isspace() for letter in text):
        raise ValidationError(_("http:// か https:// ではじまるアドレスを入れてください。"), code="no_link")


class NumberField(forms.IntegerField):
    """A whole number, in digits of either width."""

    widget = forms.TextInput(attrs={"inputmode": "numeric"})

    def to_python(self, value: Any) -> int | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return typed.read_number(value)
        except typed.Unread as error:
            if error.code == "empty":
                return None
            raise unread(error) from None


class MinutesField(forms.IntegerField):
    """How long something took, in minutes: 90, 1時間30分, 1.5h, in digits of either width."""

    widget = forms.TextInput(attrs={"autocomplete": "off"})

    def to_python(self, value: Any) -> int | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return typed.read_minutes(value)
        except typed.Unread as error:
            if error.code == "empty":
                return None
            raise unread(error) from None


class ReferenceField(TextField):
    """The reference of an incident (K-12), typed in any width, or pasted with its title or as the page's address."""

    def __init__(self, **kwargs: Any):
        super().__init__(**{"widget": forms.TextInput(attrs={"autocomplete": "off"})} | kwargs)

    def to_python(self, value: Any) -> str:
        words = super().to_python(value)
        if not words:
            return ""
        try:
            return typed.read_reference(words)
        except typed.Unread as error:
            raise unread(error) from None


def _tell_length(field: forms.CharField) -> None:
    for validator in field.validators:
        if isinstance(validator, MaxLengthValidator):
            validator.message = TOO_LONG


# Days and times -------------------------------------------------------------------------------


class _PickerInput(DateTimeBaseInput):
    """The browser's own picker. What it could not show (it would show nothing) stands in a field for text instead."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        shown = context["widget"]["value"]
        if shown and not self._is_the_pickers(str(shown)):
            context["widget"]["type"] = "text"
        return context

    def _is_the_pickers(self, shown: str) -> bool:
        try:
            datetime.strptime(shown, self.format)
        except ValueError:
            return False
        return len(shown) == len(datetime(2026, 11, 25).strftime(self.format))  # 2026-3-5 it would not take


class DayInput(_PickerInput):
    input_type = "date"
    format_key = "DATE_INPUT_FORMATS"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%d", **kwargs)


class MomentInput(_PickerInput):
    input_type = "datetime-local"
    format_key = "DATETIME_INPUT_FORMATS"

    def __init__(self, **kwargs: Any):
        super().__init__(format="%Y-%m-%dT%H:%M", **kwargs)


class DayField(forms.DateField):
    """A date, as people write it: 2026/3/5, 3月5日, 令和8年3月5日, R8.3.5, in digits of either width."""

    widget = DayInput

    def to_python(self, value: Any) -> date | None:
        if not isinstance(value, str):
            return super().to_python(value)
        try:
            return typed.read_day(value, today=timezone.localdate())
        except typed.Unread as error:
            if error.code == "empty":
                return None
            raise unread(error) from None


class MomentField(forms.DateTimeField):
    """A local date and time in the person's zone, as people write it (a time alone is today's); the value is aware."""

    widget = MomentInput

    def to_python(self, value: Any) -> datetime | None:
        if not isinstance(value, str):
            return super().to_python(value)
        try:
            moment = typed.read_moment(value, today=timezone.localdate())
        except typed.Unread as error:
            if error.code == "empty":
                return None
            raise unread(error) from None
        return moment if timezone.is_aware(moment) else from_current_timezone(moment)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """The browser's field has no seconds: a time that only lost them was not touched."""
        if isinstance(initial, datetime):
            initial = initial.replace(second=0, microsecond=0)
        return super().has_changed(initial, data)


class ClockField(forms.TimeField):
    """A time of the day: 15:20, 午後3時20分, 15時半."""

    def to_python(self, value: Any) -> time | None:
        if not isinstance(value, str):
            return super().to_python(value)
        try:
            return typed.read_time(value)
        except typed.Unread as error:
            if error.code == "empty":
                return None
            raise unread(error) from None


# The form --------------------------------------------------------------------------------------

_CALM = {
    forms.CharField: TextField,
    forms.EmailField: AddressField,
    forms.IntegerField: NumberField,
    forms.DateField: DayField,
    forms.DateTimeField: MomentField,
    forms.TimeField: ClockField,
}


def _calm(field: forms.Field) -> None:
    """Django's plain fields read as ours do, so that no form can forget it; a secret is never touched."""
    if type(field) in _CALM and not isinstance(field.widget, forms.PasswordInput | forms.HiddenInput):
        field.__class__ = _CALM[type(field)]
        field.widget.attrs.pop("maxlength", None)
        _tell_length(field)


class CalmForm(forms.Form):
    """A form whose errors stand beside the field and lose nothing that was typed.

    beside: the field at which a refusal of the form's verb is shown, by its code; others stand above the form.
    """

    beside: ClassVar[dict[str, str]] = {}
    error_css_class = required_css_class = ""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            _calm(field)
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True
        self.helper.html5_required = False

    def values(self) -> dict[str, Any]:
        """What the form's verb takes, once the form is valid."""
        return self.cleaned_data


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
