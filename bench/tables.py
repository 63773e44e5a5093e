"""Results as text: tables in Markdown that are readable on a terminal too."""

from __future__ import annotations

from collections.abc import Sequence

from bench.records import Result, Table, Target


def table(found: Table) -> str:
    columns = list(dict.fromkeys(column for row in found.rows.values() for column in row))
    cells = [["", *columns]]
    for name, row in found.rows.items():
        cells.append([name, *(number(row[column]) if column in row else "" for column in columns)])
    return f"### {found.title}\n\n{_aligned(cells)}"


def targets(found: Sequence[Target]) -> str:
    cells = [["target", "bound", "measured", ""]]
    for target in found:
        bound = f"{'≥' if target.at_least else '≤'} {number(target.bound)}"
        cells.append([target.name, bound, number(target.measured), "met" if target.met else "MISSED"])
    return f"### Targets\n\n{_aligned(cells)}"


def result(found: Result) -> str:
    return "\n\n".join([*map(table, found.tables), *found.notes])


def number(value: float) -> str:
    """Three significant digits, and whole numbers whole."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    decimals = next(places for places, limit in ((0, 100), (1, 10), (2, 0.1), (3, 0.01), (4, 0)) if abs(value) >= limit)
    return f"{value:.{decimals}f}"


def _aligned(cells: Sequence[Sequence[str]]) -> str:
    """The first row is the head; the first column is text, the others are numbers."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| "
        + " | ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
        + " |"
        for row in cells
    ]
    rule = "|" + "|".join("-" * (w + 1) + ":" if i else "-" * (w + 2) for i, w in enumerate(widths)) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
