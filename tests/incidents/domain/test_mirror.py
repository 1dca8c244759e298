"""A lead connects a channel; nobody else does, and what would write there is shown to nobody."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from incidents.domain import mirror
from incidents.enums import MirrorState, PostState
from incidents.errors import NotAllowed
from incidents.models import AuditEntry, Mirror, MirrorPost
from tests.chat import PLACES, TOKEN
from tests.factories import MirrorFactory, MirrorLineFactory, MirrorPostFactory
from tests.rows import everything, fresh, refused

pytestmark = pytest.mark.django_db


def add(team, by, kind="webhook", **more) -> Mirror:
    given = {"name": "受注課", "address": PLACES[kind], "token": TOKEN if kind == "chatwork" else ""} | more
    return mirror.add(team, by=by, kind=kind, **given)


def traces() -> list[str]:
    return list(AuditEntry.objects.filter(verb__startswith="mirror.").order_by("pk").values_list("verb", flat=True))


@pytest.mark.parametrize("kind", PLACES)
def test_lead_connects_each_kind_and_it_waits_for_a_trial(team, alice, kind):
    made = add(team, alice, kind)
    assert (made.state, made.is_on, made.created_by) == (MirrorState.NEW, False, alice)
    assert (made.secret != "") == (kind in {"webhook", "chatwork"})
    [trace] = AuditEntry.objects.filter(verb="mirror.added")
    kept = f"{trace.changes}{trace.target_label}"
    assert made.address not in kept
    assert not made.secret or made.secret not in kept
    assert made.host in kept


def test_key_of_a_webhook_is_made_here_and_each_time_anew(team, alice):
    keys = {add(team, alice, name=str(n)).secret for n in range(5)}
    made = Mirror.objects.first()
    keys |= {mirror.renew_key(made, by=alice) for _ in range(5)}
    assert len(keys) == 10
    assert all(key.startswith("ushirohook_") and len(key) == 54 for key in keys)
    assert fresh(made).secret in keys


def test_nobody_else_does_anything(team, alice, bob, vera, carol, admin):
    made = add(team, alice)
    before = everything()
    for other in (bob, vera, carol, admin):
        for verb, more in (
            (mirror.add, {"kind": "slack", "name": "x", "address": PLACES["slack"]}),
            (mirror.edit, {"name": "x", "language": "en", "morning": True, "clock": True, "titles": True}),
            (mirror.move, {"address": PLACES["webhook"]}),
            (mirror.renew_key, {}),
            (mirror.switch_on, {"word": ""}),
            (mirror.switch_off, {}),
            (mirror.put_away, {}),
        ):
            with pytest.raises(NotAllowed):
                verb(team if verb is mirror.add else made, by=other, **more)
    assert everything() == before


def test_lead_who_was_deactivated_does_nothing(team, alice):
    made = add(team, alice)
    alice.is_active = False
    alice.save()
    with pytest.raises(NotAllowed):
        mirror.switch_on(made, by=alice, word="")


def test_life_of_a_channel_and_its_traces(clock, team, alice):
    made = add(team, alice)
    on = mirror.switch_on(made, by=alice, word="")
    assert (on.is_on, on.on_at) == (True, clock.now)
    mirror.switch_on(on, by=alice, word="")
    off = mirror.switch_off(on, by=alice)
    mirror.switch_off(off, by=alice)
    mirror.switch_on(off, by=alice, word="")
    moved = mirror.move(off, by=alice, address="https://hooks.example.jp/in/another")
    assert (moved.state, moved.tail, moved.secret) == (MirrorState.NEW, "ther", made.secret)
    gone = mirror.put_away(moved, by=alice)
    assert (gone.state, gone.address, gone.secret) == (MirrorState.ENDED, "", "")
    assert list(Mirror.objects.visible_to(alice)) == []
    assert traces() == [
        "mirror.added", "mirror.on", "mirror.off", "mirror.on", "mirror.moved", "mirror.put_away",
    ]  # fmt: skip


def test_what_did_not_arrive_is_not_switched_on(team, alice):
    made = add(team, alice)
    for word in ("unknown_host", "answered_404", "not_public", "too_slow", "bad_certificate"):
        assert refused(mirror.switch_on, made, by=alice, word=word) == "mirror_not_reached"
    assert fresh(made).state == MirrorState.NEW


def test_address_that_changed_meanwhile_is_not_the_one_that_was_tried(team, alice):
    made = add(team, alice)
    mirror.move(made, by=alice, address="https://hooks.example.jp/in/another")
    assert refused(mirror.switch_on, made, by=alice, word="") == "mirror_moved"
    assert fresh(made).state == MirrorState.NEW


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kind": "slack", "address": "https://evil.example/services/T/B/x"}, "mirror_address"),
        ({"kind": "webhook", "address": "http://hooks.example.jp/"}, "mirror_address"),
        ({"kind": "webhook", "address": "https://127.1/"}, "mirror_address"),
        ({"kind": "chatwork", "token": ""}, "mirror_token"),
        ({"kind": "chatwork", "token": "鍵" * 10}, "mirror_token"),
        ({"kind": "chatwork", "token": "a\r\nHost: x"}, "mirror_token"),
        ({"kind": "webhook", "morning": False, "clock": False}, "mirror_shows_nothing"),
    ],
)
def test_refused_with_its_reason(team, alice, more, code):
    before = everything()
    with pytest.raises(mirror.Refused) as fault:
        add(team, alice, **more)
    assert fault.value.code == code
    assert "evil" not in fault.value.sentence()
    assert everything() == before


def test_ten_channels_a_team(team, alice):
    for number in range(mirror.MOST):
        add(team, alice, name=str(number))
    assert refused(add, team, alice) == "too_many_mirrors"
    mirror.put_away(Mirror.objects.first(), by=alice)
    assert add(team, alice).pk


def test_put_away_is_put_away_for_good(team, alice):
    made = add(team, alice)
    mirror.put_away(made, by=alice)
    assert refused(mirror.switch_on, made, by=alice, word="") == "mirror_put_away"
    assert refused(mirror.move, made, by=alice, address=PLACES["webhook"]) == "mirror_put_away"


def test_only_a_webhook_has_a_key(team, alice):
    assert refused(mirror.renew_key, add(team, alice, "slack"), by=alice) == "mirror_has_no_key"


def test_options_are_changed_and_traced_once(team, alice):
    made = add(team, alice)
    options = {"name": "夜間", "language": "en", "morning": True, "clock": False, "titles": True}
    assert mirror.edit(made, by=alice, **options).titles is True
    mirror.edit(made, by=alice, **options)
    [trace] = AuditEntry.objects.filter(verb="mirror.edited")
    assert trace.changes == {
        "name": ["受注課", "夜間"], "language": ["ja", "en"], "clock": [True, False], "titles": [False, True],
    }  # fmt: skip
    assert refused(mirror.edit, made, by=alice, **{**options, "morning": False}) == "mirror_shows_nothing"


@pytest.mark.parametrize("verb", ["switch_off", "move", "put_away"])
def test_what_was_to_be_shown_is_taken_back(team, alice, verb):
    post = MirrorPostFactory(mirror=MirrorFactory(team=team))
    more = {"address": PLACES["webhook"]} if verb == "move" else {}
    getattr(mirror, verb)(post.mirror, by=alice, **more)
    assert fresh(post).state == PostState.CANCELLED


# What the database holds ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("factory", "values", "name"),
    [
        (MirrorFactory, {"state": "odd"}, "mirror_state_is_known"),
        (MirrorFactory, {"kind": "odd"}, "mirror_kind_is_known"),
        (MirrorFactory, {"address": ""}, "mirror_that_is_on_has_its_address"),
        (MirrorFactory, {"state": "ended"}, "mirror_put_away_has_no_secret"),
        (MirrorPostFactory, {"state": "odd"}, "post_state_is_known"),
        (MirrorPostFactory, {"state": "sent"}, "sent_post_has_its_time"),
    ],
)
def test_database_refuses(factory, values, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        factory(**values)


def test_one_message_a_key_and_one_line_a_row():
    line = MirrorLineFactory()
    with pytest.raises(IntegrityError, match="mirrored_once|mirror_id"), transaction.atomic():
        MirrorPostFactory(mirror=line.post.mirror, key=line.post.key)
    MirrorPostFactory(key=line.post.key)  # of another mirror
    with pytest.raises(IntegrityError, match="told_once_a_post|delivery_id"), transaction.atomic():
        MirrorLineFactory(post=line.post, delivery=line.delivery)
    assert MirrorPost.objects.count() == 2
