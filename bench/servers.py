"""The servers that are measured, each as a process of its own: Carillon, and the floor."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from bench.engines import Engine
from bench.processes import memory, processor_seconds, tree

CARILLON = str(Path(sys.executable).with_name("carillon"))
CHECKOUT = Path(__file__).resolve().parents[1]
PASSWORD = "a password for measuring"
PATIENCE = 60.0  # seconds: against hanging only
PORTS, ATTEMPTS = range(12_000, 32_000), 1000
STEP = 0.001  # seconds between two looks whether it answers


@dataclass(frozen=True)
class Server:
    """`started` are the seconds from the start of the process to its first good answer."""

    pid: int
    port: int
    data: Path
    database: str
    started: float

    def processor_seconds(self) -> float:
        return processor_seconds(tree(self.pid))

    def memory(self) -> float:
        """Bytes, PSS."""
        return memory(tree(self.pid))


@dataclass(frozen=True)
class Place:
    """Where a server keeps what it stores; the same place can be served again."""

    data: Path
    database: str

    @staticmethod
    def fresh(folder: Path, name: str, engine: Engine) -> Place:
        return Place(Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder)), engine.fresh())


@contextmanager
def carillon(place: Place, **settings: str) -> Iterator[Server]:
    given = {f"CARILLON_{name.upper()}": value for name, value in settings.items()}
    port = _free_port()
    env = {
        "CARILLON_DATA": str(place.data),
        "CARILLON_DATABASE": place.database,
        "CARILLON_HOST": "127.0.0.1",
        "CARILLON_PORT": str(port),
        "CARILLON_ADMIN_PASSWORD": PASSWORD,
        "CARILLON_LOG_LEVEL": "warning",
        "CARILLON_PUBLISH_RATE": "0",
        **given,
    }
    with _running([CARILLON, "serve"], env, place=place, port=port) as server:
        yield server


@contextmanager
def floor(place: Place) -> Iterator[Server]:
    port = _free_port()
    command = [sys.executable, "-m", "bench.floor", str(port), str(place.data), place.database]
    with _running(command, {}, place=place, port=port) as server:
        yield server


@contextmanager
def _running(command: Sequence[str], env: Mapping[str, str], *, place: Place, port: int) -> Iterator[Server]:
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("CARILLON_")}
    with (place.data.with_suffix(".log")).open("ab") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, env={**kept, **env}, cwd=CHECKOUT, stdout=log, stderr=log)
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - began > PATIENCE:
                raise RuntimeError(f"{command[0]} did not start: {Path(log.name).read_text()[-2000:]}")
            time.sleep(STEP)
        started = time.perf_counter() - began
        yield Server(process.pid, port, place.data, place.database, started)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    """Not one of those that the kernel gives to outgoing connections, of which there may be thousands."""
    for port in random.sample(PORTS, ATTEMPTS):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise OSError("no free port")
