"""相談: two people read, and nobody else; what is promised reminds one person, and the words stand nowhere in clear."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import adviser as advisers
from incidents.domain import consultation, consulted, sealing
from incidents.enums import LetterKind
from incidents.errors import NotAllowed, Refused
from incidents.models import (
    AuditEntry,
    Consultation,
    ConsultationGrant,
    ConsultationNote,
    ConsultationReminder,
    Letter,
    Membership,
)
from incidents.queries import consultation as threads
from incidents.queries import sealed
from tests.factories import MembershipFactory, PersonFactory
from tools.plain import sealed as plain

pytestmark = pytest.mark.django_db
WORDS = "夜、眠れない日が続いています。"


def begun(by, adviser, **more):
    return consultation.begin(by=by, adviser=adviser, **{"text": WORDS, "named": True, **more})


def seen(thread, person):
    fresh = Consultation.objects.get(pk=thread.pk)
    role = threads.role_in(person, fresh)
    return threads.Seen(fresh, role) if role else None


def letters(person):
    return Letter.objects.filter(recipient=person, kind=LetterKind.PRIVATE)


# Who may be chosen ---------------------------------------------------------------------------


def test_the_leads_of_ones_teams_and_whom_the_organisation_names_can_be_chosen(alice, bob, vera, carol, admin):
    dan = PersonFactory(name="山田 律子")
    advisers.set_adviser(by=admin, person=dan, about="産業保健", place=1)
    assert [one.person for one in threads.choices(bob)] == [dan, alice]
    assert [one.person for one in threads.choices(alice)] == [dan]
    assert [one.person for one in threads.choices(dan)] == []
    assert (threads.choices(bob)[0].about, threads.choices(bob)[1].teams) == ("産業保健", ["受注課"])


@pytest.mark.parametrize("who", ["bob", "vera", "carol", "admin"])
def test_nobody_else_can_be_chosen(who, bob, alice, request):
    with pytest.raises(Refused) as told:
        begun(bob, request.getfixturevalue(who))
    assert told.value.code == ("self_adviser" if who == "bob" else "not_choosable")
    assert not Consultation.objects.exists()


def test_somebody_deactivated_falls_out_of_the_choice(alice, bob):
    alice.is_active = False
    alice.save()
    assert threads.choices(bob) == []


def test_only_an_administrator_names_advisers(alice, bob, admin):
    with pytest.raises(NotAllowed):
        advisers.set_adviser(by=alice, person=bob)
    one = advisers.set_adviser(by=admin, person=bob)
    advisers.remove_adviser(one, by=admin, reason="異動")
    assert list(AuditEntry.objects.order_by("pk").values_list("verb", "reason")) == [
        ("adviser.set", ""),
        ("adviser.removed", "異動"),
    ]


# Who reads -----------------------------------------------------------------------------------


def test_the_two_read_and_nobody_else(alice, bob, vera, carol, admin):
    thread = begun(bob, alice)
    consultation.write(thread, by=alice, text="話してくれてありがとうございます。")
    assert [(one.text, one.who, one.mine) for one in threads.notes_of(seen(thread, bob))] == [
        (WORDS, "鈴木 健太", True),
        ("話してくれてありがとうございます。", "佐藤 美咲", False),
    ]
    assert [one.mine for one in threads.notes_of(seen(thread, alice))] == [False, True]
    for stranger in (vera, carol, admin):
        assert seen(thread, stranger) is None
        assert threads.mine(stranger) == []
        with pytest.raises(NotAllowed):
            consultation.write(thread, by=stranger, text="x")


def test_without_a_name_the_adviser_is_shown_none_and_the_author_reads_on(alice, bob):
    thread = begun(bob, alice, named=False)
    consultation.write(thread, by=alice, text="お返事です。")
    assert threads.author_name(seen(thread, alice)) == ""
    assert [one.who for one in threads.notes_of(seen(thread, alice))] == ["", "佐藤 美咲"]
    assert [(one.role, one.other, one.waits) for one in threads.mine(alice)] == [("adviser", "", False)]
    assert [(one.role, one.other, one.waits) for one in threads.mine(bob)] == [("author", "佐藤 美咲", True)]


def test_no_column_leads_to_who_wrote(alice, bob):
    first, second = begun(bob, alice), begun(bob, alice)
    first, second = Consultation.objects.get(pk=first.pk), Consultation.objects.get(pk=second.pk)
    assert first.author_mark != second.author_mark
    assert str(bob.pk).encode() != bytes(first.author_sealed)
    fields = {f.name for f in Consultation._meta.get_fields() if getattr(f, "related_model", None)}
    assert fields == {"adviser", "grants", "notes", "reminders"}


def test_a_new_adviser_is_a_new_grant_and_the_former_one_reads_no_longer(clock, alice, bob, admin):
    dan = PersonFactory(name="山田 律子")
    advisers.set_adviser(by=admin, person=dan)
    thread = begun(bob, alice, reply_by=date(2026, 12, 1))
    clock.to("2026-11-26")
    consultation.change_adviser(thread, by=bob, adviser=dan)
    assert seen(thread, alice) is None
    assert [one.text for one in threads.notes_of(seen(thread, dan))] == [WORDS]
    assert [(one.adviser, one.from_on, one.until_on) for one in threads.grants_of(thread)] == [
        (alice, date(2026, 11, 24), date(2026, 11, 26)),
        (dan, date(2026, 11, 26), None),
    ]
    consultation.change_adviser(thread, by=bob, adviser=alice)
    assert seen(thread, dan) is None
    assert threads.notes_of(seen(thread, alice))


def test_only_the_author_chooses_and_only_the_adviser_promises(clock, alice, bob):
    thread = begun(bob, alice)
    with pytest.raises(NotAllowed):
        consultation.change_adviser(thread, by=alice, adviser=bob)
    with pytest.raises(NotAllowed):
        consultation.promise_reply(thread, by=bob, on=date(2026, 12, 1))
    with pytest.raises(Refused) as told:
        consultation.change_adviser(thread, by=bob, adviser=alice)
    assert told.value.code == "same_adviser"


def test_a_hand_in_the_database_makes_nobody_a_reader(alice, bob, carol):
    thread = begun(bob, alice)
    Consultation.objects.update(adviser=carol)
    assert seen(thread, carol) is None
    ConsultationGrant.objects.update(adviser=carol)
    assert seen(thread, carol) is None
    assert threads.mine(carol) == []


def test_a_closed_thread_is_read_and_not_written(alice, bob):
    thread = begun(bob, alice, reply_by=None)
    consultation.close(thread, by=bob)
    assert threads.notes_of(seen(thread, alice))
    for verb in (
        lambda: consultation.write(thread, by=alice, text="x"),
        lambda: consultation.close(thread, by=alice),
    ):
        with pytest.raises(Refused) as told:
            verb()
        assert told.value.code == "consultation_closed"


@pytest.mark.parametrize(
    ("more", "code"), [({"text": " \n"}, "empty"), ({"reply_by": date(2026, 11, 23)}, "date_past")]
)
def test_what_cannot_be_sent_is_refused(clock, alice, bob, more, code):
    with pytest.raises(Refused) as told:
        begun(bob, alice, **more)
    assert told.value.code == code
    assert not Consultation.objects.exists()


# What is left behind --------------------------------------------------------------------------


def test_the_trace_names_neither_person_nor_thread(clock, alice, bob):
    thread = begun(bob, alice, named=False, reply_by=date(2026, 12, 1))
    consultation.write(thread, by=alice, text="お返事です。")
    consultation.promise_reply(thread, by=alice, on=date(2026, 12, 2))
    consultation.close(thread, by=bob)
    rows = AuditEntry.objects.order_by("pk")
    assert [one.verb for one in rows] == [
        "consultation.begun",
        "consultation.answered",
        "consultation.reply_promised",
        "consultation.closed",
    ]
    assert {(r.actor_id, r.actor_label, r.target_id, r.team_id, r.reason, str(r.changes)) for r in rows} == {
        (None, "うしろ", None, None, "", "{}")
    }


def test_a_letter_says_nothing_and_one_that_waits_is_enough(clock, alice, bob):
    thread = begun(bob, alice)
    consultation.write(thread, by=bob, text="続きです。")
    (one,) = letters(alice)
    told = one.subject + one.text + one.html + one.key
    for word in ("相談", "鈴木", "bob", WORDS, "続き", str(thread.pk), str(bob.pk) + ":"):
        assert word not in told
    consultation.write(thread, by=alice, text="お返事です。")
    (back,) = letters(bob)
    assert back.subject == one.subject
    assert back.text.replace("鈴木さん", "佐藤さん") == one.text


def test_the_database_holds_both_or_neither(clock, alice, bob):
    thread = begun(bob, alice, reply_by=date(2026, 12, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Consultation.objects.update(closed_on=date(2026, 11, 24))
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationGrant.objects.create(
            consultation=thread, adviser=bob, from_on=date(2026, 11, 24), mark="", sealed_with=""
        )
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationGrant.objects.update(until_on=date(2026, 11, 1))


# Reminders -----------------------------------------------------------------------------------


def test_the_adviser_alone_is_reminded_by_the_ladder_until_they_answer(clock, alice, bob, team):
    MembershipFactory(team=team, person=PersonFactory(name="補佐 一郎"), role="lead")
    thread = begun(bob, alice, reply_by=date(2026, 12, 1))
    Letter.objects.all().delete()
    told = []
    for day in range(40):
        now = clock.forward(days=1 if day else 0)
        consulted.write_due(now=now)
        if Letter.objects.exists():
            told.append(now.date().isoformat())
            assert {one.recipient for one in Letter.objects.all()} == {alice}
            Letter.objects.all().delete()
    assert told == [
        "2026-11-26",  # three business days before
        "2026-11-30",
        "2026-12-01",
        "2026-12-02",
        "2026-12-04",
        "2026-12-08",
        "2026-12-10",
        "2026-12-17",  # weekly from here on
        "2026-12-24",
    ]
    consultation.write(thread, by=alice, text="遅くなりました。")
    assert not ConsultationReminder.objects.filter(told_on=None).exists()
    assert Consultation.objects.get().reply_due_on is None


def test_nobody_is_reminded_before_their_hour_nor_twice(clock, alice, bob):
    begun(bob, alice, reply_by=date(2026, 11, 24))
    Letter.objects.all().delete()
    consulted.write_due(now=clock.to("2026-11-24 08:59"))
    assert not Letter.objects.exists()
    consulted.write_due(now=clock.to("2026-11-24 09:30"))
    Letter.objects.update(state="sent", sent_at=clock.now)
    consulted.write_due(now=clock.now)
    assert letters(alice).count() == 1


def test_when_the_adviser_can_no_longer_sign_in_the_author_is_told_and_chooses_anew(clock, alice, bob, admin):
    thread = begun(bob, alice, reply_by=date(2026, 12, 1))
    alice.is_active = False
    alice.save()
    consulted.let_go()
    consulted.let_go()
    assert letters(bob).count() == 1
    fresh = seen(thread, bob).thread
    assert (fresh.adviser, fresh.reply_due_on, fresh.reminders.filter(told_on=None).count()) == (None, None, 0)
    with pytest.raises(Refused) as told:
        consultation.write(thread, by=bob, text="x")
    assert told.value.code == "no_adviser"
    alice.is_active = True
    alice.save()
    assert seen(thread, alice) is None
    consultation.change_adviser(thread, by=bob, adviser=alice)
    assert seen(thread, alice)


def test_a_lead_who_is_one_no_longer_keeps_the_thread_that_was_given_to_them(alice, bob):
    thread = begun(bob, alice)
    Membership.objects.filter(person=alice).delete()
    assert threads.notes_of(seen(thread, alice))


# What is old ----------------------------------------------------------------------------------


def test_what_was_closed_three_years_ago_is_forgotten(clock, alice, bob):
    closed, standing = begun(bob, alice), begun(bob, alice)
    consultation.close(closed, by=bob)
    assert consulted.forget_old(date(2029, 11, 24)) == 0
    assert consulted.forget_old(date(2029, 11, 25), dry_run=True) == 1
    assert Consultation.objects.count() == 2
    assert consulted.forget_old(date(2029, 11, 25)) == 1
    assert [one.pk for one in Consultation.objects.all()] == [standing.pk]
    assert ConsultationNote.objects.count() == 1
    assert AuditEntry.objects.filter(verb="consultation.forgotten").count() == 1


# Keys -----------------------------------------------------------------------------------------


def test_swapped_and_changed_words_do_not_open(alice, bob):
    one, other = begun(bob, alice, text="ひとつめ"), begun(bob, alice, text="ふたつめ")
    first, second = one.notes.get(), other.notes.get()
    ConsultationNote.objects.filter(pk=first.pk).update(body_sealed=second.body_sealed)
    with pytest.raises(sealed.Unreadable):
        threads.notes_of(seen(one, bob))
    ConsultationNote.objects.filter(pk=second.pk).update(consultation=one, place=2)
    with pytest.raises(sealed.Unreadable):
        sealed.text_of(ConsultationNote.objects.get(pk=second.pk))


def test_a_second_key_seals_all_anew_and_goes_on_where_it_was_broken_off(settings, alice, bob):
    texts = {f"文章 {n}": begun(bob, alice, text=f"文章 {n}") for n in range(7)}
    old = settings.CONSULT_KEY
    settings.CONSULT_KEY, settings.CONSULT_KEY_FALLBACKS = plain.new_key(), [old]
    assert len(threads.mine(bob)) == 7
    next(work := sealing.rotate(batch=3))  # the process dies after one batch
    work.close()
    left = Consultation.objects.exclude(sealed_with=sealed.key_name()).count()
    assert left == 4
    done, unread = list(sealing.rotate(batch=3))[-1]
    assert (done, unread) == (4 + 7 + 7, 0)
    assert list(sealing.rotate()) == []
    settings.CONSULT_KEY_FALLBACKS = []
    for text, thread in texts.items():
        assert [one.text for one in threads.notes_of(seen(thread, alice))] == [text]
        assert seen(thread, bob).is_mine


def test_rows_that_do_not_open_are_left_as_they_are_and_counted(settings, alice, bob):
    begun(bob, alice)
    before = bytes(ConsultationNote.objects.get().body_sealed)
    settings.CONSULT_KEY, settings.CONSULT_KEY_FALLBACKS = plain.new_key(), []
    assert list(sealing.rotate())[-1] == (0, 3)
    assert bytes(ConsultationNote.objects.get().body_sealed) == before


def test_what_does_not_open_leaves_one_trace_a_day(clock, alice):
    for _again in range(3):
        consultation.report_unreadable("damaged")
    consultation.report_unreadable("no_key")
    clock.forward(days=1)
    consultation.report_unreadable("damaged")
    assert sorted(AuditEntry.objects.values_list("reason", flat=True)) == ["damaged", "damaged", "no_key"]


def test_a_thread_that_is_not_there_is_nobodys(alice):
    assert threads.role_in(alice, Consultation(pk=uuid4(), author_mark="", sealed_with="", named=True)) == ""
