"""Every form there is, asked with everything that may come: a value that is right, or an error on that very field.

The forms are found, not listed: a new one is tested from the day it is there. What its __init__ asks for beyond the
usual is said in `ARGUMENTS`.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import escape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import incidents
import incidents.forms
from incidents.forms import base
from incidents.models import Membership, Person, RootCause, Team, Why
from tests.shared import shared
from tools.plain import typed
from tools.plain.cleantext import clean, keep

pytestmark = pytest.mark.django_db


def found_forms() -> list[type[forms.BaseForm]]:
    """Each form class of incidents/forms but allauth's own, which read names and passwords to the letter."""
    found = {}
    for module in pkgutil.iter_modules(incidents.forms.__path__):
        for name, one in vars(importlib.import_module(f"incidents.forms.{module.name}")).items():
            ours = inspect.isclass(one) and issubclass(one, forms.BaseForm) and one.__module__.startswith("incidents.")
            if ours and one.base_fields and not any(up.__module__.startswith("allauth.") for up in one.__mro__):
                found[f"{module.name}.{name}"] = one
    return sorted(set(found.values()), key=lambda one: (one.__module__, one.__qualname__))


FORMS = found_forms()
LISTS = {one for one in FORMS if one.__module__.endswith(".filters") or one.__name__ == "TimelineFilterForm"}
TYPED = [one for one in FORMS if one not in LISTS]


def each(kinds: list[type]) -> Callable:
    """The test for each of the forms in turn, inside one test: the record is set up once. A failure names its form."""

    def around(test: Callable[[type], None]) -> Callable[[], None]:
        def all_of_them() -> None:
            for kind in kinds:
                try:
                    test(kind)
                except BaseException as fault:
                    fault.add_note(f"form: {kind.__module__}.{kind.__qualname__}")
                    raise

        all_of_them.__name__, all_of_them.__doc__ = test.__name__, test.__doc__
        return all_of_them

    return around


RULES = Path(incidents.__file__).parent
LINE = SimpleNamespace(number=1, at=None, at_text="", who="", words="w", raw="w")
ARGUMENTS: dict[str, Any] = {
    "people": lambda: Person.objects.all(),
    "teams": lambda: Team.objects.all(),
    "roots": lambda: RootCause.objects.all(),
    "whys": lambda: Why.objects.all(),
    "memberships": lambda: list(Membership.objects.select_related("team")),
    "severity": lambda: "S2",
    "standing": lambda: "",
    "promised_outside": lambda: True,
    "with_line": lambda: True,
    "excusable": lambda: True,
    "running": lambda: True,
    "source": lambda: SimpleNamespace(line=LINE, entry=None),
    "kind": lambda: "chatwork",
}


@cache
def wanted(kind: type) -> frozenset[str]:
    """Names of what the __init__ of the form and of those above it ask for."""
    names = set()
    for up in kind.__mro__:
        if up.__module__.startswith("incidents.forms") and "__init__" in vars(up):
            for name, one in inspect.signature(up.__init__).parameters.items():
                if one.kind is one.KEYWORD_ONLY and one.default is one.empty:
                    names.add(name)
    unknown = names - ARGUMENTS.keys()
    assert not unknown, f"{kind.__name__} asks for {unknown}: say in ARGUMENTS of this test what that is."
    return frozenset(names)


def build(kind: type, data: dict[str, Any] | None = None) -> forms.BaseForm:
    more = {name: ARGUMENTS[name]() for name in wanted(kind)}
    if data is None:
        return kind(None, **more)
    prefix = "1-" if kind.__name__ == "LineForm" else ""
    sent = QueryDict(mutable=True)
    for name, value in data.items():
        sent.setlist(prefix + name, value if isinstance(value, list) else [value])
    return kind(sent, **more)


@pytest.fixture(autouse=True)
def record(story):
    """Something to choose in every list."""
    return story.with_root()


def is_text(field: forms.Field) -> bool:
    return isinstance(field, base.TextField) and not isinstance(field, base.ReferenceField)


