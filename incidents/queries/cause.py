"""Causes as the pages show them: the tree with its hints, the read-back, the drawings. Out of rows that are already read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from incidents.enums import Factor, Track
from incidents.models import Incident, RootCause, Why
from incidents.queries.incident import WhyNode, why_tree
from tools.plain import causetree, excuses, fishbone
from tools.plain.excuses import Said


def hints_for(text: str) -> list[Said]:
    """What to ask on, in the reader's language; [] when the why leads on (B-5). Never a refusal."""
    language = get_language() or "ja"
    return [excuses.say(hint, language) for hint in excuses.hints(text)]


@dataclass(frozen=True)
class WhyLine:
    """A why in reading order. root: its mark while it stands; former: the mark that was taken off; hints: where it ends."""

    why: Why
    depth: int
    number: str
    root: RootCause | None = None
    former: RootCause | None = None
    hints: list[Said] = field(default_factory=list)

    @property
    def stands(self) -> bool:
        return self.why.withdrawn_at is None

    @property
    def ends_at_person(self) -> bool:
        return self.root is not None and self.root.factor == Factor.PERSON


def why_lines(nodes: Sequence[WhyNode]) -> list[WhyLine]:
    """The tree's lines, with hints where a standing why is the last of its branch. The rows carry their roots."""
    led_on = {node.why.parent_id for node in nodes if node.why.withdrawn_at is None}
    found = []
    for node in nodes:
        why = node.why
        mark = getattr(why, "root", None)
        root = mark if mark is not None and mark.withdrawn_at is None else None
        ends = why.withdrawn_at is None and why.pk not in led_on
        hints = hints_for(why.text) if ends or root is not None else []
        found.append(WhyLine(why, node.depth, node.number, root, mark if root is None else None, hints))
    return found


@dataclass(frozen=True)
class Chain:
    """From a root cause up to what happened: each step is said with 「だから」 and must still hold (B-5)."""

    root: RootCause
    track: str
    steps: list[str]

    @property
    def reasons(self) -> list[str]:
        """From the first why to the root, without what happened."""
        return self.steps[-2::-1]

    @property
    def track_label(self) -> str:
        return str(Track(self.track).label)


def chains(incident: Incident, lines: Sequence[WhyLine]) -> list[Chain]:
    """One chain a standing root, in the order of the tree; the last step is what happened."""
    by_id = {line.why.pk: line.why for line in lines}
    found = []
    for line in lines:
        if line.root is None:
            continue
        steps, why = [], line.why
        while why is not None:
            steps.append(why.text.strip().rstrip("。."))
            why = by_id.get(why.parent_id) if why.parent_id else None
        found.append(Chain(line.root, line.why.track, [*steps, incident.title.strip().rstrip("。.")]))
    return found


def tree_drawing(incident: Incident, lines: Sequence[WhyLine]) -> causetree.Drawing:
    """The whys that stand, on their two tracks, beside what happened."""
    nodes = [causetree.Node("head", None, incident.title, "head")]
    standing = [line for line in lines if line.stands]
    for track in Track:
        ours = [line for line in standing if line.why.track == track]
        if not ours:
            continue
        nodes.append(causetree.Node(track, "head", str(track.label), "track"))
        nodes += [
            causetree.Node(
                str(line.why.pk),
                str(line.why.parent_id) if line.why.parent_id else str(track),
                line.why.text,
                "root" if line.root else "why",
            )
            for line in ours
        ]
    return causetree.layout(nodes)


@dataclass(frozen=True)
class FactorRow:
    """One bone in words: its factor, and the chains of its root causes, each from what happened to the root."""

    factor: Factor
    chains: list[Chain]


def by_factor(found: Sequence[Chain]) -> list[FactorRow]:
    """The six factors, tools first (A-33, R4), each with its root causes."""
    return [FactorRow(factor, [chain for chain in found if chain.root.factor == factor]) for factor in Factor]


def fish_drawing(incident: Incident, rows: Sequence[FactorRow]) -> fishbone.Fish:
    """The fishbone: on each bone its root causes, with the whys that lead to them before."""
    bones = []
    for row in rows:
        entries: list[fishbone.Entry] = []
        for chain in row.chains:
            path = chain.reasons
            entries += [fishbone.Entry(text, level, level == len(path) - 1) for level, text in enumerate(path)]
        bones.append(fishbone.Bone(str(row.factor.label), entries))
    return fishbone.layout(incident.title, bones)


@dataclass(frozen=True)
class CausePage:
    lines: list[WhyLine]
    chains: list[Chain]
    factors: list[FactorRow]
    tree: causetree.Drawing
    fish: fishbone.Fish
    open_ends: list[WhyLine]


def cause_page(incident: Incident) -> CausePage:
    """Everything of the page of causes, in one query."""
    lines = why_lines(why_tree(list(Why.objects.filter(incident=incident).select_related("root__risk_by"))))
    read = chains(incident, lines)
    factors = by_factor(read)
    led_on = {line.why.parent_id for line in lines if line.stands}
    return CausePage(
        lines=lines,
        chains=read,
        factors=factors,
        tree=tree_drawing(incident, lines),
        fish=fish_drawing(incident, factors),
        open_ends=[line for line in lines if line.stands and line.root is None and line.why.pk not in led_on],
    )


def tree_words(page: CausePage) -> str:
    """What the drawing shows, in one sentence for those who do not see it."""
    standing = [line for line in page.lines if line.stands]
    return _("なぜ %(whys)s 個、うち真因 %(roots)s 個。同じ内容を、図の下に一覧で示しています。") % {
        "whys": len(standing),
        "roots": len(page.chains),
    }
