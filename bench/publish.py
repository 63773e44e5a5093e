"""How fast a message is taken in, in each form it may come, against the floor, run in turn on the same machine."""

from __future__ import annotations

from contextlib import ExitStack
from typing import NamedTuple

from bench.client import Load, application, closed_loop, post
from bench.engines import Engine
from bench.floor import TOKEN
from bench.records import Options, Result, Table, Target, middle, ratio
from bench.servers import Place, Server, carillon, floor

LATENCY = 1.3  # times the floor's, at most


class Case(NamedTuple):
    """`bound` is the share of the floor's requests a second that is to be reached; None: latency is what counts."""

    name: str
    body: str
    connections: int
    bound: float | None


CASES = (
    Case("JSON, 64 connections", "json", 64, 0.7),
    Case("urlencoded, 64 connections", "urlencoded", 64, 0.6),
    Case("multipart, 64 connections", "multipart", 64, 0.5),
    Case("JSON, 1 connection", "json", 1, None),
)

COLUMNS = {"requests/s": "rate", "p50 µs": "p50", "p99 µs": "p99", "CPU-s/1000": "cpu_per_1000"}


class Runs(NamedTuple):
    ours: list[Load]
    floor: list[Load]


def measure(options: Options) -> Result:
    rows: dict[str, dict[str, float]] = {}
    below: dict[str, dict[str, float]] = {}
    targets = []
    for engine in options.engines:
        with ExitStack() as stack:
            ours = stack.enter_context(carillon(Place.fresh(options.folder, "publish", engine)))
            under = stack.enter_context(floor(Place.fresh(options.folder, "floor", engine)))
            for case in CASES:
                runs = _in_turn(options, case, ours=ours, under=under)
                name = f"{engine.name}: {case.name}"
                rows[name], below[name] = _rows(runs)
                targets.append(_target(engine, case, runs))
    return Result([Table("Publishing: POST /message", rows), Table("The floor below it", below)], targets)


def _in_turn(options: Options, case: Case, *, ours: Server, under: Server) -> Runs:
    runs = Runs([], [])
    sent = ((ours, post(case.body, application(ours)[1]), runs.ours), (under, post(case.body, TOKEN), runs.floor))
    for _ in range(options.rounds):
        for server, request, found in sent:
            load = closed_loop(options.load, server, request, connections=case.connections, seconds=options.seconds)
            found.append(load)
    return runs


def _rows(runs: Runs) -> tuple[dict[str, float], dict[str, float]]:
    """Ours with the ratios, and the floor's."""
    ours: dict[str, float] = {}
    below: dict[str, float] = {}
    for name, field in COLUMNS.items():
        measured, under = _column(runs, field)
        below[name] = middle(under)
        ours |= {name: middle(measured), f"{name.split()[0]} × floor": ratio(measured, under)}
    return ours, below


def _column(runs: Runs, field: str) -> tuple[list[float], list[float]]:
    return [getattr(load, field) for load in runs.ours], [getattr(load, field) for load in runs.floor]


def _target(engine: Engine, case: Case, runs: Runs) -> Target:
    if case.bound is None:
        return Target(f"{engine.name}: {case.name}: latency to the floor's", LATENCY, ratio(*_column(runs, "p50")))
    measured = ratio(*_column(runs, "rate"))
    return Target(f"{engine.name}: {case.name}: rate to the floor's", case.bound, measured, at_least=True)
