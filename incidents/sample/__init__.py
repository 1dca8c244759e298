"""A sample team whose records look like a real back office, in every stage.

Everything is made by the domain's own verbs, in the order in which it is told, morning letters included. The verbs
stamp the present; `happened` puts what they stamped back to the moment of the story.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone, translation

from incidents.sample.mended import long_ago, mended
from incidents.sample.open import accounts, just_now, on_the_way, other_ends
from incidents.sample.promised import promised
from incidents.sample.story import SIGN_INS, Story

__all__ = ["SIGN_INS", "plant"]


@transaction.atomic
def plant(now: datetime | None = None) -> None:
    """Fill an empty installation with two teams and the last months of their work.

    now: aware; the present to which the story leads, default the clock's.
    """
    with translation.override("ja"):
        story = Story(now or timezone.now())
        story.people()
        _tell(story)
        story.run()


def _tell(s: Story) -> None:
    """What happened in the two teams, oldest first."""
    long_ago(s)
    for told in (mended, promised, on_the_way, other_ends, accounts, just_now):
        told(s)
