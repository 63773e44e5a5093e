"""How fast a message reaches a thousand listeners, and what a listener that does not read does to publishing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.client import Load, application, closed_loop, device, handshake, post, request, run
from bench.records import Options, Result, Table, Target, middle, ratio
from bench.servers import Place, Server, carillon
from bench.streams import never_reading, reading

LISTENERS = 1000
RATE = 20  # messages a second, when paced
WINDOW = 2  # messages in flight, when not
STALLED = 1.1  # times the p99 of publishing without it, at most
CONNECTIONS = 64
TEXT = "TS:0000000000000000000 " + "x" * 150  # the load client writes the time over the digits


def measure(options: Options) -> Result:
    listeners = options.some(LISTENERS)
    place = Place.fresh(options.folder, "fanout", options.engines[0])
    with carillon(place, streams_per_user=str(10 * listeners)) as server:
        _, token = application(server)
        stream = handshake("/stream", device(server))
        deliveries = _deliveries(options, server, token=token, stream=stream)
        without, beside = _stalled(options, server, token=token, stream=stream)
    publishing = {
        "one listener that reads": _publishing(without),
        "and one that never reads": _publishing(beside),
    }
    change = ratio([load.p99 for load in beside], [load.p99 for load in without])
    return Result(
        [
            Table(f"Telling {listeners:,} listeners of one user", {"WebSocket /stream": deliveries}),
            Table(f"Publishing from {CONNECTIONS} connections beside listeners", publishing),
        ],
        [Target("publish p99 with a listener that never reads, to without", STALLED, change)],
    )


def _deliveries(options: Options, server: Server, *, token: str, stream: bytes) -> dict[str, float]:
    handshaking, posting = options.folder / "stream", options.folder / "post"
    handshaking.write_bytes(stream)
    body = json.dumps({"title": "load", "message": TEXT})
    posting.write_bytes(request("POST", "/message", token, body=body, content_type="application/json"))
    listeners = options.some(LISTENERS)
    command: list[str | Path] = [options.load, "fan", str(server.port), str(listeners), str(options.seconds)]
    command += [str(RATE), str(WINDOW), handshaking, posting]
    closed: list[dict[str, Any]] = []
    paced: list[dict[str, Any]] = []
    for _ in range(options.rounds):
        first, second = run(command)
        closed.append(first)
        paced.append(second)
    return {
        "deliveries/s": middle([found["delivered"] / found["seconds"] for found in closed]),
        "cores of the client": middle([found["cpu"] / found["seconds"] for found in closed]),
        f"p50 ms at {RATE} messages/s": middle([found["p50_us"] / 1000 for found in paced]),
        f"p99 ms at {RATE} messages/s": middle([found["p99_us"] / 1000 for found in paced]),
        "missing": max(found["missing"] for found in paced),
    }


def _stalled(options: Options, server: Server, *, token: str, stream: bytes) -> tuple[list[Load], list[Load]]:
    """In turn without and with a listener that never reads; one that reads is always there."""
    without: list[Load] = []
    beside: list[Load] = []
    posted = post("json", token)
    with reading(server, stream):
        for _ in range(options.rounds):
            for found in (without, beside):
                with ExitStack() as stack:
                    if found is beside:
                        stack.enter_context(never_reading(server, stream))
                    load = closed_loop(options.load, server, posted, connections=CONNECTIONS, seconds=options.seconds)
                    found.append(load)
    return without, beside


def _publishing(loads: Sequence[Load]) -> dict[str, float]:
    return {
        "requests/s": middle([load.rate for load in loads]),
        "p50 µs": middle([load.p50 for load in loads]),
        "p99 µs": middle([load.p99 for load in loads]),
    }