def right(field: forms.Field, sent: str, value: Any) -> bool:
    """Whether the cleaned value is what was meant by what was sent."""
    if isinstance(field, base.ReferenceField):
        return value == (typed.read_reference(sent) if value else "")
    if isinstance(field, base.TextField):
        kept = keep(sent) if field.original else clean(sent, lines=isinstance(field.widget, forms.Textarea))
        return value == (kept.strip() if field.strip else kept) and "\x00" not in value
    if isinstance(field, base.DayField | base.MomentField):
        return value is None or typed.FIRST_DAY.year <= value.year <= typed.LAST_DAY.year
    if isinstance(field, forms.MultipleChoiceField):
        return all(any(one == str(key) for key, _label in field.choices) for one in value)
    if isinstance(field, forms.ChoiceField) and not hasattr(field, "queryset"):
        return value in {"", None} or str(value) in {str(key) for key, _label in flat(field.choices)}
    return True


def flat(choices: Any) -> list[tuple[Any, Any]]:
    pairs = []
    for key, label in choices:
        pairs += flat(label) if isinstance(label, list | tuple) else [(key, label)]
    return pairs


def check(form: forms.BaseForm, data: dict[str, Any]) -> None:
    """Each field that was sent has its value, and the right one, or its error."""
    form.full_clean()
    for name in data.keys() & form.fields.keys():
        if name in form.errors:
            continue
        sent = data[name]
        assert name in form.cleaned_data, name
        # A clean_… of the form may say more about a value (the name of a person on one line).
        if isinstance(sent, str) and not hasattr(form, f"clean_{name}"):
            assert right(form.fields[name], sent, form.cleaned_data[name]), (name, sent, form.cleaned_data[name])


@cache
def naughty() -> list[str]:
    return json.loads(shared("data/naughty/blns.json").read_text(encoding="utf-8"))


HOSTILE = [
    "\x00", "\ud800", "\u202egnp.exe", "\u200b", "👩‍💻", "葛\U000e0100", "9" * 400, "-1", "1e400", "99999999999999999999",
    "a\r\nBcc: x@example.jp", "' OR 1=1 --", "{{ 7*7 }}", "<script>alert(1)</script>", "x" * 400, "あ\n" * 600,
]  # fmt: skip
MOMENTS = [
    "2026-02-30", "令和8年2月30日", "平成40年1月1日", "0001-01-01T00:00", "9999-12-31T23:59", "令和８年３月５日", "R8.3.5 15:20",
    "3月5日 午後3時20分", "15時半", "２０２６／１１／２５", "8.3.5", "午後12時", "2026-11-25T10:00", "2026-11-25",
]  # fmt: skip


def anything(field: forms.Field) -> st.SearchStrategy:
    """What may be sent for a field: what it takes, what looks like it, and what has nothing to do with it."""
    words = st.text(max_size=60) | st.sampled_from(HOSTILE)
    if isinstance(field, forms.DateField | forms.DateTimeField):
        moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda one: one.isoformat()[:16])
        return st.sampled_from(MOMENTS) | moments | st.dates().map(date.isoformat) | words
    if hasattr(field, "choices"):
        keys = [str(getattr(key, "value", key)) for key, _label in flat(field.choices)] or [""]
        one = st.sampled_from(keys) | words
        several = isinstance(field, forms.MultipleChoiceField | forms.ModelMultipleChoiceField)
        return st.lists(one, max_size=3) if several else one
    return words


def ask_anything(kind: type, examples: int) -> None:
    fields = build(kind).fields
    strategies = {name: anything(field) for name, field in fields.items()}

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries({}, optional=strategies))
    def holds(data):
        check(build(kind, data), data)

    holds()


@each(FORMS)
def test_anything_at_all_is_the_right_value_or_an_error_on_its_field(kind):
    ask_anything(kind, 12)


@pytest.mark.soak
@each(FORMS)
def test_anything_at_all_at_length(kind):
    """200 of each form; `make soak` runs it."""
    ask_anything(kind, 200)


@each(FORMS)
def test_naughty_strings_in_every_text(kind):
    """Each string against each field alone, and all fields of the form full of them at once."""
    form = build(kind)
    texts = {name: field for name, field in form.fields.items() if isinstance(field, forms.CharField)}
    strings = naughty() + HOSTILE + MOMENTS
    for name, field in texts.items():
        for one in strings:
            try:
                value = field.clean(one)
            except forms.ValidationError as error:
                assert error.messages, name
                continue
            assert not isinstance(field, base.TextField) or right(field, one, value), (name, one, value)
    for turn in range(0, len(strings), 25):
        data = {name: strings[(turn + place) % len(strings)] for place, name in enumerate(form.fields)}
        check(build(kind, data), data)


