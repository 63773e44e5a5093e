"""What a program of the benchmarks hands back: tables of figures, and targets with what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.engines import Engine


@dataclass(frozen=True)
class Target:
    """`measured` is to be at most `bound`, or at least that. Both are ratios, or have the unit that `name` says."""

    name: str
    bound: float
    measured: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


@dataclass(frozen=True)
class Table:
    """Rows of figures by the names of their columns, which say the unit. All rows have the same columns."""

    title: str
    rows: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Result:
    tables: Sequence[Table] = ()
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Options:
    """How long and how often is measured, and where.

    `load` is the compiled client, `folder` a temporary one, `messages` how many are in the large database. `share` of
    the usual listeners, streams and messages: 1, or less to see quickly that a program runs.
    """

    seconds: float
    rounds: int
    folder: Path
    load: Path
    engines: Sequence[Engine]
    messages: int
    share: float = 1.0

    def some(self, usual: int) -> int:
        return max(1, round(usual * self.share))


def middle(values: Sequence[float]) -> float:
    return median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the ratios of runs that followed each other, so that a slow drift of the machine cancels out."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))
