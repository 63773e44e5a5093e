"""The PostgreSQL that is installed, started for the tests in a folder of its own and on a free loopback port."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import asyncpg
import pytest

ACCOUNT = "postgres"  # the system's: the server refuses to run as root
PATIENCE = 30.0  # seconds until it must have started


class Cluster:
    """A running server, with a new database for whoever asks. `pid` is its first process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://carillon@127.0.0.1:{self._port}/{database}"

    async def new_database(self) -> str:
        """Its address."""
        name = f"test{next(self._numbers)}"
        connection = await asyncpg.connect(self.url("postgres"))
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.url(name)

    def initialise(self) -> None:
        command = [program("initdb"), "-D", str(self._data), "-U", "carillon", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*_as_account(), *command, "--no-sync"], check=True, capture_output=True)

    def start(self) -> None:
        """On the port it had before, if any."""
        self._port = self._port or _free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": str(self._folder),
            "shared_buffers": "32MB",
        }
        settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        command = [*_as_account(), program("postgres"), "-D", str(self._data), *settings]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        ready = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        end = time.monotonic() + PATIENCE
        while subprocess.run(ready, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError((self._folder / "log").read_text())
            time.sleep(0.05)

    def stop(self, sign: signal.Signals = signal.SIGINT) -> None:
        """At once; whoever is connected is cut off. With SIGQUIT it does not tidy up its files before."""
        if self._process:
            self._process.send_signal(sign)
            self._process.wait(PATIENCE)
        self._process = None

    @property
    def _data(self) -> Path:
        return self._folder / "data"


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Skips the test when PostgreSQL is not installed; with CARILLON_TEST_STRICT=1 the test fails."""
    if not _folders():
        missing = "not here: PostgreSQL"
        if os.environ.get("CARILLON_TEST_STRICT"):
            pytest.fail(missing)
        pytest.skip(missing)
    # Not below pytest's folder, which nobody but its owner may enter.
    folder = Path(tempfile.mkdtemp(prefix="carillon-postgres-"))
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
    server = Cluster(folder)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)  # its files go: on a busy disk the tidying takes longer than all tests
        shutil.rmtree(folder)


def _folders() -> list[Path]:
    """Debian's, the newest version last."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return sorted(found, key=lambda path: [int(number) for number in re.findall(r"\d+", str(path))])


def program(name: str) -> str:
    """Where a program of PostgreSQL's is, such as `pg_dump`."""
    return str(_folders()[-1] / name)


def _as_account() -> list[str]:
    """The server ends with the tests, also when they are killed."""
    dying = ["setpriv", "--pdeathsig", "INT"]
    return [*dying, f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups"] if os.geteuid() == 0 else dying


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
