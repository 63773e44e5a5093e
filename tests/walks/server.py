"""The whole server as a process, as its users start it, and the people and programs that talk to it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import httpx
import msgspec
import psutil
import pytest
from websockets.asyncio.client import ClientConnection, connect

T = TypeVar("T")

CARILLON = str(Path(sys.executable).with_name("carillon"))
SOAK = bool(os.environ.get("CARILLON_TEST_SOAK"))
STRICT = bool(os.environ.get("CARILLON_TEST_STRICT"))
ADMIN = httpx.BasicAuth("admin", "admin")
NOBODY = httpx.Auth()  # for requests whose credentials stand in a header or query
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # or else httpx reads all certificates anew for each client
PATIENCE = 20.0  # seconds: against hanging only

# Below the range from which the kernel takes the ports of outgoing connections: a server that starts again on its
# port must not find a client there.
PORTS = range(12_000, 32_000)


def soak(bounded: T, long: T) -> T:
    """How much of something: in every run, and by `make soak`."""
    return long if SOAK else bounded


def away(what: str) -> NoReturn:
    """A program or a right that the test needs is not here."""
    if STRICT:
        pytest.fail(f"not here: {what}")
    pytest.skip(f"not here: {what}")


def free_port() -> int:
    for _ in range(1000):
        port = random.choice(PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


async def until(
    true: Callable[[], Awaitable[bool]] | Callable[[], bool], what: str, patience: float = PATIENCE
) -> None:
    """Returns as soon as it is so."""
    end = asyncio.get_running_loop().time() + patience
    while True:
        answer = true()
        if answer if isinstance(answer, bool) else await answer:
            return
        assert asyncio.get_running_loop().time() < end, f"{what}: not within {patience} s"
        await asyncio.sleep(0.02)


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """This process's, without settings that somebody has made here."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("CARILLON_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}


class Server:
    """`carillon serve` on a port and a data folder that stay the same from one start to the next."""

    def __init__(self, data: Path, log: Path, *, env: Mapping[str, str] = {}) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        self.env = environment({"CARILLON_DATA": str(data), "CARILLON_PORT": str(self.port), **env})
        self.process: subprocess.Popen[bytes] | None = None

    def spawn(self) -> subprocess.Popen[bytes]:
        """It ends with the tests, also when they are killed."""
        command = ["setpriv", "--pdeathsig", "KILL", CARILLON, "serve"]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        return self.process

    async def start(self) -> None:
        """Returns when it answers."""
        process = self.spawn()
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as client:

            async def answers() -> bool:
                assert process.poll() is None, f"the server has ended: {self.said()}"
                try:
                    await client.get(f"{self.url}/version", timeout=2)
                except httpx.TransportError:
                    return False
                return True

            await until(answers, "the server answers")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def memory(self) -> int:
        """Bytes that are its own."""
        return int(psutil.Process(self.pid).memory_full_info().uss)

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def ended(self, patience: float = PATIENCE) -> int:
        """The exit code."""
        process = self.process
        assert process is not None
        await until(lambda: process.poll() is not None, "the server ends", patience)
        return process.returncode

    async def stop(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        await self.ended()

    def end(self) -> None:
        """Whatever state it is in."""
        if self.running:
            pid = self.pid
            os.kill(pid, signal.SIGCONT)
            os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()


class Person(httpx.AsyncClient):
    """A user with his name and password, who makes applications and clients as Gotify's clients do."""

    def __init__(self, server: Server, auth: httpx.Auth = ADMIN, **options: Any) -> None:
        super().__init__(base_url=server.url, auth=auth, trust_env=False, verify=NO_TLS, timeout=PATIENCE, **options)

    async def application(self, name: str = "backup") -> str:
        """Its token."""
        answer = await self.post("/application", json={"name": name})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def device(self, name: str = "phone") -> str:
        """The token of what Gotify calls a client."""
        answer = await self.post("/client", json={"name": name})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def tokens(self) -> tuple[str, str]:
        """Of an application and a device."""
        return await self.application(), await self.device()

    async def messages(self) -> list[dict[str, Any]]:
        """All of them by GET /message, page by page, newest first."""
        found: list[dict[str, Any]] = []
        since = 0
        while True:
            answer = await self.get("/message", params={"limit": 200, "since": since})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["messages"]
            since = page["paging"]["since"]
            if not since:
                return found


def listening(server: Server, token: str) -> connect:
    """Gotify's stream, as a context manager."""
    address = f"ws://127.0.0.1:{server.port}/stream?token={token}"
    return connect(address, proxy=None, max_queue=None, ping_interval=None)


async def heard(stream: ClientConnection) -> dict[str, Any]:
    """The next message of a stream."""
    frame = await asyncio.wait_for(stream.recv(), PATIENCE)
    return dict(msgspec.json.decode(frame))
