"""A restricted record in the console: there for an administrator who may read it, not there for any other (C9)."""

from __future__ import annotations

import pytest
from django.contrib import admin as django_admin
from django.urls import reverse
from django.utils import timezone

from incidents.domain import letter as outbox
from incidents.domain import reader, reminder
from incidents.enums import FollowUpKind, Stage
from incidents.models import (
    Attachment,
    AuditEntry,
    Containment,
    Countermeasure,
    EffectCheck,
    FollowUp,
    Incident,
    Letter,
    Paste,
    Question,
    ReminderDelivery,
    Spread,
    SpreadAnswer,
)
from tests.factories import (
    AttachmentFactory,
    AuditEntryFactory,
    ContainmentFactory,
    IncidentFactory,
    PasteFactory,
    QuestionFactory,
    TimelineEntryFactory,
)
from tests.incidents.admin.conftest import act, page

CANARY = "カナリア"
OF_A_RECORD = [Attachment, Containment, Countermeasure, EffectCheck, FollowUp, Paste, Question]


@pytest.fixture
def held(story, alice, clock) -> Incident:
    """A restricted record with the word in everything that it holds, and a letter about it."""
    root = story.with_root(title=f"{CANARY}の件", body=f"{CANARY}の話")
    measure = story.promised(to=root, title=f"{CANARY}を直す", check_what=f"{CANARY}の数", due_on=clock.today)
    known = measure.incident
    QuestionFactory(incident=known, text=f"{CANARY}は何羽か")
    ContainmentFactory(incident=known, text=f"{CANARY}を止めた")
    AttachmentFactory(incident=known, name=f"{CANARY}.pdf")
    PasteFactory(incident=known, text=f"{CANARY}から電話")
    entry = TimelineEntryFactory(incident=known, text=f"{CANARY}が鳴いた")
    AuditEntryFactory(
        verb="timeline.recorded", target_type="timelineentry", target_id=entry.pk, target_label=str(entry),
        incident_id=known.pk, team_id=known.team_id,
    )  # fmt: skip
    known.refresh_from_db()
    reader.restrict(known, by=alice, readers=[alice])
    written = reminder.write_digest(measure.owner, asked_for=True)
    assert CANARY in written.subject
    outbox.cancel(written, by=alice, reason="試し")
    return known


def rows_of(held: Incident) -> list:
    found = [held]
    for model in OF_A_RECORD:
        path = "measure__incident" if model is EffectCheck else "incident"
        found += model.objects.filter(**{path: held})
    found += ReminderDelivery.objects.filter(follow_up__incident=held)
    found += AuditEntry.objects.filter(incident_id=held.pk)
    found += AuditEntry.objects.filter(target_type="letter")
    assert {type(one) for one in found} == {*OF_A_RECORD, Incident, ReminderDelivery, AuditEntry}
    return found


@pytest.mark.parametrize("model", sorted(django_admin.site._registry, key=lambda m: m.__name__))
def test_no_list_holds_it_for_an_administrator_without_a_role(model, held, console):
    name = model._meta.model_name
    own = {one.pk for one in rows_of(held) if type(one) is model}
    for query in ({}, {"q": held.number}, {"q": CANARY}):
        answer = console.get(page(name), query)
        assert answer.status_code == 200
        listed = answer.context["cl"].result_list
        assert not own & {one.pk for one in listed}, query
        words = answer.content.decode()
        assert held.reference not in words, query
        if query.get("q") != CANARY:  # what was searched for stands in its box
            assert CANARY not in words, query
        elif answer.context["cl"].search_fields:
            assert len(listed) == 0


def test_no_page_of_it_opens_for_an_administrator_without_a_role(held, console):
    for one in rows_of(held):
        answer = console.get(page(one._meta.model_name, "change", one.pk))
        assert answer.status_code in {302, 404}, one
        assert CANARY not in console.get(page(one._meta.model_name, "history", one.pk), follow=True).content.decode()


def test_no_action_reaches_it(held, console):
    act(console, "incident", "withdraw", held)
    answer = act(console, "incident", "withdraw", held, reason="見えないはず。")
    assert CANARY not in answer.content.decode()
    held.refresh_from_db()
    assert held.stage != Stage.WITHDRAWN


def test_a_letter_about_it_stands_there_by_its_kind(held, console):
    letter = Letter.objects.get(subject__contains=CANARY)
    for path in (page("letter"), page("letter", "change", letter.pk)):
        words = console.get(path).content.decode()
        assert "今日のお知らせ" in words and letter.to_email in words and CANARY not in words
    assert CANARY not in act(console, "letter", "cancel", letter).content.decode()
    assert CANARY not in act(console, "letter", "send_again", letter, follow=True).content.decode()


def test_a_named_reader_who_is_an_administrator_sees_it(held, alice, client_of):
    alice.is_admin = True
    alice.save(update_fields=["is_admin"])
    client = client_of(alice)
    for one in rows_of(held):
        name = one._meta.model_name
        assert client.get(page(name, "change", one.pk)).status_code == 200, one
        assert one.pk in {row.pk for row in client.get(page(name)).context["cl"].queryset}, one
    assert CANARY in client.get(page("letter")).content.decode()
    assert client.get(page("letter"), {"q": CANARY}).context["cl"].result_count == 1
    assert client.get(page("incident"), {"q": CANARY}).context["cl"].result_count == 1


def test_a_duplicate_does_not_name_it(held, console, alice, client_of):
    double = IncidentFactory(
        team=held.team, title="ふつうの記録", end=Stage.DUPLICATE, end_reason="同じ", duplicate_of=held
    )
    words = console.get(page("incident", "change", double.pk)).content.decode()
    assert "別の記録" in words and CANARY not in words and held.reference not in words
    answer = act(console, "incident", "duplicate", double, reason="同じ", duplicate_of=held.reference)
    assert "その番号の記録は見つかりません" in answer.content.decode()
    alice.is_admin = True
    alice.save(update_fields=["is_admin"])
    assert CANARY in client_of(alice).get(page("incident", "change", double.pk)).content.decode()


def test_what_another_team_is_asked_stays_without_the_record(held, console, carol, other_team, alice):
    spread = Spread.objects.create(incident=held, title="宛先の選び方", due_on=timezone.now().date(), asked_by=alice)
    answer = SpreadAnswer.objects.create(spread=spread, team=other_team)
    asked = FollowUp.objects.create(
        kind=FollowUpKind.SPREAD_ANSWER, incident=held, team=other_team, spread_answer=answer, owner=carol,
        due_on=spread.due_on,
    )  # fmt: skip
    for path in (page("followup"), page("followup", "change", asked.pk)):
        words = console.get(path).content.decode()
        assert "宛先の選び方" in words and CANARY not in words and held.reference not in words
    assert console.get(page("followup"), {"q": held.number}).context["cl"].result_count == 0


def test_the_front_page_is_silent_too(held, console):
    assert CANARY not in console.get(reverse("admin:index")).content.decode()
