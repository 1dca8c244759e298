"""Two people with the same record open: the second sees what changed meanwhile and keeps their own text."""

from __future__ import annotations

import hashlib
import json
from typing import Any, ClassVar

from django import forms
from django.core.serializers.json import DjangoJSONEncoder

from incidents.forms.base import CalmForm


def _as_shown(values: dict[str, Any]) -> str:
    """As it is read again from the field; each letter is one, so that a text of full length has room."""
    return json.dumps(values, ensure_ascii=False)


class MeanwhileForm(CalmForm):
    """A form that knows what it showed, so that an untouched field never overwrites somebody else's change.

    seen: id of the last trace of the record when the form was made. shown: the values as they stood in the fields.
    """

    seen = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=0, max_value=2**62)
    shown = forms.CharField(widget=forms.HiddenInput, required=False, max_length=500_000)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial["shown"] = _as_shown({name: self._raw(name) for name in self.own_names()})

    def own_names(self) -> list[str]:
        return [name for name in self.fields if name not in {"seen", "shown"}]

    def _raw(self, name: str) -> list[str]:
        """The value as the field's widget sends it."""
        bound = self[name]
        if isinstance(bound.field, forms.BooleanField):  # its widget gives no value for a tick
            return ["on"] if bound.value() else []
        value = bound.field.widget.format_value(bound.value())
        values = value if isinstance(value, (list, tuple)) else [value]
        return sorted(str(one).replace("\r\n", "\n") for one in values if one not in (None, "", False))

    def mine(self) -> list[str]:
        """Names of the fields that this person changed from what they were shown; a form without `shown` counts all."""
        try:
            shown = json.loads(self.data.get("shown") or "{}")
        except ValueError:
            shown = {}
        if not isinstance(shown, dict):
            shown = {}
        return [name for name in self.own_names() if name not in shown or self._raw(name) != shown[name]]

    def ask(self, name: str, value: str) -> None:
        """Put another value into a field of a form that comes back; whatever is sent there next counts as chosen."""
        data = self.data.copy()
        shown = json.loads(data.get("shown") or "{}")  # self.mine() has read it
        shown[name] = ["?"]  # what no field shows, so that also the old value counts as this person's
        data[name], data["shown"] = value, json.dumps(shown)
        self.data = data

    def look_again(self, *, seen: int, current: dict[str, Any]) -> None:
        """After a refusal: what is here now counts as seen, so that sending once more is meant. The typed text stays.

        current: the values that the record has now, for the fields that both changed.
        """
        try:
            shown = json.loads(self.data.get("shown") or "{}")
        except ValueError:
            shown = {}
        now = type(self)(initial=current, **self._again)
        shown.update({name: now._raw(name) for name in current})
        data = self.data.copy()
        data["seen"], data["shown"] = str(seen), _as_shown(shown)
        self.data = data

    _again: dict[str, Any] = {}


class WholeForm(CalmForm):
    """A form that writes over what stands, with nothing in it to merge: a new owner, a new time, a list of people.

    standing: what the form would write over, as it is now. The form carries a print of it, so that it knows when
    something else stands there by the time it comes back. writes: the names in the trace of what it writes.
    """

    writes: ClassVar[tuple[str, ...]] = ()
    stood = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(self, *args: Any, standing: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._standing = hashlib.sha256(json.dumps(standing, cls=DjangoJSONEncoder).encode()).hexdigest()
        self.initial["stood"] = self._standing

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "stood"}

    def is_stale(self) -> bool:
        """Whether something else stands there than what this form was opened on; a form without the print is not asked."""
        return self.cleaned_data.get("stood", "") not in {"", self._standing}

    def look_again(self) -> None:
        """After a refusal: what stands here now counts as seen, so that sending once more is meant."""
        data = self.data.copy()
        data["stood"] = self._standing
        self.data = data