@each(TYPED)
def test_a_mebibyte_is_told_on_its_field_with_its_length_and_stays(kind):
    fields = {name: one for name, one in build(kind).fields.items() if is_text(one) and not one.widget.is_hidden}
    text = "長い文を貼りました。\n" * (1024 * 1024 // 31)
    form = build(kind, dict.fromkeys(fields, text))
    for name, field in fields.items():
        assert field.max_length, f"{kind.__name__}.{name} takes a text without end"
        assert [said for said in form.errors[name] if f"{field.max_length}文字まで" in said], name
        assert form[name].value() == text


@each(TYPED)
def test_days_and_times_are_read_as_people_write_them(kind):
    """The same for every such field: an era, wide digits, the nearest year; a day that never comes is kept and told."""
    now = timezone.localtime()
    near = now.date() + timedelta(days=9)
    said = {
        f"令和{near.year - 2018}年{near.month}月{near.day}日": near,
        f"R{near.year - 2018}.{near.month}.{near.day}": near,
        f"{near.month}月{near.day}日": near,
        near.strftime("%Y/%m/%d").translate(str.maketrans("0123456789/", "０１２３４５６７８９／")): near,
    }
    for name, field in build(kind).fields.items():
        if isinstance(field, base.DayField):
            assert {field.clean(words) for words in said} == {near}, name
        elif isinstance(field, base.MomentField):
            read = {timezone.localtime(field.clean(f"{words} 午後３時２０分")) for words in said}
            assert {f"{one:%Y-%m-%d %H:%M}" for one in read} == {f"{near} 15:20"}, name
        else:
            continue
        for bad, code in (("令和8年2月30日 10:00", "no_such_day"), ("9999/12/31 10:00", "far"), ("そのうち", "no_day")):
            form = build(kind, {name: bad})
            assert form.errors.as_data()[name][0].code == code, (name, bad)
            html = str(form[name])
            assert f'value="{escape(bad)}"' in html and 'type="text"' in html, html
        ready = "2026-11-25T10:00" if isinstance(field, base.MomentField) else "2026-11-25"
        assert 'type="date' in str(build(kind, {name: ready})[name])


@each(TYPED)
def test_no_field_cuts_or_reads_in_a_way_of_its_own(kind):
    form = build(kind)
    for name, field in form.fields.items():
        if isinstance(field.widget, forms.PasswordInput | forms.HiddenInput):
            continue
        assert "maxlength" not in str(form[name]), name
        assert type(field) not in base._CALM, f"{kind.__name__}.{name}: derive the form from CalmForm, or take ours"


@pytest.mark.parametrize("words", ["K-12", "k－１２", "https://ushiro.example.jp/incidents/K-12/#links", "K-12 見積書"])
def test_a_record_is_named_in_every_form_that_asks_for_one(words):
    asked = [
        (kind, name) for kind in TYPED for name, one in build(kind).fields.items() if type(one) is base.ReferenceField
    ]
    assert asked
    for kind, name in asked:
        form = build(kind, {name: words})
        form.full_clean()
        assert form.cleaned_data[name] == "K-12", (kind, name)
        assert build(kind, {name: "見積書"}).errors.as_data()[name][0].code == "no_reference"


@each(TYPED)
def test_a_refusal_is_told_at_a_field_that_the_form_has(kind):
    codes = "".join(
        file.read_text("utf-8") for folder in ("domain", "views", "rules") for file in (RULES / folder).glob("*.py")
    )
    names = getattr(kind, "base_fields", {})
    for code, name in getattr(kind, "beside", {}).items():
        assert name in names, (code, name)
        assert f'"{code}"' in codes, code


@pytest.mark.parametrize("unseen", ["\x1b", " \x08 ", "​"])
def test_a_number_of_nothing_but_what_nobody_sees_is_empty(unseen):
    """The page would otherwise answer 500 to a stray key."""
    assert base.NumberField(required=False).clean(unseen) is None
    with pytest.raises(forms.ValidationError):
        base.NumberField().clean(unseen)
