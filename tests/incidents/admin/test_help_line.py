from __future__ import annotations

from incidents.models import AuditEntry, HelpLine
from tests.factories import HelpLineFactory
from tests.incidents.admin.conftest import act, page

ENTRY = {"kind": "own", "name": "受注課の相談係", "phone": "内線 12", "place": "5", "checked_on": "2026-11-24"}


def test_an_administrator_enters_a_contact_of_ones_own(console, admin, team):
    console.post(page("helpline", "add"), ENTRY | {"team": team.pk})

    line = HelpLine.objects.get(name="受注課の相談係")
    assert (line.phone, line.team, str(line.checked_on)) == ("内線 12", team, "2026-11-24")
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.actor_label) == ("help_line.set", str(admin))


def test_an_administrator_changes_a_number(console):
    line = HelpLineFactory(name="受注課の相談係", phone="内線 11")
    console.post(page("helpline", "change", line.pk), ENTRY)

    line.refresh_from_db()
    assert line.phone == "内線 12"
    assert AuditEntry.objects.get().changes["phone"] == ["内線 11", "内線 12"]


def test_a_place_is_taken_off_with_a_reason(console):
    line = HelpLineFactory()
    act(console, "helpline", "remove", line, reason="番号が変わりました。")

    assert not HelpLine.objects.filter(pk=line.pk).exists()
    assert AuditEntry.objects.get().reason == "番号が変わりました。"


def test_others_do_not_get_there(alice, bob, client_of, db):
    line = HelpLineFactory()
    for person in (alice, bob):
        answer = client_of(person).post(page("helpline", "change", line.pk), ENTRY)
        assert answer.status_code in {302, 403}
    line.refresh_from_db()
    assert line.phone == "0120-565-455"
