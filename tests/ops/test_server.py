from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from starlette.types import Receive, Scope, Send
from websockets.sync.client import connect

from carillon.hub.http import GuardedHttp
from carillon.hub.socket import CutOffWebSocket
from carillon.ops.server import Control, Hooks, Protocols, Server, run, serve

PROTOCOLS = Protocols(GuardedHttp, CutOffWebSocket)
LIMIT = 10.0  # seconds that an end may take, whatever clients do

PROGRAM = textwrap.dedent(
    """
    import asyncio, gc, json, sys
    from pathlib import Path
    from carillon.hub.http import GuardedHttp
    from carillon.hub.socket import EXTENSION, CutOffWebSocket
    from carillon.ops.server import Control, Hooks, Protocols, run, serve

    stopping = False
    rested = asyncio.Event()
    behaviour, path = sys.argv[1:]

    async def answer(send, status, body, *headers):
        headers = [(b"content-length", b"%d" % len(body)), *headers]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
            scope["extensions"][EXTENSION].write(b"\\x82\\x7f" + (2**23).to_bytes(8, "big") + bytes(2**23))
            while (await receive())["type"] != "websocket.disconnect":
                pass
        elif scope["path"] == "/gc":
            await answer(send, 200, json.dumps([gc.get_freeze_count(), gc.get_threshold()]).encode())
        elif scope["path"] == "/slow":
            await asyncio.sleep(1)
            await answer(send, 200, b"done")
        elif scope["path"] == "/body":
            while (await receive())["type"] != "http.disconnect":
                pass
        elif scope["path"] == "/deaf":
            await asyncio.Event().wait()
        elif scope["path"] == "/rest":
            rested.set()
            await answer(send, 200, b"yes")
        elif stopping:
            await answer(send, 503, b"no", (b"retry-after", b"5"))
        else:
            await answer(send, 200, b"yes")

    async def control(scope, receive, send):
        await answer(send, 200, repr(scope["client"]).encode())

    async def stop():
        global stopping
        stopping = True
        print("stopping", flush=True)
        if behaviour == "hang":
            await asyncio.Event().wait()
        if behaviour == "rest when asked":
            await rested.wait()
        if behaviour == "fail":
            raise ValueError("no rest")

    sys.exit(run(serve(
        app, host="127.0.0.1", port=0, protocols=Protocols(GuardedHttp, CutOffWebSocket),
        hooks=Hooks(lambda port: print(port, flush=True), stop),
        control=Control(control, Path(path)) if path else None,
    )))
    """
)


class Running:
    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def end(self, sign: int = signal.SIGTERM) -> tuple[int, float, str]:
        """Exit status, seconds it took, what it complained of."""
        began = time.monotonic()
        self.process.send_signal(sign)
        _, complaint = self.process.communicate(timeout=30)
        return self.process.returncode, time.monotonic() - began, complaint

    def raw(self, data: bytes) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port))
        client.sendall(data)
        return client


Start = Callable[..., Running]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as ends:

        def one(behaviour: str = "", path: Path | str = "") -> Running:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, behaviour, str(path)],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "WEB_CONCURRENCY": "many", "FORWARDED_ALLOW_IPS": "*"},
            )
            ends.enter_context(process)
            ends.callback(process.kill)
            assert process.stdout is not None
            return Running(process, int(process.stdout.readline()))

        yield one


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_ends_on_a_signal(start: Start, sign: int) -> None:
    server = start()
    response = httpx.get(server.url)
    assert response.text == "yes"
    assert "date" in response.headers
    assert "server" not in response.headers
    status, seconds, complaint = server.end(sign)
    assert (status, complaint) == (0, "")
    assert seconds < 3


def test_what_start_up_made_is_left_alone_by_the_collector(start: Start) -> None:
    frozen, thresholds = httpx.get(f"{start().url}/gc").json()
    assert frozen > 10_000
    assert thresholds == [20_000, 20, 50]


