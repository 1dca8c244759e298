"""Writes the plain widgets without templates: a page with its filters holds a hundred options, and each was an include.

The markup is that of django/forms/widgets/*.html; every other widget goes through its template as before.
"""

from __future__ import annotations

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_WIDGETS = "django/forms/widgets/"
_INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "time", "search", "input")
_LINES = frozenset(f"{_WIDGETS}{name}.html" for name in _INPUTS)


def _attributes(attributes: dict[str, Any]) -> str:
    return "".join(
        f" {escape(name)}" if value is True else f' {escape(name)}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not False
    )


def _line(widget: dict[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{escape(str(widget["value"]))}"'
    kind, name = escape(widget["type"]), escape(widget["name"])
    return f'<input type="{kind}" name="{name}"{value}{_attributes(widget["attrs"])}>'


def _text(widget: dict[str, Any]) -> str:
    value = escape(widget["value"]) if widget["value"] else ""
    return f'<textarea name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>\n{value}</textarea>'


def _option(option: dict[str, Any]) -> str:
    value = escape(str(option["value"]))
    return f'\n<option value="{value}"{_attributes(option["attrs"])}>{escape(option["label"])}</option>'


def _select(widget: dict[str, Any]) -> str:
    groups = []
    for name, options, _index in widget["optgroups"]:
        written = "".join(map(_option, options))
        groups.append(f'\n<optgroup label="{escape(name)}">{written}\n</optgroup>' if name else written)
    return f'<select name="{escape(widget["name"])}"{_attributes(widget["attrs"])}>{"".join(groups)}\n</select>'


class Renderer(DjangoTemplates):
    """The form renderer of the installation."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        if template_name in _LINES:
            return mark_safe(_line(context["widget"]))  # noqa: S308  every part is escaped above
        if template_name == f"{_WIDGETS}select.html":
            return mark_safe(_select(context["widget"]))  # noqa: S308
        if template_name == f"{_WIDGETS}textarea.html":
            return mark_safe(_text(context["widget"]))  # noqa: S308
        return super().render(template_name, context, request)
