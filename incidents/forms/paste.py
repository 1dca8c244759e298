from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from incidents import rules
from incidents.domain.timeline import Taken
from incidents.enums import Certainty
from incidents.forms.base import CalmForm, MomentField, TextField
from incidents.queries.paste import PasteLine

MOST = 300_000  # characters of one paste


class PasteForm(CalmForm):
    text = TextField(
        label=_("メールやチャットの文面"),
        original=True,
        max_length=MOST,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "spellcheck": "false"}),
        help_text=_("そのまま貼れます。原文は書きかえず、残ります。入れる行は次のページで選びます。"),
    )


class LineForm(forms.Form):
    """One line of a pasted text: take it over or not, how certain it is, when it was."""

    take = forms.BooleanField(label=_("経緯に入れる"), required=False)
    certainty = forms.ChoiceField(label=_("確かさ"), choices=Certainty.choices, initial=Certainty.FACT)
    at = MomentField(label=_("いつ"), required=False)

    def __init__(self, *args: Any, source: PasteLine, **kwargs: Any):
        self.source = source
        line = source.line
        moment = timezone.localtime(line.at).strftime("%Y-%m-%dT%H:%M") if line.at else ""
        super().__init__(*args, prefix=str(line.number), initial={"at": moment}, auto_id="line-%s", **kwargs)
        self.fields["take"].widget.attrs["class"] = "form-check-input"
        self.fields["certainty"].widget.attrs["class"] = "form-select form-select-sm"
        self.fields["at"].widget.attrs["class"] = "form-control form-control-sm"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("certainty") == Certainty.FACT and rules.is_ahead(cleaned.get("at"), timezone.now()):
            self.add_error("at", _("事実の時刻が未来になっています。時刻を直すか、確かさを「推定」にしてください。"))
        return cleaned

    @property
    def chosen(self) -> bool:
        return bool(self.is_bound and self.source.entry is None and self.data.get(self.add_prefix("take")))

    def taken(self) -> Taken:
        line = self.source.line
        words = line.words.strip() or line.raw.strip()
        text = f"{line.who}: {words}" if line.who and line.words else words
        return Taken(
            number=line.number,
            text=text,
            certainty=self.cleaned_data["certainty"],
            event_at=self.cleaned_data["at"],
            event_at_text=line.at_text,
        )


class LinesForm:
    """The lines of one page. Only chosen ones are looked at: what stands beside the others is nobody's claim."""

    def __init__(self, data: Any, lines: list[PasteLine]):
        self.rows = [LineForm(data, source=line) for line in lines]
        self.refusal = ""

    def add_error(self, _field: None, text: str) -> None:
        self.refusal = text

    def is_valid(self) -> bool:
        chosen = [row for row in self.rows if row.chosen]
        return all([row.is_valid() for row in chosen])

    def taken(self) -> list[Taken]:
        return [row.taken() for row in self.rows if row.chosen]
