from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from incidents.enums import Category, IncidentKind, Severity, Stage


class IncidentFilterForm(forms.Form):
    """What the list may be narrowed by. An unknown or broken value counts as not given: a list never fails."""

    q = forms.CharField(label=_("ことば"), required=False, max_length=200)
    stage = forms.ChoiceField(
        label=_("段階"), required=False, choices=[("", _("すべて")), ("open", _("進行中")), *Stage.choices]
    )
    team = forms.ChoiceField(label=_("チーム"), required=False)
    owner = forms.ChoiceField(label=_("担当"), required=False)
    due = forms.ChoiceField(
        label=_("期限"),
        required=False,
        choices=[
            ("", _("すべて")),
            ("late", _("過ぎている")),
            ("week", _("今週")),
            ("none", _("約束なし")),
        ],
    )
    category = forms.ChoiceField(label=_("分類"), required=False, choices=[("", _("すべて")), *Category.choices])
    severity = forms.ChoiceField(label=_("重大度"), required=False, choices=[("", _("すべて")), *Severity.choices])
    kind = forms.ChoiceField(label=_("種類"), required=False, choices=[("", _("すべて")), *IncidentKind.choices])
    restricted = forms.ChoiceField(
        label=_("読む人"), required=False, choices=[("", _("すべて")), ("1", _("限っている記録"))]
    )
    outside = forms.ChoiceField(
        label=_("対外"),
        required=False,
        choices=[("", _("すべて")), ("open", _("続いている")), ("closed", _("対外完了"))],
    )
    sort = forms.ChoiceField(
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

    def __init__(self, *args: Any, memberships: list, people: Any = (), me: Any = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._me = me
        self.fields["team"].choices = [("", _("すべて")), *((m.team.slug, m.team.name) for m in memberships)]
        self.fields["owner"].choices = [
            ("", _("すべて")),
            ("me", _("わたし")),
            *((str(person.pk), str(person)) for person in people),
        ]
        for field in self.fields.values():
            field.widget.attrs["class"] = (
                "form-select form-select-sm" if hasattr(field, "choices") else "form-control form-control-sm"
            )

    def chosen(self) -> dict[str, str]:
        """The values that are given and known, as they stand in an address."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    def filters(self) -> dict[str, Any]:
        """The same as incidents.queries.incident.Filters takes them."""
        found: dict[str, Any] = dict(self.chosen())
        if "owner" in found:
            found["owner"] = self._me.pk if found["owner"] == "me" else int(found["owner"])
        if "restricted" in found:
            found["restricted"] = True
        return found
