"""Forms that look the same to everybody, written once for each language."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field, as_crispy_form
from django import template
from django.utils.translation import get_language

register = template.Library()
MOST = 200
_kept: dict[tuple, str] = {}


def _once(key: tuple, write: Callable[[], str]) -> str:
    key = (get_language(), *key)
    found = _kept.get(key)
    if found is None:
        if len(_kept) >= MOST:  # times in the fields change with the minute
            _kept.clear()
        found = _kept[key] = write()
    return found


@register.filter
def still(form: Any) -> str:
    """The form as crispy writes it; an empty one is kept when its class says `still`: no choice in it is anybody's own."""
    if form.is_bound or not getattr(form, "still", False):
        return as_crispy_form(form)
    return _once((type(form), *sorted(form.initial.items())), lambda: as_crispy_form(form))


@register.filter
def still_field(field: Any) -> str:
    """The same for one field, when the form's class names it in `still_fields`."""
    form = field.form
    if form.is_bound or field.name not in getattr(form, "still_fields", ()):
        return as_crispy_field(field)
    return _once((type(form), field.name, form.initial.get(field.name)), lambda: as_crispy_field(field))
