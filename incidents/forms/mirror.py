from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from incidents.enums import Language, MirrorKind
from incidents.forms.base import CalmForm
from incidents.gateways import egress
from incidents.letters.mirror import why_words

# An address with a secret in it: no browser is to keep or to correct it.
SECRET = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class SecretField(forms.CharField):
    """An address as it was copied: nothing in it is put into another spelling."""

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=2000, widget=forms.TextInput(attrs=SECRET), **kwargs)
        self.widget.attrs.pop("maxlength", None)


class _Place(CalmForm):
    """Where a channel is. kind: set before the form is asked."""

    kind = ""

    def clean_address(self) -> str:
        """The way out is asked what it says to the address itself; the network is asked when it is tried."""
        text = self.cleaned_data["address"]
        if self.chosen_kind() == MirrorKind.WEBHOOK and (word := egress.why_not(text)):
            raise ValidationError(why_words(word), code=word)
        return text

    def chosen_kind(self) -> str:
        return self.kind


class OptionsForm(CalmForm):
    """What a channel is shown, and the name under which it stands here."""

    beside = {"mirror_shows_nothing": "morning"}
    name = forms.CharField(label=_("名前"), max_length=60, help_text=_("例: 受注課のチャンネル"))
    morning = forms.BooleanField(
        label=_("朝のお知らせ"),
        required=False,
        initial=True,
        help_text=_("営業日の朝に一通だけ。その日にチームの人へ知らせる約束を、まとめて写します。"),
    )
    clock = forms.BooleanField(
        label=_("一次報告の時計"), required=False, initial=True, help_text=_("知らせる時刻が来たら、すぐに写します。")
    )
    titles = forms.BooleanField(
        label=_("件名も写す"),
        required=False,
        help_text=_(
            "印がなければ、番号と種類と日、担当の名前だけです。「限られた人だけ」の記録は、どちらでも写しません。"
        ),
    )
    language = forms.ChoiceField(label=_("言語"), choices=Language, initial=Language.JAPANESE)


class NewForm(OptionsForm, _Place):
    beside = {**OptionsForm.beside, "mirror_address": "address", "mirror_token": "token"}
    field_order = ["kind", "name", "address", "token"]
    kind = forms.ChoiceField(label=_("写す先"), choices=MirrorKind)
    address = SecretField(
        label=_("アドレス"),
        help_text=_(
            "サービスの画面に出る Incoming Webhook（Teams は「ワークフロー」）のアドレス。Chatwork は部屋の番号か、部屋のページのアドレス。保存したあとは、二度と表示しません。"
        ),
    )
    token = SecretField(label=_("APIトークン"), required=False, help_text=_("Chatwork のときだけ。"))

    def chosen_kind(self) -> str:
        return self.data.get("kind", "")


class MoveForm(_Place):
    """Another address for a channel, or another token."""

    beside = {"mirror_address": "address", "mirror_token": "token"}
    address = SecretField(
        label=_("新しいアドレス"), help_text=_("保存したあとは、二度と表示しません。ためすまで、何も写しません。")
    )
    token = SecretField(label=_("APIトークン"), required=False)

    def __init__(self, *args: Any, kind: str, **kwargs: Any):
        self.kind = kind
        super().__init__(*args, **kwargs)
        if kind != MirrorKind.CHATWORK:
            del self.fields["token"]
