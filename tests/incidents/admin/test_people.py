"""Organisation, teams, people, memberships, closed days: each save is a verb with its trace."""

from __future__ import annotations

import re
from datetime import date

import pytest

from incidents.domain import outbox
from incidents.enums import LetterKind, Role
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry, Closure, Letter, Membership, Organisation, Person, Team
from tests.factories import ClosureFactory, MembershipFactory, PersonFactory, TeamFactory
from tests.incidents.admin.conftest import act, page, told

PERSON = {
    "name": "中村 葵",
    "email": "Nakamura@Example.jp",
    "language": "ja",
    "time_zone": "Asia/Tokyo",
    "digest_hour": "9",
    "quiet_from": "19",
    "quiet_until": "8",
}


def traces() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("verb", "actor_label"))


def test_the_organisation_is_changed_by_its_verb(console, admin, organisation):
    data = {"name": "青葉商事株式会社", "language": "ja", "time_zone": "Asia/Tokyo", "first_report_minutes": 45}
    data |= {"report_opens_at": "08:30", "report_closes_at": "17:30"}
    answer = console.post(page("organisation", "change", 1), data)
    assert answer.status_code == 302
    assert Organisation.objects.get().first_report_minutes == 45
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.actor_label) == ("organisation.edited", str(admin))
    assert trace.changes["first_report_minutes"] == [60, 45]
    assert trace.changes["closed_year_end"] == [True, False]
    assert trace.changes["report_opens_at"] == ["09:00:00", "08:30:00"]
    assert trace.changes["report_closes_at"] == ["18:00:00", "17:30:00"]
    assert console.get(page("organisation", "add")).status_code == 403


def test_a_person_is_registered_and_gets_the_letter_to_set_a_password(console, admin, client):
    answer = console.post(page("person", "add"), PERSON)
    assert answer.status_code == 302
    person = Person.objects.get(email="nakamura@example.jp")
    assert not person.has_usable_password()
    assert traces() == [("person.created", str(admin)), ("person.password_link_sent", str(admin))]
    letter = Letter.objects.get()
    assert (letter.kind, letter.recipient) == (LetterKind.ACCOUNT, person)

    path = re.search(r"http://testserver(/account/password/reset/key/\S+)", letter.text)[1]
    form = client.get(path, follow=True)
    password = "asagao-ga-saku-niwa"
    client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})
    person.refresh_from_db()
    assert person.check_password(password)


def test_an_address_that_is_taken_is_refused_in_the_form(console, bob):
    answer = console.post(page("person", "add"), PERSON | {"email": bob.email.upper()})
    assert answer.status_code == 200
    assert Person.objects.filter(email__iexact=bob.email).count() == 1
    assert traces() == []


def test_a_person_who_leaves_is_deactivated_and_signed_out(console, admin, bob, client_of):
    browser = client_of(bob)
    data = PERSON | {"name": bob.name, "email": bob.email}  # the box "active" is not ticked
    assert console.post(page("person", "change", bob.pk), data).status_code == 302
    bob.refresh_from_db()
    assert not bob.is_active
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.changes) == ("person.edited", {"is_active": [True, False]})
    assert "_auth_user_id" in browser.session
    assert browser.get("/console/").status_code == 302


def test_an_administrator_cannot_shut_themselves_out(console, admin):
    answer = console.post(page("person", "change", admin.pk), PERSON | {"name": admin.name, "email": admin.email})
    assert answer.status_code == 200
    assert "ご自身では外せません" in answer.content.decode()
    admin.refresh_from_db()
    assert admin.is_staff
    assert traces() == []


def test_the_letter_to_set_a_password_is_sent_again(console, bob):
    act(console, "person", "send_password_link", bob)
    assert Letter.objects.get().recipient == bob
    assert [verb for verb, _who in traces()] == ["person.password_link_sent"]


def test_a_team_is_made_and_changed(console, admin, organisation):
    assert console.post(page("team", "add"), {"name": "総務課", "slug": "general"}).status_code == 302
    team = Team.objects.get()
    data = {"name": "総務部", "slug": "general", "first_report_minutes": "30"}
    assert console.post(page("team", "change", team.pk), data).status_code == 302
    team.refresh_from_db()
    assert (team.name, team.first_report_minutes) == ("総務部", 30)
    assert traces() == [("team.created", str(admin)), ("team.edited", str(admin))]


def test_somebody_joins_a_team_and_gets_another_role(console, team):
    person = PersonFactory()
    refused = console.post(
        page("membership", "add"), {"person": person.pk, "team": team.pk, "role": Role.VIEWER}, follow=True
    )
    assert "まだリーダーがいません" in refused.content.decode()
    assert not Membership.objects.exists()
    MembershipFactory(team=team, role=Role.LEAD)
    console.post(page("membership", "add"), {"person": person.pk, "team": team.pk, "role": Role.VIEWER})
    membership = Membership.objects.get(person=person)
    console.post(page("membership", "change", membership.pk), {"role": Role.LEAD})
    membership.refresh_from_db()
    assert membership.role == Role.LEAD
    assert [entry.changes for entry in AuditEntry.objects.order_by("pk")] == [
        {"role": ["", "viewer"]},
        {"role": ["viewer", "lead"]},
    ]


