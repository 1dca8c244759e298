"""不在: from when, until when, and who stands in."""

from __future__ import annotations

import unicodedata
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from incidents.forms.base import CalmForm, DayField
from incidents.models import Person
from incidents.models.person import normalise_email

STAND_IN_UNCLEAR = _(
    "この名前では、代わりの人を決められません。同じチームの方の姓名かメールアドレスを確かめるか、空のまま送ってください。"
)
HONORIFICS = ("さん", "さま", "様")


class AbsenceForm(CalmForm):
    """For somebody signed in: the stand-in is chosen. people: who can stand in."""

    beside: ClassVar[dict[str, str]] = {
        "ends_before_start": "ends_on",
        "absence_over": "ends_on",
        "absence_too_long": "ends_on",
        "already_away": "starts_on",
        "stand_in_not_in_team": "stand_in",
        "stand_in_away": "stand_in",
    }
    starts_on = DayField(label=_("いつから"))
    ends_on = DayField(label=_("いつまで"), help_text=_("この日まで不在です。次の日から、お知らせは自動で戻ります。"))
    stand_in = forms.ModelChoiceField(
        label=_("代わりの人"),
        queryset=None,
        required=False,
        empty_label=_("決めない"),
        help_text=_("決めないときは、それぞれの約束の代わりの人に、いなければリーダーに届きます。"),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["stand_in"].queryset = people


class AbsenceByNameForm(AbsenceForm):
    """The same from a mail: the stand-in is typed, for the page shows nobody whom the mail did not show.

    Whoever holds the mail does not learn from it who else there is, nor who is away: every name that will not do is
    answered by the same words.
    """

    beside: ClassVar[dict[str, str]] = {**AbsenceForm.beside, "stand_in_unclear": "stand_in"}

    stand_in = forms.CharField(
        label=_("代わりの人"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_(
            "同じチームの方の名前かメールアドレス。空なら、それぞれの約束の代わりの人に、いなければリーダーに届きます。"
        ),
    )

    def __init__(self, *args: Any, people: Any, **kwargs: Any):
        CalmForm.__init__(self, *args, **kwargs)
        self._people = people

    def clean_stand_in(self) -> Person | None:
        typed = self.cleaned_data["stand_in"]
        if not typed:
            return None
        people = list(self._people)
        found = [one for one in people if normalise_email(typed) == one.email]
        found = found or [one for one in people if _plain(typed) == _plain(one.name)]
        found = found or [one for one in people if _plain(typed) in {_plain(part) for part in one.name.split()}]
        if len(found) == 1:
            return found[0]
        raise ValidationError(STAND_IN_UNCLEAR, code="stand_in_unclear")


def _plain(name: str) -> str:
    """A name without spaces and honorific, in one spelling: 「佐藤　美咲さん」 is 「佐藤美咲」."""
    whole = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    return next((whole.removesuffix(one) for one in HONORIFICS if whole.endswith(one)), whole)
