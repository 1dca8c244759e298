"""Two workers whose rings come at once write the words once, on a database file and on a server."""

from __future__ import annotations

import pytest

from incidents.domain import care
from incidents.enums import LetterKind
from incidents.models import CareCheckIn, Letter
from tests.factories import CareCheckInFactory
from tests.integration.test_claim import race
from tests.integration.test_reminders import Office

pytestmark = pytest.mark.integration


def test_words_are_written_once_by_many(install):
    house = install()
    office = Office()
    for person in (office.alice, office.bob):
        CareCheckInFactory(person=person, day=office.today)
    race(house.environ["DATABASE_URL"], care.write_due)

    letters = Letter.objects.filter(kind=LetterKind.CARE)
    assert sorted(letters.values_list("recipient_id", flat=True)) == sorted([office.alice.pk, office.bob.pk])
    assert not CareCheckIn.objects.exists()
