"""Whys and root causes are taken back with a reason; nothing disappears, and the gates see what stands."""

import pytest

from incidents.domain import cause, countermeasure, incident
from incidents.enums import Factor, FollowUpKind, FollowUpState, Stage
from incidents.errors import Refused
from incidents.models import AuditEntry, FollowUp, RootCause, Why
from incidents.queries.incident import record_facts, roots_of, whys_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain(clock, crack, bob):
    first = cause.ask_why(crack, by=bob, text="宛先の候補から似た社名を選んだ")
    second = cause.ask_why(crack, by=bob, text="候補に取引のない会社も出る", parent=first)
    third = cause.ask_why(crack, by=bob, text="名簿を掃除する手順がない", parent=second)
    return [first, second, third]


def code(call, *args, **kwargs) -> str:
    with pytest.raises(Refused) as refused:
        call(*args, **kwargs)
    return refused.value.code


def test_withdrawn_why_takes_those_under_it_along_and_all_stay_readable(chain, crack, bob):
    cause.withdraw_why(chain[1], by=bob, reason="名簿は先月きれいにしていた")

    assert [(w.text[:3], bool(w.withdrawn_at), w.withdrawn_reason) for w in Why.objects.filter(incident=crack)] == [
        ("宛先の", False, ""),
        ("候補に", True, "名簿は先月きれいにしていた"),
        ("名簿を", True, "名簿は先月きれいにしていた"),
    ]
    assert list(whys_of(crack)) == [chain[0]]
    assert AuditEntry.objects.filter(verb="why.withdrawn").count() == 2


def test_withdrawn_why_takes_nothing_more(chain, crack, bob):
    cause.withdraw_why(chain[1], by=bob, reason="ちがった")

    assert code(cause.ask_why, crack, by=bob, text="さらに", parent=chain[2]) == "why_withdrawn"
    assert code(cause.mark_root, chain[2], by=bob, factor=Factor.TOOL) == "why_withdrawn"
    assert code(cause.withdraw_why, chain[1], by=bob, reason="もう一度") == "why_withdrawn"


def test_why_stays_while_a_root_stands_on_it_or_under_it(chain, bob):
    root = cause.mark_root(chain[2], by=bob, factor=Factor.PROCEDURE)
    assert code(cause.withdraw_why, chain[0], by=bob, reason="ちがった") == "root_stands"
    assert code(cause.withdraw_why, chain[2], by=bob, reason="ちがった") == "root_stands"

    cause.unmark_root(root, by=bob, reason="もっと下がある")
    cause.withdraw_why(chain[0], by=bob, reason="ちがった")
    assert not Why.objects.filter(withdrawn_at=None).exists()


def test_unmarked_root_is_ignored_by_the_gates_and_can_be_marked_again(story, bob):
    known = story.with_root()
    assert known.incident.stage == Stage.CAUSE_KNOWN
    cause.unmark_root(known.root, by=bob, reason="まだ掘れる")
    known.incident.refresh_from_db()
    kept = RootCause.objects.get(pk=known.root.pk)

    assert known.incident.stage == Stage.FIRST_REPORTED
    assert record_facts(known.incident).roots == []
    assert list(roots_of(known.incident)) == []
    assert (kept.factor, kept.withdrawn_reason) == (Factor.PROCEDURE, "まだ掘れる")

    cause.mark_root(known.why, by=bob, factor=Factor.TOOL)
    known.incident.refresh_from_db()
    kept.refresh_from_db()
    assert (known.incident.stage, kept.factor, kept.withdrawn_at, kept.withdrawn_reason) == (
        Stage.CAUSE_KNOWN,
        Factor.TOOL,
        None,
        "",
    )


def test_root_keeps_its_mark_while_a_measure_leans_on_it(story, alice, bob, clock):
    known = story.with_root()
    idea = story.proposed(to=known)
    assert code(cause.unmark_root, known.root, by=bob, reason="ちがった") == "measure_leans"
    countermeasure.not_doing(idea, by=alice, reason="別の手で足りる", review_on=clock.today.replace(year=2027))
    assert cause.unmark_root(known.root, by=bob, reason="ちがった").withdrawn_at is not None


def test_reasons_are_asked_for(chain, bob):
    root = cause.mark_root(chain[2], by=bob, factor=Factor.PROCEDURE)
    assert code(cause.unmark_root, root, by=bob, reason=" ") == "no_reason"
    assert code(cause.withdraw_why, chain[0], by=bob, reason=" ") == "no_reason"


def test_promise_to_look_at_an_accepted_risk_ends_with_the_mark(story, alice, clock):
    known = story.with_root()
    cause.accept_risk(known.root, by=alice, reason="年に一度", review_on=clock.today.replace(year=2027))
    follow_up, _made = FollowUp.objects.get_or_create(
        kind=FollowUpKind.RISK_REVIEW,
        root=known.root,
        defaults={
            "incident": known.incident,
            "team": known.incident.team,
            "owner": alice,
            "due_on": clock.today.replace(year=2027),
        },
    )
    cause.unmark_root(known.root, by=alice, reason="真因ではなかった")

    follow_up.refresh_from_db()
    assert follow_up.state == FollowUpState.CANCELLED
    assert code(cause.accept_risk, known.root, by=alice, reason="x", review_on=clock.today.replace(year=2028)) == (
        "root_withdrawn"
    )


def test_ended_record_is_opened_first(chain, crack, bob):
    incident.end_otherwise(crack, by=bob, end=Stage.WITHDRAWN, reason="思いちがい")
    assert code(cause.withdraw_why, chain[0], by=bob, reason="ちがった") == "ended"


def test_how_a_why_was_verified_is_written_later_and_kept_in_the_trace(chain, bob):
    cause.prove(chain[0], by=bob, evidence="画面の写し")
    cause.prove(chain[0], by=bob, evidence="画面の写しと送信控え")
    chain[0].refresh_from_db()

    assert chain[0].evidence == "画面の写しと送信控え"
    assert [e.changes for e in AuditEntry.objects.filter(verb="why.proven").order_by("pk")] == [
        {"evidence": ["", "画面の写し"]},
        {"evidence": ["画面の写し", "画面の写しと送信控え"]},
    ]
    assert code(cause.prove, chain[0], by=bob, evidence=" ") == "no_evidence"
    cause.withdraw_why(chain[0], by=bob, reason="ちがった")
    assert code(cause.prove, chain[0], by=bob, evidence="x") == "why_withdrawn"
