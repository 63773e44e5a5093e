"""Whether a large database is as fast as a small one, and what sweeping all its messages costs those who publish."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from bench.client import application, closed_loop, device, once, post, request
from bench.engines import Engine
from bench.filling import UNSWEPT, WAITING, ask_database, await_filled, fill
from bench.records import Options, Result, Table, Target, middle, ratio
from bench.servers import Place, Server, carillon

SMALL = 10**4  # messages
APPLICATIONS = 50
DELETED = 5  # of the applications, one after the other
MILLION = 10**6
GROWTH, GROWTH_BEYOND = 1.3, 1.5  # times as long as with the small database, up to a million messages and beyond
SWEPT = 1.5  # times the p99 of publishing without a sweep, at most
WATCHED = 30.0  # seconds of a sweep, at most; how long it takes in all is reckoned from that
PATIENCE = 300.0  # seconds
GLANCE = 0.1  # seconds


class Subject(NamedTuple):
    """A server with a filled database. `applications` are ids; the first one's `token` publishes."""

    server: Server
    place: Place
    messages: int
    applications: Sequence[int]
    token: str
    device: str


class Case(NamedTuple):
    name: str
    connections: int
    method: str
    path: str = "/message"


def measure(options: Options) -> Result:
    results = [_of_engine(options, engine) for engine in options.engines]
    return Result(
        [table for found in results for table in found.tables],
        [target for found in results for target in found.targets],
        [note for found in results for note in found.notes],
    )


def _of_engine(options: Options, engine: Engine) -> Result:
    with ExitStack() as stack:
        small, large = (
            stack.enter_context(_filled(options, engine, options.some(messages)))
            for messages in (SMALL, options.messages)
        )
        growth = _growth(options, small, large)
        growth["delete an application's messages"] = _deletion(small, large, deleted=options.some(DELETED))
        swept, targets, note = _sweep(options, engine, large)
    bound = GROWTH if options.messages <= MILLION else GROWTH_BEYOND
    targets += [
        Target(f"{engine.name}: {name}: {large.messages:,} messages to {small.messages:,}", bound, row["ratio"])
        for name, row in growth.items()
    ]
    return Result(
        [
            Table(f"{engine.name}: µs a request by messages stored", growth),
            Table(f"{engine.name}: while sweeping", swept),
        ],
        targets,
        [note],
    )


@contextmanager
def _filled(options: Options, engine: Engine, messages: int) -> Iterator[Subject]:
    place = Place.fresh(options.folder, f"flat-{messages}", engine)
    with carillon(place) as server:
        made = [application(server, f"application {number}") for number in range(APPLICATIONS)]
        listener = device(server)
    ids = [number for number, _ in made]
    fill(place, messages, user=1, first=ids[0], applications=APPLICATIONS)
    with carillon(place) as server:
        await_filled(place)
        yield Subject(server, place, messages, ids, made[0][1], listener)


def _growth(options: Options, small: Subject, large: Subject) -> dict[str, dict[str, float]]:
    growth = {}
    for case in (
        Case("POST, 64 connections", 64, "POST"),
        Case("POST, 1 connection", 1, "POST"),
        Case("newest page", 1, "GET", "/message?limit=100"),
        Case("page in the middle", 1, "GET", "/message?limit=100&since={middle}"),
        Case("newest page of an application", 1, "GET", "/application/{application}/message?limit=100"),
    ):
        times: tuple[list[float], list[float]] = [], []
        for _ in range(options.rounds):
            for subject, found in zip((small, large), times, strict=True):
                found.append(_time(options, subject, case))
        growth[case.name] = _row(small, large, times)
    return growth


def _time(options: Options, subject: Subject, case: Case) -> float:
    """µs: with one connection how long one takes, with several how often one is answered."""
    path = case.path.format(middle=subject.messages // 2, application=subject.applications[-1])
    sent = post("json", subject.token) if case.method == "POST" else request(case.method, path, subject.device)
    load = closed_loop(options.load, subject.server, sent, connections=case.connections, seconds=options.seconds)
    return load.p50 if case.connections == 1 else 1e6 / load.rate


def _row(small: Subject, large: Subject, times: tuple[Sequence[float], Sequence[float]]) -> dict[str, float]:
    return {
        f"{small.messages:,}": middle(times[0]),
        f"{large.messages:,}": middle(times[1]),
        "ratio": ratio(times[1], times[0]),
    }


def _deletion(small: Subject, large: Subject, *, deleted: int) -> dict[str, float]:
    """Each after the last one's entries are swept."""
    times: tuple[list[float], list[float]] = [], []
    for number in range(1, 1 + deleted):
        for subject, found in zip((small, large), times, strict=True):
            path = f"/application/{subject.applications[number]}/message"
            found.append(once(subject.server, request("DELETE", path, subject.device)))
            _until_swept(subject, PATIENCE)
    return _row(small, large, times)


def _sweep(options: Options, engine: Engine, large: Subject) -> tuple[dict[str, dict[str, float]], list[Target], str]:
    """Everything is cleared. Messages published meanwhile are not swept."""
    posted, page = post("json", large.token), request("GET", "/message?limit=100", large.device)
    cases = (("POST, 64 connections", posted, 64), ("POST, 1 connection", posted, 1), ("newest page", page, 1))

    def latencies() -> dict[str, tuple[float, float]]:
        found = {}
        for name, sent, connections in cases:
            loads = [
                closed_loop(options.load, large.server, sent, connections=connections, seconds=options.seconds)
                for _ in range(options.rounds)
            ]
            found[name] = middle([load.p50 for load in loads]), middle([load.p99 for load in loads])
        return found

    before = latencies()
    answered = once(large.server, request("DELETE", "/message", large.device))
    began, waiting = time.monotonic(), ask_database(large.place, WAITING)
    during = latencies()
    under_way = ask_database(large.place, UNSWEPT) > 0
    _until_swept(large, max(0.0, WATCHED * options.share - (time.monotonic() - began)))
    swept = (waiting - ask_database(large.place, WAITING)) / (time.monotonic() - began)
    rows = {
        name: {
            "p50 µs before": before[name][0],
            "p50 µs": during[name][0],
            "p99 µs before": before[name][1],
            "p99 µs": during[name][1],
        }
        for name in before
    }
    targets = [
        Target(f"{engine.name}: {name}: p99 while sweeping, to without", SWEPT, during[name][1] / before[name][1])
        for name, *_ in cases[:2]
    ]
    if not under_way:
        return rows, [], f"{engine.name}: the sweep was over before it was measured."
    note = (
        f"{engine.name}: clearing {waiting:,} messages was answered in {answered / 1000:.1f} ms; the sweep removed "
        f"{swept:,.0f} a second beside that, so it takes {waiting / swept:,.0f} s."
    )
    return rows, targets, note


def _until_swept(subject: Subject, patience: float) -> None:
    """Returns without it being done when patience is over."""
    until = time.monotonic() + patience
    while time.monotonic() < until and ask_database(subject.place, UNSWEPT):
        time.sleep(GLANCE)
