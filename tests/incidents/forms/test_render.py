"""The plain widgets written without templates look as Django's own templates write them."""

from __future__ import annotations

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates
from django.utils import translation

from incidents.forms.containment import ContainmentForm
from incidents.forms.render import Renderer
from incidents.forms.timeline import TimelineForm
from incidents.templatetags.still import still

HOSTILE = "\"><script>alert(1)</script>&'"


class Everything(forms.Form):
    line = forms.CharField(max_length=20, help_text="x")
    mail = forms.EmailField(required=False)
    number = forms.IntegerField(min_value=1, max_value=9)
    secret = forms.CharField(widget=forms.PasswordInput)
    hidden = forms.CharField(widget=forms.HiddenInput)
    text = forms.CharField(widget=forms.Textarea(attrs={"rows": 2, "data-x": HOSTILE, "autofocus": True, "off": False}))
    day = forms.DateField()
    one = forms.ChoiceField(choices=[("", "–"), ("a", "あ"), ("<b>", "<い>"), ("グループ", [("c", "う"), ("d", "え")])])
    some = forms.MultipleChoiceField(choices=[(1, "一"), (2, "二")])
    yes = forms.BooleanField()
    kind = forms.ChoiceField(choices=[("a", "あ"), ("b", "い")], widget=forms.RadioSelect)


def squeezed(html: str) -> str:
    return "".join(html.split())


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {"line": HOSTILE, "text": HOSTILE, "one": "<b>", "some": ["1", "2"], "number": "12", "yes": "on", "kind": "b"},
        {"line": "", "text": "\n一行目が空", "one": "c", "some": ["3"], "day": "2026-02-30"},
    ],
)
def test_widgets_look_as_django_writes_them(data):
    ours, theirs = Everything(data, renderer=Renderer()), Everything(data, renderer=DjangoTemplates())
    for name in Everything.base_fields:
        assert squeezed(str(ours[name])) == squeezed(str(theirs[name])), name


def test_text_that_begins_with_a_line_break_keeps_it():
    shown = str(Everything({"text": "\nあ"}, renderer=Renderer())["text"])
    assert ">\n\nあ</textarea>" in shown


def test_an_empty_form_is_kept_for_its_language_and_a_bound_one_never_is():
    first = still(TimelineForm(initial={"event_at": "2026-11-25T10:00"}))
    assert still(TimelineForm(initial={"event_at": "2026-11-25T10:00"})) is first
    assert "2026-11-25T10:01" in still(TimelineForm(initial={"event_at": "2026-11-25T10:01"}))
    with translation.override("en"):
        assert still(TimelineForm(initial={"event_at": "2026-11-25T10:00"})) != first
    bound = still(ContainmentForm({"text": "打った言葉", "done_at": ""}))
    assert "打った言葉" in bound and "is-invalid" in bound
    assert "打った言葉" not in still(ContainmentForm())
