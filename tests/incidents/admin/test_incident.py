from __future__ import annotations

import pytest
from django.utils import translation

from incidents.domain import organisation
from incidents.enums import Role, Stage
from incidents.errors import NotAllowed, Refused
from incidents.models import AuditEntry
from tests.factories import MembershipFactory
from tests.incidents.admin.conftest import act, page, told


@pytest.fixture
def lead_admin(alice):
    """A lead who is the organisation's administrator as well."""
    alice.is_admin = True
    alice.save(update_fields=["is_admin"])
    return alice


def last_trace() -> tuple[str, str, str]:
    entry = AuditEntry.objects.exclude(verb="incident.stage_moved").first()
    return entry.verb, entry.actor_label, entry.reason


@pytest.mark.parametrize(("action", "stage"), [("repaired_only", Stage.REPAIRED_ONLY), ("withdraw", Stage.WITHDRAWN)])
def test_an_end_is_asked_for_its_reason_and_then_made_by_the_verb(action, stage, crack, lead_admin, client_of):
    client = client_of(lead_admin)
    asked = act(client, "incident", action, crack)
    assert asked.status_code == 200
    assert crack.title in asked.content.decode()
    crack.refresh_from_db()
    assert crack.stage == Stage.RECORDED

    answer = act(client, "incident", action, crack, reason="この便は今月で終わるため。")
    crack.refresh_from_db()
    assert (crack.stage, crack.end_reason) == (stage, "この便は今月で終わるため。")
    assert last_trace() == ("incident.ended", str(lead_admin), "この便は今月で終わるため。")
    assert told(answer) == [f"{crack}: 終えました。"]


def test_an_end_without_a_reason_is_asked_again(crack, lead_admin, client_of):
    answer = act(client_of(lead_admin), "incident", "withdraw", crack, reason=" ")
    assert answer.status_code == 200
    crack.refresh_from_db()
    assert crack.stage == Stage.RECORDED


def test_a_duplicate_names_the_other_record(crack, story, lead_admin, client_of):
    other = story.reported()
    client = client_of(lead_admin)
    wrong = act(client, "incident", "duplicate", crack, reason="同じ電話の件です。", duplicate_of="K-99999")
    assert "その番号の記録は見つかりません" in wrong.content.decode()
    act(client, "incident", "duplicate", crack, reason="同じ電話の件です。", duplicate_of=other.reference.lower())
    crack.refresh_from_db()
    assert (crack.stage, crack.duplicate_of) == (Stage.DUPLICATE, other)


def test_an_ended_record_is_opened_again(crack, lead_admin, client_of):
    client = client_of(lead_admin)
    act(client, "incident", "withdraw", crack, reason="割れではありませんでした。")
    act(client, "incident", "reopen", crack, reason="やはり割れでした。")
    crack.refresh_from_db()
    assert crack.stage == Stage.RECORDED
    assert last_trace() == ("incident.reopened", str(lead_admin), "やはり割れでした。")


def test_a_refused_step_says_why_and_what_would_mend_it(crack, console, admin):
    answer = act(console, "incident", "withdraw", crack, reason="割れではありませんでした。")
    crack.refresh_from_db()
    assert crack.stage == Stage.RECORDED  # the administrator stands outside the team
    (said,) = told(answer)
    assert said == (
        f"{crack}: 管理者はチームの外に立つので、この記録は変えられません。"
        "チームのリーダーに頼むか、ご自身をチームのメンバーに加えてください。"
    )


def test_outside_the_team_every_action_names_the_true_reason(crack, story, lead_admin, console, admin, client_of):
    act(client_of(lead_admin), "incident", "withdraw", crack, reason="割れではありませんでした。")
    other = story.reported()
    for row, action, more in (
        (other, "repaired_only", {}),
        (other, "duplicate", {"duplicate_of": crack.reference}),
        (crack, "reopen", {}),
    ):
        said = told(act(console, "incident", action, row, reason="r", **more))[-1]
        assert said.startswith(f"{row}: 管理者はチームの外に立つ"), action
    with pytest.raises(NotAllowed) as refused:
        organisation.refuse_unless_member(admin, crack)
    assert refused.value.code == "not_member"


def test_an_administrator_who_is_a_viewer_is_told_about_the_role(crack, admin, console, team):
    MembershipFactory(person=admin, team=team, role=Role.VIEWER)
    answer = act(console, "incident", "withdraw", crack, reason="割れではありませんでした。")
    (said,) = told(answer)
    assert "閲覧の役割" in said


def test_a_refusal_reads_as_english_with_a_space_between_its_sentences():
    refusal = Refused("not_member", "Reason.", "Fix.")
    with translation.override("en"):
        assert refusal.sentence() == "Reason. Fix."
    with translation.override("ja"):
        assert refusal.sentence() == "Reason.Fix."
    assert Refused("x", "Reason.").sentence() == "Reason."


def test_one_refusal_does_not_stop_the_others(crack, story, lead_admin, client_of):
    other = story.reported()
    client = client_of(lead_admin)
    act(client, "incident", "withdraw", crack, reason="割れではありませんでした。")
    client.get(page("incident"))  # reads the message
    answer = act(client, "incident", "withdraw", crack, other, reason="割れではありませんでした。")
    assert sorted(told(answer)) == sorted([f"{crack}: この記録はもう終わっています。", f"{other}: 終えました。"])


def test_nothing_in_the_lists_counts_by_person(console, story):
    measure = story.promised()
    for model in ("incident", "countermeasure", "effectcheck", "followup", "reminderdelivery", "auditentry"):
        found = console.get(page(model), {"q": measure.owner.name})
        assert found.context["cl"].result_count == 0, model
        for lookup in ("owner", "owner__id__exact", "recipient__id__exact", "checker", "actor_id", "actor_label"):
            assert console.get(page(model), {lookup: measure.owner_id}).status_code in {302, 400}, (model, lookup)
