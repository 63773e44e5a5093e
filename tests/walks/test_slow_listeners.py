"""Listeners that do not read cost nobody anything, and are gone soon."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import socket
import subprocess
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE

import psutil
import pytest

from tests.walks.conftest import Serve
from tests.walks.server import SOAK, Person, Server, heard, listening, until
from tests.walks.wire import Wire, message

MIB = 1024 * 1024

HANDSHAKE = [
    ("Connection", "Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", base64.b64encode(bytes(16)).decode()),
]
STREAMS = {
    "gotify": ("/stream", HANDSHAKE),
    "native websocket": ("/api/1/stream", HANDSHAKE),
    "native sse": ("/api/1/stream", [("Accept", "text/event-stream")]),
    "native lines": ("/api/1/stream", [("Accept", "application/x-ndjson")]),
}


def deaf(server: Server, stream: str, token: str) -> socket.socket:
    """Opens a stream with the least room to receive, and reads only the head of the answer."""
    path, headers = STREAMS[stream]
    lines = [f"GET {path}?token={token} HTTP/1.1", "Host: localhost", *(f"{name}: {value}" for name, value in headers)]
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    listener.settimeout(10)
    listener.connect(("127.0.0.1", server.port))
    listener.sendall("\r\n".join([*lines, "", ""]).encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += listener.recv(1)
    assert head.split(b" ")[1] in (b"101", b"200"), head
    return listener


def held(server: Server, peer: socket.socket | int) -> bool:
    """The server still has the connection from there."""
    port = peer if isinstance(peer, int) else peer.getsockname()[1]
    connections = psutil.Process(server.pid).net_connections("tcp")
    return any(each.raddr and each.raddr.port == port for each in connections)


@pytest.mark.parametrize("stream", STREAMS)
async def test_one_that_never_reads(serve: Serve, stream: str) -> None:
    server = serve()
    await server.start()
    async with Person(server) as admin:
        token, device = await admin.tokens()
    async with Wire.open(server) as wire, listening(server, device) as good:
        assert (await wire.ask(message(token, "warm"))).status == 200
        assert (await heard(good))["message"] == "warm"
        before = server.memory
        peer = deaf(server, stream, device)
        sent, slowest = 0, 0.0
        while held(server, peer):
            started = time.monotonic()
            assert (await wire.ask(message(token, "x" * 60_000))).status == 200
            slowest = max(slowest, time.monotonic() - started)
            assert len((await heard(good))["message"]) == 60_000  # in time, though the other one does not read
            sent += 1
            assert sent < 400, "more than the kernel and the bound together can hold"
        peer.close()
        assert slowest < 2, "publishing was held up"
        assert (await wire.ask(message(token, "after"))).status == 200
        assert (await heard(good))["message"] == "after"
        await until(lambda: server.memory < before + 8 * MIB, "its memory comes back")


async def test_one_that_stops_for_good_with_little_unsent(serve: Serve) -> None:
    """Ten seconds without progress, however little it is."""
    server = serve()
    await server.start()
    async with Person(server) as admin:
        token, device = await admin.tokens()
    async with Wire.open(server) as wire:
        peer = deaf(server, "gotify", device)
        local = peer.getsockname()[1]

        def unsent() -> int:
            """What the kernel has taken over and not delivered."""
            text = subprocess.run(["ss", "-tnH", "dport", "=", f":{local}"], check=True, capture_output=True, text=True)
            return int(text.stdout.split()[2])

        previous = -1
        while unsent() > previous:  # until the kernel takes no more
            previous = unsent()
            for _ in range(4):
                assert (await wire.ask(message(token, "x" * 60_000))).status == 200
        assert held(server, peer), "a quarter of the bound is unsent at most"
        started = time.monotonic()
        await until(lambda: not held(server, peer), "it is cut off", patience=15)
        assert time.monotonic() - started > 5
        peer.close()


@pytest.mark.skipif(not SOAK, reason="takes a minute: the real times; `make soak` runs it")
async def test_one_that_answers_no_ping(serve: Serve) -> None:
    """A program that is stopped: its kernel takes all that is sent, but nobody answers."""
    server = serve()
    await server.start()
    async with Person(server) as admin:
        device = await admin.device()
    address = f"ws://127.0.0.1:{server.port}/stream?token={device}"
    program = f"import sys; from websockets.sync.client import connect; c = connect({address!r}, proxy=None); "
    program += "print(c.local_address[1], flush=True); c.recv()"
    client = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=PIPE, stderr=DEVNULL)
    assert client.stdout is not None
    try:
        port = int(await client.stdout.readline())
        os.kill(client.pid, signal.SIGSTOP)
        assert held(server, port)
        await until(lambda: not held(server, port), "it is cut off", patience=2 * 45 + 15)
    finally:
        client.kill()
        await client.communicate()
