"""The programs of the benchmarks run, and report. What they measure here says nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

from bench import tables
from bench.records import Result, Table, Target
from tests.walks.server import away

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("program", ["publish", "fanout", "delivery", "idle", "flat", "search", "start", "scrolling"])
def test_it_runs(program: str) -> None:
    if which("gcc") is None:
        away("gcc")
    command = [sys.executable, "-m", "bench", program, "--seconds", "0.1", "--rounds", "1", "--share", "0.01"]
    done = subprocess.run([*command, "--engines", "SQLite"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    _, report, targets = done.stdout.partition("### Targets")
    assert report, done.stdout
    assert targets.count("met") + targets.count("MISSED") == len(targets.strip().splitlines()) - 2


def test_a_target_is_a_bound_above_or_below() -> None:
    assert Target("rate", 0.7, 0.7, at_least=True).met
    assert not Target("rate", 0.7, 0.69, at_least=True).met
    assert Target("latency", 1.3, 1.3).met
    assert not Target("latency", 1.3, 1.31).met


def test_a_table_is_markdown_with_its_columns_aligned() -> None:
    found = Result([Table("Speed", {"here": {"µs": 12.34, "rate": 23456}, "there": {"µs": 0.5, "rate": 0}})])
    assert tables.result(found).splitlines() == [
        "### Speed",
        "",
        "|       |   µs |   rate |",
        "|-------|-----:|-------:|",
        "| here  | 12.3 | 23,456 |",
        "| there | 0.50 |      0 |",
    ]
