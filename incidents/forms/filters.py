from __future__ import annotations

import unicodedata
from collections.abc import Hashable
from typing import Any, ClassVar
from urllib.parse import urlencode

from django import forms
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from incidents.enums import Category, IncidentKind, Severity, Stage

ALL = ("", _("すべて"))


class KeptSelect(forms.Select):
    """A select whose HTML is made once for each language, choices and value: ten of them stand above each list.

    scope: names the form; the same name and values mean the same labels in it. Labels out of records are looked at.
    """

    scope = ""
    _made: ClassVar[dict[Hashable, str]] = {}
    _MOST = 2_000

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> str:
        choices = tuple((key, label if type(label) is str else None) for key, label in self.choices)
        key = (self.scope, get_language(), name, value, tuple((attrs or {}).items()), choices)
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= self._MOST:
                self._made.clear()
            made = self._made[key] = super().render(name, value, attrs, renderer)
        return made


class Choice(forms.ChoiceField):
    widget = KeptSelect


def _is_named(name: str, words: str) -> bool:
    """Whether the words name that person: the whole name in them, or one of them is the family or the given name."""
    name, words = (unicodedata.normalize("NFKC", text).casefold() for text in (name, words))
    parts = {part for part in name.split() if len(part) > 1}
    return "".join(name.split()) in "".join(words.split()) or bool(parts & set(words.split()))


