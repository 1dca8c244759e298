"""Writes the plain widgets without templates: a page with its filters holds a hundred options, and each was an include.

The markup is that of django/forms/widgets/*.html; every other widget goes through its template as before.
"""

from __future__ import annotations

from typing import Any

from django.forms.renderers import DjangoTemplates
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_WIDGETS = "django/forms/widgets/"
_INPUTS = ("text", "number", "email", "url", "password", "hidden", "date", "time", "search", "input")
_LINES = [f"{_WIDGETS}{name}.html" for name in _INPUTS]


def _attributes(attributes: dict[str, Any]) -> SafeString:
    return format_html_join(
        "",
        "{}",
        (
            (format_html(" {}", name) if value is True else format_html(' {}="{}"', name, str(value)),)
            for name, value in attributes.items()
            if value is not False
        ),
    )


def _line(widget: dict[str, Any]) -> SafeString:
    value = "" if widget["value"] is None else format_html(' value="{}"', str(widget["value"]))
    return format_html(
        '<input type="{}" name="{}"{}{}>', widget["type"], widget["name"], value, _attributes(widget["attrs"])
    )


def _text(widget: dict[str, Any]) -> SafeString:
    # A browser drops one line break after the tag: the template's own, not the first of the text.
    return format_html(
        '<textarea name="{}"{}>\n{}</textarea>', widget["name"], _attributes(widget["attrs"]), widget["value"] or ""
    )


def _options(options: list[dict[str, Any]]) -> SafeString:
    return format_html_join(
        "",
        '\n<option value="{}"{}>{}</option>',
        ((str(one["value"]), _attributes(one["attrs"]), one["label"]) for one in options),
    )


def _select(widget: dict[str, Any]) -> SafeString:
    groups = format_html_join(
        "",
        "{}",
        (
            (format_html('\n<optgroup label="{}">{}\n</optgroup>', name, written) if name else written,)
            for name, options, _index in widget["optgroups"]
            for written in [_options(options)]
        ),
    )
    return format_html('<select name="{}"{}>{}\n</select>', widget["name"], _attributes(widget["attrs"]), groups)


_WRITTEN = {f"{_WIDGETS}select.html": _select, f"{_WIDGETS}textarea.html": _text, **dict.fromkeys(_LINES, _line)}


class Renderer(DjangoTemplates):
    """The form renderer of the installation."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> SafeString:
        write = _WRITTEN.get(template_name)
        return write(context["widget"]) if write else super().render(template_name, context, request)
