from __future__ import annotations

from allauth.account import forms as allauth
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from incidents.enums import Language
from incidents.forms.base import CalmForm, DayField
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
    quiet_from = forms.TypedChoiceField(
        label=_("静かな時間（ここから）"),
        coerce=int,
        empty_value=None,
        required=False,
        choices=[("", _("静かな時間を置かない")), *((hour, f"{hour}:00") for hour in range(24))],
    )
    quiet_until = forms.TypedChoiceField(
        label=_("静かな時間（ここまで）"),
        coerce=int,
        choices=[(hour, f"{hour}:00") for hour in range(24)],
        help_text=_(
            "この間と休みの日は、引き継ぎや手伝いのお願いなどのメールを、明けてから送ります。"
            "時刻のお知らせ（最初の報告など）は届きますが、同じ約束のことは一晩に一度だけです。"
        ),
    )
    paused_until = DayField(
        label=_("お知らせの休み（この日まで）"),
        required=False,
        help_text=_(
            "ご自身の約束の朝のお知らせを、この日まで休みます。ほかの方の約束を助けるお知らせと、時刻のお知らせは届きます。"
            "期限を過ぎた約束は、休みのあいだも代わりの人やリーダーに知らせます。"
        ),
    )
    mirrored = forms.BooleanField(
        label=_("わたしの約束を、チームのチャットにも写す"),
        required=False,
        help_text=_(
            "チームがチャットへの写しを使っているときの、朝のお知らせの話です。期限を過ぎてほかの方に知らせる約束は、いつも写します。"
        ),
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
