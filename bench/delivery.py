"""How fast messages are passed on to services of each kind, and what ten services cost those who publish."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from http.client import HTTPConnection
from typing import Any, NamedTuple

from bench.client import FIELDS, Load, application, ask, closed_loop, post
from bench.engines import Engine
from bench.records import Options, Result, Table, Target, middle, ratio
from bench.servers import PATIENCE, Place, Server, carillon
from bench.sink import Sink, sink

MESSAGES = 150  # to a service of each kind, in each round
SERVICES = 10
BESIDE = 0.5  # of the rate of publishing without services, at least
CONNECTIONS = 64
WEBHOOK = "webhook"  # to which the others are compared
KEY = "k" * 30  # of the form that Pushover's have

# By kind: the options with which one leads to the sink.
KINDS: Mapping[str, Callable[[Sink], dict[str, Any]]] = {
    WEBHOOK: lambda to: {"url": _url(to)},
    "pushover": lambda to: {"user": KEY, "token": KEY, "base_url": _url(to)},
    "gotify": lambda to: {"url": _url(to), "token": KEY},
    "ntfy": lambda to: {"url": _url(to), "topic": "backup"},
    "pushbullet": lambda to: {"url": _url(to), "token": KEY},
    "email": lambda to: {
        "host": "127.0.0.1",
        "port": to.smtp,
        "security": "none",
        "sender": "bell@example.org",
        "to": ["bell@example.org"],
    },
    "apprise": lambda to: {"url": f"json://127.0.0.1:{to.http}/"},
}


class Passed(NamedTuple):
    """A run with a service of one kind: deliveries a second; processor seconds of the server for 1,000 of them."""

    rate: float
    cpu_per_1000: float
    sink_cores: float


class Beside(NamedTuple):
    """A run of publishing with services: deliveries a second meanwhile, and when nobody published any more."""

    load: Load
    meanwhile: float
    afterwards: float
    sink_cores: float


class Runs(NamedTuple):
    without: list[Load]
    beside: list[Beside]


def measure(options: Options) -> Result:
    kinds: dict[str, dict[str, float]] = {}
    publishing: dict[str, dict[str, float]] = {}
    meanwhile: dict[str, dict[str, float]] = {}
    targets = []
    for engine in options.engines:
        with sink() as to, carillon(Place.fresh(options.folder, "delivery", engine)) as server:
            ask(server, "PATCH", "/api/1/settings", content={"service_addresses": "any"})
            _, token = application(server)
            kinds |= {f"{engine.name}: {kind}": row for kind, row in _of_kinds(options, server, to, token).items()}
            runs = _in_turn(options, server, to, token)
        publishing |= _publishing(engine, runs)
        meanwhile[f"{engine.name}: {SERVICES} webhooks"] = _meanwhile(runs)
        measured = ratio([each.load.rate for each in runs.beside], [load.rate for load in runs.without])
        name = f"{engine.name}: publishing with {SERVICES} services, to the rate without"
        targets.append(Target(name, BESIDE, measured, at_least=True))
    return Result(
        [
            Table(f"Passing {options.some(MESSAGES)} stored messages on to one service", kinds),
            Table(f"Publishing from {CONNECTIONS} connections", publishing),
            Table("What the services get of that", meanwhile),
        ],
        targets,
    )


def _of_kinds(options: Options, server: Server, to: Sink, token: str) -> dict[str, dict[str, float]]:
    """In turn, by the kinds that there are here."""
    there = {each["kind"] for each in ask(server, "GET", "/api/1/channels")["channels"] if each["available"]}
    services = {kind: _add(server, kind, to) for kind in KINDS if kind in there}
    runs: dict[str, list[Passed]] = {kind: [] for kind in services}
    for _ in range(options.rounds):
        for kind, service in services.items():
            runs[kind].append(_passed(server, to, token, service=service, messages=options.some(MESSAGES)))
    webhooks = [each.rate for each in runs[WEBHOOK]]
    return {kind: _row(found, webhooks) for kind, found in runs.items()}


def _passed(server: Server, to: Sink, token: str, *, service: int, messages: int) -> Passed:
    """The sink answers nothing until all messages are stored, so that the time is the courier's alone."""
    _switch(server, [service], on=True)
    to.hold()
    _publish(server, token, messages)
    wanted, used, used_there = to.count() + messages, server.processor_seconds(), to.processor_seconds()
    began = time.perf_counter()
    to.free()
    to.until(wanted)
    took = time.perf_counter() - began
    used, used_there = server.processor_seconds() - used, to.processor_seconds() - used_there
    _switch(server, [service], on=False)
    return Passed(messages / took, used / messages * 1000, used_there / took)


