from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from incidents.enums import Category, Severity, Stage


class IncidentFilterForm(forms.Form):
    """What the list may be narrowed by. An unknown or broken value counts as not given: a list never fails."""

    q = forms.CharField(label=_("ことば"), required=False, max_length=200)
    stage = forms.ChoiceField(
        label=_("段階"), required=False, choices=[("", _("すべて")), ("open", _("進行中")), *Stage.choices]
    )
    team = forms.ChoiceField(label=_("チーム"), required=False)
    category = forms.ChoiceField(label=_("分類"), required=False, choices=[("", _("すべて")), *Category.choices])
    severity = forms.ChoiceField(label=_("重大度"), required=False, choices=[("", _("すべて")), *Severity.choices])

    def __init__(self, *args: Any, memberships: list, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["team"].choices = [("", _("すべて")), *((m.team.slug, m.team.name) for m in memberships)]
        for field in self.fields.values():
            field.widget.attrs["class"] = (
                "form-select form-select-sm" if hasattr(field, "choices") else "form-control form-control-sm"
            )

    def chosen(self) -> dict[str, str]:
        """The values that are given and known."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}
