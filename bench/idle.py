"""What an open stream on which nothing happens costs the server in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack

from bench.client import device, handshake, request
from bench.records import Options, Result, Table, Target
from bench.servers import Place, carillon
from bench.streams import opened

COUNTS = (1000, 10_000)
BOUND = 25  # KB a stream, at most
KB = 1000
SETTLING = 0.5  # seconds


KINDS: Mapping[str, Callable[[str], bytes]] = {
    "Gotify's WebSocket": lambda token: handshake("/stream", token),
    "native WebSocket": lambda token: handshake("/api/1/stream", token),
    "native SSE": lambda token: request("GET", "/api/1/stream", token, accept="text/event-stream"),
}


def measure(options: Options) -> Result:
    rows = {kind: _memory(options, kind) for kind in KINDS}
    targets = [
        Target(f"KB for an idle stream, {kind}, {column}", BOUND, value)
        for kind, row in rows.items()
        for column, value in row.items()
    ]
    return Result([Table("Memory of an idle stream, KB (PSS)", rows)], targets)


def _memory(options: Options, kind: str) -> dict[str, float]:
    """KB a stream by how many are open. Each kind has a server of its own: one process's freed memory lies about."""
    row: dict[str, float] = {}
    with ExitStack() as stack:
        place = Place.fresh(options.folder, f"idle {kind}", options.engines[0])
        server = stack.enter_context(carillon(place, streams_per_user=str(2 * max(COUNTS))))
        asked = KINDS[kind](device(server))
        opened(server, asked).close()  # what only the first one costs
        time.sleep(SETTLING)
        before, count = server.memory(), 0
        for usual in COUNTS:
            wanted = options.some(usual)
            for _ in range(wanted - count):
                stack.enter_context(opened(server, asked))
            count = wanted
            time.sleep(SETTLING)
            row[f"{count:,} open"] = (server.memory() - before) / count / KB
    return row