def test_requests_are_answered_while_it_comes_to_rest(start: Start) -> None:
    server = start("rest when asked")
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/").status_code == 200
        with closing(server.raw(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")) as slow:
            server.process.send_signal(signal.SIGTERM)
            assert server.process.stdout is not None
            assert server.process.stdout.readline() == "stopping\n"
            response = client.get("/")
            assert (response.status_code, response.headers["retry-after"]) == (503, "5")
            with closing(server.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")) as late:
                assert late.recv(4096).startswith(b"HTTP/1.1 503 "), "on a new connection too"
            assert client.get("/rest").status_code == 200
            assert everything(slow).endswith(b"done")
        assert server.process.wait(LIMIT) == 0


def test_a_kept_connection_is_not_closed_at_once(start: Start) -> None:
    server = start()
    with closing(server.raw(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")) as kept:
        received = b""
        while not received.endswith(b"yes"):
            received += kept.recv(4096) or pytest.fail("closed before it was answered")
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert everything(kept) == b""
        assert time.monotonic() - began >= Server.grace


def everything(client: socket.socket) -> bytes:
    """Until the other end closes."""
    received = b""
    while piece := client.recv(4096):
        received += piece
    return received


def test_no_client_can_hold_it_up(start: Start) -> None:
    server = start("hang")
    with ExitStack() as clients:
        for data in (
            b"",
            b"GET / HT",
            b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal",
            b"GET /deaf HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
        ):
            clients.enter_context(closing(server.raw(data)))
        time.sleep(0.2)
        status, seconds, complaint = server.end()
    assert status == 0
    assert seconds < LIMIT
    assert "did not come to rest within 3 seconds" in complaint


def test_a_handler_that_waits_for_its_client_ends_without_complaint(start: Start) -> None:
    server = start()
    with closing(server.raw(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhal")):
        time.sleep(0.2)
        status, seconds, complaint = server.end()
    assert (status, complaint) == (0, "")
    assert seconds < LIMIT


def test_a_failing_stop_does_not_stop_the_end(start: Start) -> None:
    status, seconds, complaint = start("fail").end()
    assert status == 0
    assert seconds < 3
    assert "ValueError: no rest" in complaint


def test_a_second_interrupt_ends_it_at_once(start: Start) -> None:
    server = start("hang")
    server.process.send_signal(signal.SIGINT)
    assert server.process.stdout is not None
    assert server.process.stdout.readline() == "stopping\n"
    status, seconds, _ = server.end(signal.SIGINT)
    assert status == 130
    assert seconds < 1


def test_the_owner_has_a_socket_of_his_own(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "control"
    with closing(socket.socket(socket.AF_UNIX)) as left_behind:
        left_behind.bind(str(path))
    server = start("", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
        assert client.get("http://here/").text == "None"
    assert httpx.get(server.url).text == "yes"
    assert server.end()[0] == 0
    assert not path.exists()


def test_a_websocket_is_told_that_the_server_goes_away(start: Start) -> None:
    server = start()
    with connect(f"ws://127.0.0.1:{server.port}", max_size=None) as client:
        assert len(client.recv()) == 2**23
        assert server.end()[0] == 0
        assert client.close_code == 1001


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nobody asks")


async def no_stop() -> None: ...


def attempt(host: str = "127.0.0.1", port: int = 0, path: Path | None = None) -> int:
    """A start that is meant to fail."""

    def ready(port: int) -> None:
        raise AssertionError("it listens")

    control = None if path is None else Control(app, path)
    return run(serve(app, host=host, port=port, protocols=PROTOCOLS, hooks=Hooks(ready, no_stop), control=control))


def test_a_port_in_use_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert attempt(port=port) == 1
    assert capsys.readouterr().err == f"carillon: cannot listen on 127.0.0.1:{port}: Address already in use\n"


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told_in_a_line(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert attempt(host) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"carillon: cannot listen on {host}:0: ")
    assert told.count("\n") == 1


def test_a_path_too_long_for_a_socket_is_told_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / ("x" * 108)
    assert attempt(path=path) == 1
    assert (
        capsys.readouterr().err
        == f"carillon: cannot listen on {path}: longer than the 107 bytes a socket's path may have\n"
    )


def test_a_file_or_a_server_in_the_way_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "control"
    path.write_text("mine")
    assert attempt(path=path) == 1
    assert path.read_text() == "mine"
    path.unlink()
    with closing(socket.socket(socket.AF_UNIX)) as other:
        other.bind(str(path))
        other.listen()
        assert attempt(path=path) == 1
        assert path.is_socket()
    assert capsys.readouterr().err == 2 * f"carillon: cannot listen on {path}: Address already in use\n"


@pytest.mark.parametrize(
    ("host", "clients"),
    [
        ("localhost", [socket.AF_INET]),
        ("", [socket.AF_INET, socket.AF_INET6]),
        ("::", [socket.AF_INET, socket.AF_INET6]),
        ("::1", [socket.AF_INET6]),
    ],
)
def test_names_and_both_kinds_of_address(host: str, clients: list[socket.AddressFamily]) -> None:
    """Connects from inside, then asks for the end as a signal would."""
    if not _has_ipv6() and ":" in host:
        pytest.skip("not here: IPv6")

    def ready(port: int) -> None:
        for family in clients:
            if family == socket.AF_INET or _has_ipv6():
                address = "127.0.0.1" if family == socket.AF_INET else "::1"
                with closing(socket.create_connection((address, port), timeout=5)):
                    pass
        signal.raise_signal(signal.SIGTERM)

    async def stop() -> None:
        stopped.append(host)

    stopped: list[str] = []
    assert run(serve(app, host=host, port=0, protocols=PROTOCOLS, hooks=Hooks(ready, stop))) == 0
    assert stopped == [host], "also when the signal comes as soon as it listens"


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def test_it_runs_on_uvloop_only() -> None:
    starting = serve(app, host="127.0.0.1", port=0, protocols=PROTOCOLS, hooks=Hooks(print, no_stop))
    with pytest.raises(RuntimeError, match="uvloop"):
        asyncio.run(starting)
