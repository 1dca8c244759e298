"""Who belongs to a team: invitations, roles, leaving."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from incidents.enums import Language, Role
from incidents.forms.base import CalmForm
from incidents.models import Person
from incidents.models.person import normalise_email


class TeamForm(CalmForm):
    """A new team, by an administrator."""

    name = forms.CharField(label=_("チーム名"), max_length=80)
    slug = forms.CharField(
        label=_("短い名前"),
        max_length=40,
        validators=[validate_slug],
        help_text=_("アドレスに使います。半角の英小文字・数字・ハイフン。例: orders"),
    )


class InviteForm(CalmForm):
    """Whom a letter lets in. Whether there is somebody with the address is never looked at here."""

    beside: ClassVar[dict[str, str]] = {"no_lead": "role"}
    email = forms.EmailField(label=_("メールアドレス"), max_length=254)
    role = forms.ChoiceField(label=_("役割"), choices=Role.choices, initial=Role.MEMBER)
    language = forms.ChoiceField(label=_("手紙の言語"), choices=Language.choices)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["language"].initial = get_language()

    def clean_email(self) -> str:
        return normalise_email(self.cleaned_data["email"])


class RoleForm(CalmForm):
    role = forms.ChoiceField(label=_("役割"), choices=Role.choices)


class JoinForm(CalmForm):
    """Somebody new: their name, and a password of their own."""

    name = forms.CharField(label=_("あなたの名前"), max_length=80)
    password = forms.CharField(
        label=_("パスワード"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("12文字以上。"),
    )


class LeaveForm(CalmForm):
    """To whom each thing goes that the member holds. items: `queries.leaving.Left`.

    `all_to` is for everything that is not chosen by itself; nothing is chosen beforehand, so that nobody gets something
    by mistake.
    """

    all_to = forms.ModelChoiceField(
        label=_("まとめて引き受ける人"),
        queryset=None,
        required=False,
        empty_label=_("それぞれ選ぶ"),
        help_text=_("下で選ばなかったものは、この方に移ります。"),
    )
    reason = forms.CharField(
        label=_("理由"), max_length=300, required=False, help_text=_("履歴に残ります。空でもかまいません。")
    )

    def __init__(self, *args: Any, items: Sequence[Any] = (), people: Any, leads: Sequence[int] = (), **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._items = items
        if not items:
            del self.fields["all_to"]
            return
        self.fields["all_to"].queryset = people
        self.fields["all_to"].label_from_instance = lambda one: _named(one, leads)
        for item in items:
            self.fields[item.key] = forms.TypedChoiceField(
                label=f"{item.kind}: {item.what}" if item.kind else item.what,
                choices=[
                    ("", _("まとめて引き受ける人に")),
                    *((str(one.pk), _named(one, leads)) for one in item.people),
                ],
                required=False,
            )

    def clean(self) -> dict[str, Any]:
        found = super().clean()
        everybody = found.get("all_to")
        to: dict[str, Person] = {}
        for item in self._items:
            people = {str(one.pk): one for one in item.people}
            chosen = people.get(found.get(item.key) or (str(everybody.pk) if everybody else ""))
            if chosen is not None:
                to[item.key] = chosen
            elif item.key in self.fields:
                self.add_error(
                    item.key,
                    ValidationError(
                        _("この方は引き受けられません。ほかの方を選んでください。")
                        if everybody
                        else _("だれが引き受けるか選んでください。"),
                        code="required",
                    ),
                )
        self.cleaned_data["to"] = to
        return self.cleaned_data

    def values(self) -> dict[str, Any]:
        return {"to": self.cleaned_data.get("to", {}), "reason": self.cleaned_data.get("reason", "")}


def _named(person: Person, leads: Sequence[int]) -> str:
    return str(_("リーダー: %(name)s") % {"name": person}) if person.pk in leads else str(person)


class AskToReadForm(CalmForm):
    reason = forms.CharField(label=_("理由"), max_length=300, help_text=_("担当とリーダーだけが読みます。"))


class DeclineForm(CalmForm):
    answer = forms.CharField(label=_("ひとこと"), max_length=300, help_text=_("お願いした方に届きます。"))
