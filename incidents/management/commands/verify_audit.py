from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from incidents.gateways import headfile
from incidents.models import Team
from incidents.queries.verify import Heads, Place, Tally, verify
from incidents.rules.seal import ORGANISATION


class Command(BaseCommand):
    """Is the trace as it was written? Reads all of it, a few thousand entries at a time; ends with 1 when it is not."""

    help = "Check the chains of the audit trail and name each place that was tampered with (docs/features/audit.md)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--team", metavar="SLUG", help="the chain of this team alone; - for the organisation's")
        parser.add_argument(
            "--heads",
            type=Path,
            action="append",
            metavar="FILE",
            help="heads to compare with, instead of those kept here",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a line, the summary last")

    def handle(self, *args: Any, team: str | None, heads: list[Path] | None, json: bool, **options: Any) -> None:
        self.slugs = dict(Team.objects.values_list("pk", "slug"))
        tally, wrong = Tally(), 0
        for place in verify(only=self._only(team), kept=_kept(heads or []), tally=tally):
            wrong += 1
            self._say(place, json)
        summary = {"chains": tally.chains, "entries": tally.entries, "erased": tally.erased, "wrong": wrong}
        words = f"{tally.entries} entries in {tally.chains} chains, {tally.erased} of them erased: {wrong} places are wrong."
        self._write(json, summary, words)
        if wrong:
            raise CommandError("The audit trail is not as it was written; see above.")

    def _only(self, slug: str | None) -> int | None:
        if slug is None:
            return None
        if slug == "-":
            return ORGANISATION
        for pk, known in self.slugs.items():
            if known == slug:
                return pk
        raise CommandError(f"No team has the short name {slug!r}.")

    def _say(self, place: Place, as_json: bool) -> None:
        chain = "-" if place.chain == ORGANISATION else self.slugs.get(place.chain, f"team {place.chain}")
        facts = {
            "kind": place.kind,
            "chain": chain,
            "seq": place.seq,
            "to": place.to,
            "entry": place.entry,
            "why": place.why,
        }
        upto = f"-{place.to}" if place.to != place.seq else ""
        entry = f" (entry {place.entry})" if place.entry else ""
        why = f": {place.why}" if place.why else ""
        self._write(as_json, facts, f"{place.kind} {chain} {place.seq}{upto}{entry}{why}")

    def _write(self, as_json: bool, facts: dict[str, Any], sentence: str) -> None:
        self.stdout.write(json.dumps(facts, ensure_ascii=False) if as_json else sentence)


def _kept(files: list[Path]) -> Heads:
    found = defaultdict(list)
    try:
        for name, chain, seq, hashed in headfile.read(*files):
            found[chain].append((name, seq, hashed))
    except (OSError, ValueError) as error:
        raise CommandError(f"The heads cannot be read: {error}") from error
    return found
