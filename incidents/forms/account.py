from __future__ import annotations

from allauth.account import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from incidents.enums import Language
from incidents.forms.base import CalmForm
from incidents.models.person import normalise_email

ZONES = (
    "Asia/Tokyo",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "UTC",
)


def _calm(form: forms.Form) -> None:
    """Labels say what to type; a placeholder that repeats them would only vanish on the first letter."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


class LoginForm(allauth.LoginForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("メールアドレス")
        self.fields["password"].help_text = ""
        _calm(self)


class ResetPasswordForm(allauth.ResetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _calm(self)


class ResetPasswordKeyForm(allauth.ResetPasswordKeyForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _calm(self)


class ChangePasswordForm(allauth.ChangePasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        _calm(self)


class SetupForm(CalmForm):
    organisation = forms.CharField(label=_("組織の名前"), max_length=120)
    team = forms.CharField(label=_("最初のチームの名前"), max_length=80, initial=_("業務チーム"))
    name = forms.CharField(label=_("あなたの名前"), max_length=80)
    email = forms.EmailField(label=_("メールアドレス"))
    password = forms.CharField(
        label=_("パスワード"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("12文字以上。"),
    )

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])


class PreferencesForm(CalmForm):
    name = forms.CharField(label=_("名前"), max_length=80)
    language = forms.ChoiceField(label=_("言語"), choices=Language.choices)
    time_zone = forms.ChoiceField(label=_("時間帯"))
    digest_hour = forms.TypedChoiceField(
        label=_("お知らせの時刻"),
        coerce=int,
        choices=[(hour, f"{hour}:00") for hour in range(24)],
        help_text=_("営業日のこの時刻に、一通だけ届きます。"),
    )
    theme = forms.ChoiceField(
        label=_("画面の明るさ"),
        choices=[("auto", _("機器に合わせる")), ("light", _("明るい")), ("dark", _("暗い"))],
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = kwargs.get("initial", {}).get("time_zone", "")
        zones = ZONES if own in ZONES or not own else (own, *ZONES)
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        if not name:
            raise ValidationError(_("名前を入れてください。"))
        return name
