"""Messages to a channel while the process that sends them is killed: real processes, real TLS, both databases."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest
from django.utils import timezone

from incidents.enums import PostKind, PostState
from incidents.models import MirrorPost
from incidents.queries.calendar import day_here
from tests import servers
from tests.chat import Service
from tests.factories import (
    FollowUpFactory,
    MirrorFactory,
    MirrorLineFactory,
    MirrorPostFactory,
    OrganisationFactory,
    ReminderDeliveryFactory,
    TeamFactory,
)

pytestmark = pytest.mark.integration
MESSAGES = 12


def waiting(port: int) -> None:
    """So many channels at the service, each with a message that is due now."""
    OrganisationFactory()
    now = timezone.now()
    for number in range(MESSAGES):
        team = TeamFactory()
        one = MirrorFactory(
            team=team, name=str(number), address=f"https://localhost:{port}/in/{number}", host="localhost", tail="in"
        )
        row = ReminderDeliveryFactory(follow_up=FollowUpFactory(team=team, incident__team=team))
        post = MirrorPostFactory(
            mirror=one, key=f"morning:{number}", kind=PostKind.MORNING, day=day_here(now), next_try_at=now
        )
        MirrorLineFactory(post=post, delivery=row)


def let_claims_run_out() -> None:
    MirrorPost.objects.filter(state=PostState.SENDING).update(next_try_at=timezone.now())


def test_killed_between_answer_and_record_nothing_is_lost_and_a_copy_has_its_name(install, certificate, tmp_path):
    there = Service(certificate.context)
    house = install(EGRESS_ALLOW=f"localhost:{there.port}", EGRESS_CA_FILE=str(certificate.file))
    waiting(there.port)
    command = [sys.executable, "manage.py", "deliver", "--no-write"]
    kills = (3, 8)
    for at in kills:
        sender = servers.Program(command, log=Path(tmp_path / f"deliver-{at}.log"), environ=house.environ)
        there.before = lambda at=at, sender=sender: len(there.posted) == at and sender.kill()
        servers.until(lambda sender=sender: sender.process.poll() is not None, 60, "the sender is killed")
        assert len(there.posted) == at, sender.said
        # Those of both kills: what was tried before waits behind what was not.
        assert MirrorPost.objects.filter(state=PostState.SENDING).count() == kills.index(at) + 1
        let_claims_run_out()
    there.before = lambda: None
    servers.manage("deliver", "--no-write", environ=house.environ)
    there.stop()
    assert set(MirrorPost.objects.values_list("state", flat=True)) == {PostState.SENT}
    taken = Counter(one.ident for one in there.posted)
    assert set(taken) == {str(ident) for ident in MirrorPost.objects.values_list("ident", flat=True)}
    # The one in the gap of each kill comes again, under the same key; nothing else does.
    assert sorted(taken.values(), reverse=True)[: len(kills) + 1] == [2, 2, 1]
    copies = [one for one in there.posted if taken[one.ident] == 2]
    assert len({one.target for one in copies}) == len(kills)
