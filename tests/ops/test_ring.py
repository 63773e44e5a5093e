from __future__ import annotations

import logging
import threading

import pytest

from carillon.core.backstage import Level, LogLine, Wanted
from carillon.ops.ring import LONGEST, Ring


def ring_of(*lines: tuple[str, str, str]) -> Ring:
    ring = Ring(bound=100)
    for number, (level, component, text) in enumerate(lines, 1):
        ring.add(number, level, component=component, text=text)
    return ring


RING = ring_of(
    ("DEBUG", "carillon.storage", "reading"),
    ("INFO", "carillon", "listens"),
    ("WARNING", "carillon.storage", "Slow: 2 s"),
    ("ERROR", "carillon.store", "a defect"),
    ("CRITICAL", "uvicorn.error", "stopped"),
)


def numbers(wanted: Wanted, ring: Ring = RING) -> list[int]:
    return [line.seq for line in ring.lines(wanted)]


def test_a_line_is_as_it_was_added() -> None:
    ring = Ring()
    ring.add(1.5, "WARNING", component="carillon", text="late")
    assert ring.lines(Wanted()) == [LogLine(1, 1_500_000, "warning", component="carillon", text="late")]


def test_newest_first_page_by_page() -> None:
    assert numbers(Wanted()) == [5, 4, 3, 2, 1]
    assert numbers(Wanted(limit=2)) == [5, 4]
    assert numbers(Wanted(limit=2, before=4)) == [3, 2]
    assert numbers(Wanted(before=1)) == []


@pytest.mark.parametrize(
    ("component", "found"),
    [("carillon", [4, 3, 2, 1]), ("carillon.storage", [3, 1]), ("carillon.stor", []), ("uvicorn", [5]), ("error", [])],
)
def test_a_component_and_what_is_below_it(component: str, found: list[int]) -> None:
    assert numbers(Wanted(component=component)) == found


@pytest.mark.parametrize(("level", "found"), [("debug", [5, 4, 3, 2, 1]), ("warning", [5, 4, 3]), ("critical", [5])])
def test_a_level_or_above(level: Level, found: list[int]) -> None:
    assert numbers(Wanted(level=level)) == found


def test_a_text_in_whatever_case() -> None:
    assert numbers(Wanted(text="slow")) == [3]
    assert numbers(Wanted(text="STORAGE: s")) == [3]
    assert numbers(Wanted(text="slow", level="error")) == []


def test_its_components() -> None:
    assert RING.components() == ["carillon", "carillon.storage", "carillon.store", "uvicorn.error"]


def test_old_lines_go_and_long_ones_are_cut() -> None:
    ring = Ring(bound=3)
    for number in range(10):
        ring.add(number, "INFO", component="a", text="x" * 100_000)
    assert numbers(Wanted(), ring) == [10, 9, 8]
    assert {len(line.text) for line in ring.lines(Wanted())} == {LONGEST}


def test_a_level_of_a_library_is_told_as_info() -> None:
    assert ring_of((logging.getLevelName(25), "a", "b")).lines(Wanted())[0].level == "info"


def test_lines_of_many_threads_while_somebody_reads() -> None:
    ring = Ring(bound=50)

    def write() -> None:
        for number in range(2000):
            ring.add(number, "INFO", component="a", text="b")

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        found = numbers(Wanted(), ring)
        assert found == sorted(found, reverse=True)
    assert numbers(Wanted(limit=1), ring) == [6000]
