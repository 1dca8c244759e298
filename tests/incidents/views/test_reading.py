"""Who opened a restricted record is kept, once an hour and door, and shown to whoever may read the record."""

from __future__ import annotations

import pytest

from incidents.domain import reader
from incidents.enums import ReadDoor
from incidents.models import RecordRead
from tests.factories import AttachmentFactory, IncidentReaderFactory, RecordReadFactory
from tests.incidents.admin.conftest import console, page  # noqa: F401  fixture

pytestmark = pytest.mark.django_db


@pytest.fixture
def closed(crack, alice, bob):
    """A record that alice and bob alone read."""
    return reader.restrict(crack, by=alice, readers=[alice])


def kept() -> list[tuple]:
    return list(RecordRead.objects.order_by("pk").values_list("person__name", "incident__number", "door"))


def test_a_page_is_kept_once_an_hour(closed, alice, client_of, clock):
    client, url = client_of(alice), closed.get_absolute_url()
    for path in (url, f"{url}history/", url):
        assert client.get(path).status_code == 200
    assert kept() == [(alice.name, closed.number, ReadDoor.PAGE)]
    clock.forward(hours=1)
    client.get(url)
    assert len(kept()) == 2


def test_an_open_record_and_a_refusal_leave_nothing(crack, alice, carol, vera, client_of, clock):
    client_of(vera).get(crack.get_absolute_url())
    assert client_of(carol).get(crack.get_absolute_url()).status_code == 404
    reader.restrict(crack, by=alice, readers=[alice])
    assert client_of(vera).get(crack.get_absolute_url()).status_code == 404
    assert kept() == []


def test_a_file_and_a_list_that_is_taken_along_are_kept_by_their_door(closed, alice, bob, client_of, clock, media):
    one = AttachmentFactory(incident=closed)
    client_of(alice).get(f"/attachments/{one.pk}/")
    b"".join(client_of(bob).get("/incidents/csv/?all=1"))
    assert (alice.name, closed.number, ReadDoor.FILE) in kept() or not one.file
    assert (bob.name, closed.number, ReadDoor.EXPORT) in kept()


def test_an_administrator_who_may_read_the_record_sees_who_did_and_leaves_a_row(closed, admin, alice, console, clock):  # noqa: F811
    RecordReadFactory(person=alice, incident=closed)
    assert alice.name not in console.get(page("recordread")).text
    IncidentReaderFactory(incident=closed, person=admin)
    text = console.get(page("recordread")).text
    assert closed.reference in text and alice.name in text
    console.get(page("incident", "change", closed.pk))
    assert (admin.name, closed.number, ReadDoor.PAGE) in kept()


def test_nobody_is_counted_there_by_person(closed, admin, alice, console, clock):  # noqa: F811
    IncidentReaderFactory(incident=closed, person=admin)
    RecordReadFactory(person=alice, incident=closed)
    assert console.get(page("recordread"), {"q": alice.name}).context["cl"].result_count == 0
    assert console.get(page("recordread"), {"person__id__exact": alice.pk}).status_code in {302, 400}