class ListFilterForm(forms.Form):
    """What a list may be narrowed by. An unknown or broken value counts as not given: a list never fails.

    It is told which ones were left out (`left_out`), and what was typed stays where it was typed.
    """

    q = forms.CharField(label=_("ことば"), required=False, max_length=200)
    team = Choice(label=_("チーム"), required=False)
    owner = Choice(label=_("担当"), required=False)
    category = Choice(label=_("分類"), required=False, choices=[ALL, *Category.choices])
    severity = Choice(label=_("重大度"), required=False, choices=[ALL, *Severity.choices])

    def __init__(self, *args: Any, memberships: list, people: Any = (), me: Any = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._me = me
        self.fields["team"].choices = [ALL, *((m.team.slug, m.team.name) for m in memberships)]
        self.fields["owner"].choices = [
            ALL,
            ("me", _("わたし")),
            *((str(person.pk), str(person)) for person in people),
            ("gone", _("チームを離れた方")),
        ]
        for field in self.fields.values():
            if isinstance(field.widget, KeptSelect):
                field.widget.scope = type(self).__name__
            field.widget.attrs["class"] = (
                "form-select form-select-sm" if hasattr(field, "choices") else "form-control form-control-sm"
            )

    def chosen(self) -> dict[str, str]:
        """The values that are given and known, as they stand in an address."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def encoded(self) -> str:
        """The same as one query."""
        return urlencode(self.chosen())

    def narrowing(self) -> dict[str, str]:
        """What of it leaves rows out: neither the order nor the tab."""
        return {name: value for name, value in self.chosen().items() if name not in {"sort", "view"}}

    def of_another(self) -> bool:
        """Whether the rows are those of one other person: their number would be a count of a person (invariant 8).

        Also where a colleague's name is the word that is searched for: it stands in what the verbs tell the timeline.
        """
        if self.filters().get("owner", self._me.pk) != self._me.pk:
            return True
        if "owner" not in self.fields:  # the tab of one's own
            return False
        others = [
            str(name) for key, name in self.fields["owner"].choices if key not in {"", "me", "gone", str(self._me.pk)}
        ]
        return any(_is_named(name, self.chosen().get("q", "")) for name in others)

    def left_out(self) -> list[str]:
        """The labels of what was given and is not known here."""
        return [str(self.fields[name].label) for name in self.errors if name in self.fields]

    def described(self) -> list[tuple[str, str]]:
        """The chosen conditions in words, as (label, value); the order of the fields."""
        chosen = self.chosen()
        return [
            (
                str(field.label),
                str(dict(field.choices).get(chosen[name], "")) if hasattr(field, "choices") else chosen[name],
            )
            for name, field in self.fields.items()
            if name in chosen
        ]

    def filters(self) -> dict[str, Any]:
        """The chosen values as the list's question takes them."""
        found: dict[str, Any] = dict(self.chosen())
        if found.get("owner") == "gone":
            del found["owner"]
            found["gone"] = True
        elif "owner" in found:
            found["owner"] = self._me.pk if found["owner"] == "me" else int(found["owner"])
        if "restricted" in found:
            found["restricted"] = True
        return found


class IncidentFilterForm(ListFilterForm):
    """The list of incidents: as incidents.queries.incident.Filters takes it."""

    field_order = (
        "q",
        "stage",
        "team",
        "owner",
        "due",
        "outside",
        "category",
        "severity",
        "kind",
        "restricted",
        "sort",
    )

    stage = Choice(label=_("段階"), required=False, choices=[ALL, ("open", _("進行中")), *Stage.choices])
    due = Choice(
        label=_("期限"),
        required=False,
        choices=[
            ALL,
            ("late", _("過ぎている")),
            ("week", _("今週")),
            ("none", _("約束なし")),
        ],
    )
    outside = Choice(
        label=_("対外"),
        required=False,
        choices=[ALL, ("open", _("続いている")), ("closed", _("対外完了"))],
    )
    kind = Choice(label=_("種類"), required=False, choices=[ALL, *IncidentKind.choices])
    restricted = Choice(label=_("読む人"), required=False, choices=[ALL, ("1", _("限っている記録"))])
    sort = Choice(
        label=_("並び"),
        required=False,
        choices=[
            ("", pgettext_lazy("order", "新しい順")),
            ("old", pgettext_lazy("order", "古い順")),
            ("number", pgettext_lazy("order", "番号")),
            ("severity", pgettext_lazy("order", "重大度")),
            ("stage", pgettext_lazy("order", "段階")),
            ("due", pgettext_lazy("order", "期限の近い順")),
        ],
    )


class SeamFilterForm(ListFilterForm):
    """The list of countermeasures: as incidents.queries.countermeasure.Filters takes it."""

    field_order = ("view", "q", "team", "owner", "due", "strength", "category", "severity", "sort")

    view = Choice(
        label=_("表示"),
        required=False,
        widget=forms.HiddenInput,
        choices=[
            ("mine", _("わたしの")),
            ("running", _("進行中")),
            ("checking", _("確認待ち")),
            ("gold", pgettext_lazy("measure", "金")),
            ("ideas", _("案")),
            ("dropped", _("実施しない")),
            ("all", _("すべて")),
        ],
    )
    due = Choice(
        label=_("期限"),
        required=False,
        choices=[ALL, ("late", _("過ぎている")), ("week", _("今週")), ("none", _("期限なし"))],
    )
    strength = Choice(
        label=_("強さ"),
        required=False,
        choices=[
            ALL,
            ("weak", _("弱い")),
            ("middle", _("中くらい")),
            ("strong", _("強い")),
        ],
    )
    sort = Choice(
        label=_("並び"),
        required=False,
        choices=[
            ("", pgettext_lazy("order", "期限の近い順")),
            ("far", pgettext_lazy("order", "期限の遠い順")),
            ("new", pgettext_lazy("order", "新しい順")),
            ("strong", pgettext_lazy("order", "強い順")),
            ("weak", pgettext_lazy("order", "弱い順")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.view_now() == "mine":
            del self.fields["owner"]  # the tab says whose

    def view_now(self) -> str:
        wanted = self.data.get("view", "")
        return wanted if wanted in dict(self.fields["view"].choices) else "mine"

    def tabs(self) -> list[tuple[str, str, bool]]:
        """The tabs as (value, words, whether it is the one that is shown)."""
        now = self.view_now()
        return [(value, str(label), value == now) for value, label in self.fields["view"].choices]
