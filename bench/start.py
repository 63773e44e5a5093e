"""How soon it answers, what it takes when it does nothing, and how fast a device that was away catches up."""

from __future__ import annotations

import json
import socket
import time
from http.client import HTTPConnection

from bench.client import application, device, request
from bench.engines import Engine
from bench.filling import fill
from bench.records import Options, Result, Table, Target, middle
from bench.servers import Place, Server, carillon

SECOND = 1.0
MEMORY = 80.0  # MB, at most
MB = 1e6
MESSAGES = 10**4
RESTING = 1.0  # seconds
PATIENCE = 60.0  # seconds
ENTRY, LIVE = b'"type":"entry"', b'"type":"live"'
TAIL = 100  # bytes: longer than the last event


def measure(options: Options) -> Result:
    rows = {engine.name: _of_engine(options, engine) for engine in options.engines}
    targets = []
    for name, row in rows.items():
        targets += [
            Target(f"{name}: start on an existing folder, s", SECOND, row["start s"]),
            Target(f"{name}: memory at rest, MB", MEMORY, row["memory MB"]),
            Target(f"{name}: {MESSAGES:,} messages by the changes API, s", SECOND, row["catch-up by API s"]),
            Target(f"{name}: {MESSAGES:,} messages by the stream, s", SECOND, row["catch-up by stream s"]),
        ]
    return Result([Table(f"Start, rest, and catching up {MESSAGES:,} messages", rows)], targets)


def _of_engine(options: Options, engine: Engine) -> dict[str, float]:
    place = Place.fresh(options.folder, "start", engine)
    with carillon(place) as server:
        first = server.started
        number, _ = application(server)
        token = device(server)
    fill(place, options.some(MESSAGES), user=1, first=number, applications=1)
    starts, memories, by_api, by_stream = [], [], [], []
    for _ in range(options.rounds):
        with carillon(place) as server:
            starts.append(server.started)
            time.sleep(RESTING)
            memories.append(server.memory() / MB)
            by_api.append(_by_api(server, token, options.some(MESSAGES)))
            by_stream.append(_by_stream(server, token, options.some(MESSAGES)))
    return {
        "first start s": first,
        "start s": middle(starts),
        "memory MB": middle(memories),
        "catch-up by API s": middle(by_api),
        "catch-up by stream s": middle(by_stream),
    }


def _by_api(server: Server, token: str, messages: int) -> float:
    """Page by page, over one connection."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    cursor, found, more = 0, 0, True
    began = time.perf_counter()
    try:
        while more:
            headers = {"Authorization": f"Bearer {token}"}
            connection.request("GET", f"/api/1/changes?after={cursor}", headers=headers)
            page = json.loads(connection.getresponse().read())
            cursor, more = page["cursor"], page["more"]
            found += len(page["changes"])
    finally:
        connection.close()
    _all_there(found, messages)
    return time.perf_counter() - began


def _by_stream(server: Server, token: str, messages: int) -> float:
    """As server-sent events, to the one that says that from here on it is live."""
    received = bytearray()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as stream:
        began = time.perf_counter()
        stream.sendall(request("GET", "/api/1/stream?after=0", token, accept="text/event-stream"))
        while received.find(LIVE, -TAIL) < 0:
            data = stream.recv(1 << 20)
            if not data:
                raise ConnectionError("the stream ended")
            received += data
    took = time.perf_counter() - began
    _all_there(received.count(ENTRY), messages)
    return took


def _all_there(found: int, messages: int) -> None:
    if found != messages:
        raise RuntimeError(f"{found} of {messages} messages came")