def _row(found: Sequence[Passed], webhooks: Sequence[float]) -> dict[str, float]:
    return {
        "deliveries/s": middle([each.rate for each in found]),
        "× webhook": ratio([each.rate for each in found], webhooks),
        "CPU-s/1000": middle([each.cpu_per_1000 for each in found]),
        "cores of the sink": middle([each.sink_cores for each in found]),
    }


def _in_turn(options: Options, server: Server, to: Sink, token: str) -> Runs:
    """Without services, then with them. What they still owe stays behind when they are switched off."""
    services = [_add(server, WEBHOOK, to) for _ in range(SERVICES)]
    sent, runs = post("json", token), Runs([], [])

    def published() -> Load:
        return closed_loop(options.load, server, sent, connections=CONNECTIONS, seconds=options.seconds)

    for _ in range(options.rounds):
        runs.without.append(published())
        _switch(server, services, on=True)
        used = to.processor_seconds()
        before, began = to.count(), time.perf_counter()
        load = published()
        between, ended = to.count(), time.perf_counter()
        time.sleep(options.seconds)
        after, now = to.count(), time.perf_counter()
        cores = (to.processor_seconds() - used) / (now - began)
        runs.beside.append(Beside(load, (between - before) / (ended - began), (after - between) / (now - ended), cores))
        _switch(server, services, on=False)
        to.until_quiet()
    return runs


def _publishing(engine: Engine, runs: Runs) -> dict[str, dict[str, float]]:
    with_services = [each.load for each in runs.beside]
    return {
        f"{engine.name}: no service": _loads(runs.without, runs.without),
        f"{engine.name}: {SERVICES} services": _loads(with_services, runs.without),
    }


def _loads(loads: Sequence[Load], without: Sequence[Load]) -> dict[str, float]:
    return {
        "requests/s": middle([load.rate for load in loads]),
        "× without": ratio([load.rate for load in loads], [load.rate for load in without]),
        "p50 µs": middle([load.p50 for load in loads]),
        "p99 µs": middle([load.p99 for load in loads]),
    }


def _meanwhile(runs: Runs) -> dict[str, float]:
    owed = [SERVICES * each.load.rate for each in runs.beside]
    meanwhile = [each.meanwhile for each in runs.beside]
    return {
        "due/s": middle(owed),
        "deliveries/s meanwhile": middle(meanwhile),
        "% of those due": 100 * ratio(meanwhile, owed),
        "deliveries/s afterwards": middle([each.afterwards for each in runs.beside]),
        "cores of the sink": middle([each.sink_cores for each in runs.beside]),
    }


def _add(server: Server, kind: str, to: Sink) -> int:
    """The id of a new service, which is switched off."""
    content = {"kind": kind, "name": kind, "options": KINDS[kind](to), "enabled": False}
    return int(ask(server, "POST", "/api/1/services", content=content)["id"])


def _switch(server: Server, services: Sequence[int], *, on: bool) -> None:
    for service in services:
        ask(server, "PATCH", f"/api/1/services/{service}", content={"enabled": on})


def _publish(server: Server, token: str, messages: int) -> None:
    """So many, one after the other. Raises RuntimeError when one is refused."""
    body = "&".join(f"{name}={value.replace(' ', '+')}" for name, value in FIELDS.items())
    headers = {"X-Gotify-Key": token, "Content-Type": "application/x-www-form-urlencoded"}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        for _ in range(messages):
            connection.request("POST", "/message", body, headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"a message was refused: {said[:300]!r}")
    finally:
        connection.close()


def _url(to: Sink) -> str:
    return f"http://127.0.0.1:{to.http}"
