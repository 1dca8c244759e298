from __future__ import annotations

from typing import ClassVar

from allauth.account import forms as allauth
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.core import context
from allauth.mfa.base import forms as factor_forms
from allauth.mfa.base.internal.flows import check_rate_limit
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from incidents.domain import account, factor
from incidents.enums import Language
from incidents.forms.base import CalmForm, DayField
from incidents.models.person import normalise_email
from tools.plain.device import device

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
        self.fields["remember"].label = _("この端末で、しばらくサインインしたままにする")
        self.fields["remember"].help_text = _("ほかの人も使う端末では、印をつけないでください。")
        _calm(self)

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """How long the session lasts is settled by ushiro.sessions, from the moment at which somebody is signed in."""
        request.session["remembered"] = self.cleaned_data["remember"]
        return perform_password_login(request, self.user_credentials(), self._to(redirect_url))

    def _to(self, redirect_url: str | None) -> Login:
        self._login.redirect_url = redirect_url
        return self._login


class ConfirmForm(allauth.ReauthenticateForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("パスワード")
        self.fields["password"].help_text = ""
        _calm(self)


class _CodeForm:
    """The app's code or a recovery code, asked of domain.factor: each serves once, whichever process is asked."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("確認のコード")
        self.fields["code"].help_text = _("認証アプリの6けたか、予備のコードを一つ入れてください。")
        _calm(self)

    def clean_code(self) -> str:
        allow_again = check_rate_limit(self.user)
        agent = context.request.META.get("HTTP_USER_AGENT", "")
        found = factor.use_code(self.user, self.cleaned_data["code"], device=device(agent))
        if found is None:
            raise ValidationError(account.WRONG_CODE, code="incorrect_code")
        allow_again()
        self.authenticator = found
        found.user = self.user
        return self.cleaned_data["code"]


class FactorForm(_CodeForm, factor_forms.AuthenticateForm):
    """At the sign-in, after the password."""


class ConfirmByFactorForm(_CodeForm, factor_forms.ReauthenticateForm):
    """Before what is hard to take back."""


class AppCodeForm(CalmForm):
    """The first code of a new app."""

    beside: ClassVar[dict[str, str]] = {"code_wrong": "code"}
    code = forms.CharField(
        label=_("アプリに出ている6けた"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasskeyForm(CalmForm):
    """What the browser made; `credential` is filled by static/js/passkey.js."""

    name = forms.CharField(
        label=_("このパスキーの呼び名"),
        max_length=60,
        required=False,
        help_text=_("あとで見分けるための名前です。例: 会社のノートパソコン"),
    )
    credential = forms.JSONField(widget=forms.HiddenInput, max_length=20_000)


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
