from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents.enums import Certainty, EntryKind, Verdict
from incidents.forms.base import CalmForm, MomentField


class TimelineForm(CalmForm):
    still = True
    beside = {"fact_in_future": "event_at"}
    text = forms.CharField(label=_("何がありましたか"), max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))
    event_at = MomentField(label=_("いつ"), required=False)
    certainty = forms.ChoiceField(label=_("確かさ"), choices=Certainty.choices, initial=Certainty.FACT)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{"auto_id": "timeline-%s"} | kwargs)
        if not self.is_bound:
            self.initial.setdefault("event_at", timezone.localtime().strftime("%Y-%m-%dT%H:%M"))


class AddendumForm(CalmForm):
    """What was found out later about a line; the line itself stays as it is."""

    text = forms.CharField(label=_("わかったこと"), max_length=5000, widget=forms.Textarea(attrs={"rows": 2}))
    verdict = forms.ChoiceField(
        label=_("元の記録について"),
        choices=[("", _("書き足すだけ")), *Verdict.choices],
        required=False,
        widget=forms.RadioSelect,
    )
    certainty = forms.ChoiceField(label=_("この追記の確かさ"), choices=Certainty.choices, initial=Certainty.FACT)

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        if not text.strip():
            raise ValidationError(_("わかったことを一行書いてください。"))
        return text


class TimelineFilterForm(CalmForm):
    """How the timeline is narrowed and sorted; what it does not know is left aside."""

    show = forms.ChoiceField(
        label=_("確かさ"),
        required=False,
        choices=[
            ("", _("すべて")),
            ("facts", _("事実だけ")),
            (Certainty.ESTIMATE, Certainty.ESTIMATE.label),
            (Certainty.UNKNOWN, Certainty.UNKNOWN.label),
            (Verdict.REFUTED, Verdict.REFUTED.label),
        ],
    )
    kind = forms.ChoiceField(label=_("種類"), required=False, choices=[("", _("すべて")), *EntryKind.choices])
    addenda = forms.ChoiceField(
        label=_("追記"),
        required=False,
        choices=[("", _("すべて")), ("with", _("追記あり")), ("without", _("追記なし"))],
    )
    order = forms.ChoiceField(
        label=_("並び順"),
        required=False,
        choices=[
            ("event", _("起きた時刻の順")),
            ("-event", _("起きた時刻の新しい順")),
            ("recorded", _("記録した時刻の順")),
            ("-recorded", _("記録した時刻の新しい順")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "form-select form-select-sm"

    def words(self) -> list[tuple[str, str]]:
        """What is chosen, as (field, choice) in words: for the sheet that is printed without the form."""
        return [
            (str(self.fields[name].label), str(dict(self.fields[name].choices)[value]))
            for name, value in self.chosen().items()
        ]

    def chosen(self) -> dict[str, str]:
        """The valid choices that differ from what is shown without any."""
        self.is_valid()
        return {
            name: value for name, value in self.cleaned_data.items() if value and (name, value) != ("order", "event")
        }