def test_somebody_leaves_a_team_with_a_reason(console, bob, team):
    membership = Membership.objects.get(person=bob)
    act(console, "membership", "remove", membership, reason="異動のため。")
    assert not Membership.objects.filter(person=bob).exists()
    trace = AuditEntry.objects.get()
    assert (trace.verb, trace.team_id, trace.reason) == ("membership.removed", team.pk, "異動のため。")


def test_the_only_lead_stays_until_there_is_another(console, alice, bob):
    only = Membership.objects.get(person=alice)
    answer = act(console, "membership", "remove", only, reason="異動のため。")
    assert "ただ一人のリーダー" in told(answer)[0]
    assert "先に、別の方をリーダーに" in told(answer)[0]
    changed = console.post(page("membership", "change", only.pk), {"role": Role.MEMBER})
    assert "ただ一人のリーダー" in changed.content.decode()
    assert Membership.objects.get(person=alice).role == Role.LEAD
    assert traces() == []


def test_a_closed_day_is_entered_changed_and_taken_back(console, organisation):
    console.post(page("closure", "add"), {"day": "2026-12-28", "name": "創立記念日", "team": ""})
    closure = Closure.objects.get()
    console.post(page("closure", "change", closure.pk), {"day": "2026-12-28", "name": "棚卸し", "team": ""})
    closure.refresh_from_db()
    assert (closure.day, closure.name) == (date(2026, 12, 28), "棚卸し")
    act(console, "closure", "remove", closure, reason="営業することになりました。")
    assert not Closure.objects.exists()
    assert [verb for verb, _who in traces()] == ["closure.set", "closure.set", "closure.removed"]


def test_a_day_is_entered_once(console, organisation):
    ClosureFactory(day=date(2026, 12, 28), team=None)
    answer = console.post(page("closure", "add"), {"day": "2026-12-28", "name": "もう一度", "team": ""})
    assert answer.status_code == 200
    assert Closure.objects.count() == 1


@pytest.mark.django_db
def test_history_leads_to_the_trail(console, bob):
    answer = console.get(page("person", "history", bob.pk))
    assert answer.url == page("auditentry") + f"?target_type=person&target_id={bob.pk}"
    assert console.get(answer.url).status_code == 200


def test_a_member_of_no_team_is_listed_with_a_dash(console):
    person, member = PersonFactory(), MembershipFactory(team=TeamFactory(name="購買課"))
    assert "購買課" in console.get(page("person", "change", member.person.pk)).content.decode()
    assert console.get(page("person", "change", person.pk)).status_code == 200


# Without a mail server --------------------------------------------------------------------------


def link_on(answer) -> str:
    (path,) = re.findall(r"http://testserver(/account/password/reset/key/[^\s<]+)", answer.content.decode())
    return path


def set_password(client, path: str, password: str):
    form = client.get(path, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password})


def test_without_a_mail_server_the_password_link_is_shown_once(console, admin, client, settings):
    settings.MAIL_CONFIGURED = False
    assert "リンクを一度だけ表示します" in console.get(page("person", "add")).content.decode()
    answer = console.post(page("person", "add"), PERSON)
    assert answer.status_code == 200
    assert "この方に直接わたしてください。1時間、一度だけ使えます。" in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    person = Person.objects.get(email="nakamura@example.jp")
    assert traces() == [("person.created", str(admin)), ("person.link_shown", str(admin))]
    assert not Letter.objects.exists()

    path = link_on(answer)
    set_password(client, path, "asagao-ga-saku-niwa")
    person.refresh_from_db()
    assert person.check_password("asagao-ga-saku-niwa")
    set_password(client, path, "himawari-ga-saku-niwa")
    person.refresh_from_db()
    assert person.check_password("asagao-ga-saku-niwa")  # once
    for place in (page("person"), page("person", "change", person.pk), page("auditentry")):
        assert "/account/password/reset/key/" not in console.get(place).content.decode()


def test_without_a_mail_server_the_action_shows_a_new_link(console, admin, bob, settings):
    settings.MAIL_CONFIGURED = False
    gone = PersonFactory(is_active=False)
    answer = act(console, "person", "send_password_link", bob, gone)
    assert link_on(answer)
    assert str(bob) in answer.content.decode()
    assert str(gone) not in answer.content.decode()
    assert traces() == [("person.link_shown", str(admin))]
    assert not Letter.objects.exists()


def test_with_a_mail_server_no_link_is_shown(console, admin, bob):
    with pytest.raises(Refused) as refused:
        outbox.note_link_shown(bob, by=admin)
    assert refused.value.code == "mail_is_there"
    answer = console.post(page("person", "add"), PERSON, follow=True)
    assert "/account/password/reset/key/" not in answer.content.decode()


def test_only_an_administrator_is_shown_a_link(alice, bob, client_of, settings):
    settings.MAIL_CONFIGURED = False
    assert act(client_of(alice), "person", "send_password_link", bob).status_code in {302, 403}
    with pytest.raises(NotAllowed):
        outbox.note_link_shown(bob, by=alice)
    assert traces() == []


def test_people_to_whom_no_mail_comes_can_be_found(console, clock, alice, bob):
    Person.objects.filter(pk=bob.pk).update(mail_bounced_at=clock.now)
    marked = console.get(page("person", "changelist") + "?mail=unreached").content.decode()
    assert "bob@example.jp" in marked and "alice@example.jp" not in marked
    assert "alice@example.jp" in console.get(page("person", "changelist")).content.decode()
    assert "メールが届かなくなった時刻" in console.get(page("person", "change", bob.pk)).content.decode()
