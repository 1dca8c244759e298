"""The form of a countermeasure: strength by what it does, who helps, and the evidence of できました."""

from __future__ import annotations

import re

import pytest

from incidents.models import Countermeasure

pytestmark = pytest.mark.django_db

IDEA = {"title": "画面で止める", "strength": "4", "kind": "corrective", "keep": "1"}


def checked(text: str) -> list[str]:
    return re.findall(r'name="strength" id="[^"]*" value="(\d)"[^>]* checked', text)


def test_each_strength_says_what_it_does_and_the_own_is_chosen(clock, story, client_of, bob):
    measure = story.proposed(strength=5)
    text = client_of(bob).get(f"/measures/{measure.pk}/").content.decode()
    rungs = re.findall(r'name="strength" id="([^"]*)" value="(\d)" aria-describedby="([^"]*)"', text)

    assert [value for _, value, _ in rungs] == ["6", "5", "4", "3", "2", "1", "0"]
    for own, _, says in rungs:
        assert re.search(rf'<label class="form-check-label" for="{own}">[^<]+</label>', text)
        assert re.search(rf'<p class="small" id="{says}">[^<]+ <span class="muted">例: [^<]+</span>', text)
    assert checked(text) == ["5"]
    assert "これだけでは対策に数えません。" in text


@pytest.mark.parametrize("strength", ["", "7", "-1", "四", "3.5"])
def test_what_is_no_strength_is_said_beside_the_ladder(clock, story, client_of, bob, strength):
    one = story.with_root().incident
    answer = client_of(bob).post(f"{one.get_absolute_url()}measures/new/", IDEA | {"strength": strength})
    text = answer.content.decode()

    assert (answer.status_code, Countermeasure.objects.count()) == (200, 0)
    assert re.search(r'id="id_strength-error"><p class="mb-0">[^<]+</p>', text)
    assert 'value="画面で止める"' in text
