from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, DayField
from incidents.models import Person
from incidents.queries.consultation import Choice

# A shared computer must not offer tomorrow what somebody wrote today.
UNKEPT = {"autocomplete": "off"}
LONGEST = 10_000


def _text(label: Any, rows: int) -> forms.CharField:
    return forms.CharField(label=label, max_length=LONGEST, widget=forms.Textarea(attrs={"rows": rows, **UNKEPT}))


def _said(choice: Choice) -> str:
    about = [*([choice.about] if choice.about else []), *choice.teams]
    return f"{choice.person}（{'、'.join(about)}）" if about else str(choice.person)


class AdviserForm(CalmForm):
    """Whom to talk to, out of those who can be chosen."""

    beside = {"self_adviser": "adviser", "not_choosable": "adviser", "same_adviser": "adviser"}
    adviser = forms.TypedChoiceField(label=_("だれに相談しますか"), coerce=int, widget=forms.RadioSelect)

    def __init__(self, *args: Any, choices: list[Choice], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.people: dict[int, Person] = {one.person.pk: one.person for one in choices}
        self.fields["adviser"].choices = [(one.person.pk, _said(one)) for one in choices]

    def values(self) -> dict[str, Any]:
        return {"adviser": self.people[self.cleaned_data["adviser"]]}


class ConsultationForm(AdviserForm):
    """What to say to them. Whom was chosen on the page before."""

    beside = {**AdviserForm.beside, "empty": "text", "date_past": "reply_by"}
    named = forms.TypedChoiceField(
        label=_("お名前"),
        choices=[("yes", _("名前を出して相談する")), ("no", _("お名前を出さずに相談する"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    text = _text(_("相談したいこと"), 9)
    reply_by = DayField(
        label=_("いつまでに返事がほしいですか"),
        required=False,
        help_text=_("入れると、相手にだけ、その日までお知らせが届きます。なくてもかまいません。"),
    )
    field_order = ("adviser", "named", "text", "reply_by")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["adviser"].widget = forms.HiddenInput()
        self.fields["reply_by"].widget.attrs.update(UNKEPT)

    def values(self) -> dict[str, Any]:
        rest = {name: self.cleaned_data[name] for name in ("named", "text", "reply_by")}
        return {**super().values(), **rest}


class NoteForm(CalmForm):
    beside = {"empty": "text"}
    text = _text(_("続きを書く"), 5)


class ReplyDayForm(CalmForm):
    beside = {"date_past": "on", "same_date": "on"}
    on = DayField(label=_("返事をする日"), help_text=_("相談した方に見えます。お知らせは、あなたにだけ届きます。"))
