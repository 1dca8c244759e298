"""The text format of Prometheus, version 0.0.4. Plain values in, text out; every figure here is a gauge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


@dataclass(frozen=True)
class Sample:
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Gauge:
    """One figure with its help and its samples; without samples it is told by its help alone."""

    name: str
    told: str
    samples: tuple[Sample, ...]


def render(gauges: Iterable[Gauge]) -> str:
    r"""The text of all gauges, in the order given.

    >>> print(render([Gauge("up", "Alive.", (Sample(1, {"part": 'a"b'}),))]), end="")
    # HELP up Alive.
    # TYPE up gauge
    up{part="a\"b"} 1

    Raises:
        ValueError: for a name that the format does not know, or one that comes twice.
    """
    lines: list[str] = []
    seen: set[str] = set()
    for gauge in gauges:
        if not _NAME.fullmatch(gauge.name) or gauge.name in seen:
            raise ValueError(f"not a name for a figure, or there already: {gauge.name!r}")
        seen.add(gauge.name)
        lines.append(f"# HELP {gauge.name} {_escaped(gauge.told)}")
        lines.append(f"# TYPE {gauge.name} gauge")
        lines += [f"{gauge.name}{_labels(one.labels)} {_number(one.value)}" for one in gauge.samples]
    return "".join(f"{line}\n" for line in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _labels(labels: Mapping[str, str]) -> str:
    if any(not _LABEL.fullmatch(name) or name.startswith("__") for name in labels):
        raise ValueError(f"not a name for a label: {sorted(labels)}")
    pairs = [f'{name}="{_escaped(value).replace(chr(34), chr(92) + chr(34))}"' for name, value in labels.items()]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _number(value: float) -> str:
    number = float(value)
    if number != number:
        return "NaN"
    if number in {float("inf"), float("-inf")}:
        return "+Inf" if number > 0 else "-Inf"
    return str(int(number)) if number.is_integer() else repr(number)
