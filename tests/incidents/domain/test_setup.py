"""The set-up link: once, and never beside people."""

from __future__ import annotations

import pytest

from incidents.domain import setup
from incidents.errors import Refused
from incidents.models import Person, Team
from tests.factories import PersonFactory

pytestmark = pytest.mark.django_db

SAID = {
    "organisation": "青葉商事",
    "team": "受注課",
    "name": "中村 葵",
    "email": "nakamura@example.jp",
    "password": "asagao-ga-saku-niwa",
}


def token() -> str:
    return setup.begin(site_url="http://testserver").rstrip("/").rpartition("/")[2]


def test_a_link_opens_an_empty_installation_once():
    link = token()
    assert setup.is_open(link)
    assert setup.finish(link, **SAID).is_admin
    assert not setup.is_open(link)
    with pytest.raises(Refused):
        setup.finish(link, **SAID | {"email": "other@example.jp"})


def test_a_link_dies_as_soon_as_there_are_people(client):
    link = token()
    PersonFactory()
    assert not setup.is_open(link)
    assert client.get(f"/setup/{link}/").status_code == 404
    with pytest.raises(Refused) as refused:
        setup.finish(link, **SAID)
    assert refused.value.code == "setup_used"
    assert Person.objects.count() == 1
    assert not Team.objects.exists()
