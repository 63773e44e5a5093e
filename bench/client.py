"""The requests that are sent, and the C program that sends them."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.servers import PASSWORD, Server

SOURCE = Path(__file__).with_name("load.c")
TITLE, TEXT = "Backup failed", "Disk usage on host db-3 is above ninety percent; please have a look."
FIELDS = {"title": TITLE, "message": TEXT, "priority": "5"}
BOUNDARY = "------------------------d74496d66958873e"  # as curl makes them
WARM_UP = 0.3  # seconds
PATIENCE = 120.0  # seconds


class NoCompiler(Exception):
    """There is no gcc: a load client in Python would measure itself."""


@dataclass(frozen=True)
class Load:
    """What came of a closed loop of requests. Latencies in microseconds."""

    rate: float
    p50: float
    p99: float
    cpu_per_1000: float  # seconds of the server
    client_cores: float


def compiled(folder: Path) -> Path:
    """The load client. Raises NoCompiler."""
    program = folder / "load"
    try:
        subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)
    except FileNotFoundError:
        raise NoCompiler("the load client needs gcc") from None
    return program


def post(kind: str, token: str, *, path: str = "/message") -> bytes:
    """POST of a message of usual size in one of its forms: json, urlencoded, multipart."""
    if kind == "json":
        return request("POST", path, token, body=json.dumps({**FIELDS, "priority": 5}), content_type="application/json")
    if kind == "urlencoded":
        return request("POST", path, token, body=urlencode(FIELDS), content_type="application/x-www-form-urlencoded")
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in FIELDS.items()
    ]
    body = f"{''.join(parts)}--{BOUNDARY}--\r\n"
    return request("POST", path, token, body=body, content_type=f"multipart/form-data; boundary={BOUNDARY}")


def request(
    method: str, path: str, token: str, *, body: str = "", content_type: str = "", accept: str = "*/*"
) -> bytes:
    """With the headers that a usual client sends."""
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: load/1", f"Accept: {accept}"]
    head.append(_credential(path, token))
    if content_type:
        head += [f"Content-Type: {content_type}", f"Content-Length: {len(body)}"]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def _credential(path: str, token: str) -> str:
    """A header, as the clients of either dialect send it."""
    return f"Authorization: Bearer {token}" if path.startswith("/api/") else f"X-Gotify-Key: {token}"


def handshake(path: str, token: str) -> bytes:
    """Opens a WebSocket."""
    lines = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"{_credential(path, token)}\r\n\r\n"
    )
    return lines.encode()


def closed_loop(program: Path, server: Server, sent: bytes, *, connections: int, seconds: float) -> Load:
    """Raises RuntimeError when a request was not answered well."""
    file = server.data / "request"
    file.write_bytes(sent)
    command: list[str | Path] = [program, "http", str(server.port), str(connections)]
    run([*command, str(WARM_UP), file])
    before = server.processor_seconds()
    (found,) = run([*command, str(seconds), file])
    used = server.processor_seconds() - before
    if found["bad"]:
        raise RuntimeError(f"{found['bad']} requests were refused")
    return Load(
        rate=found["good"] / found["seconds"],
        p50=found["p50_us"],
        p99=found["p99_us"],
        cpu_per_1000=used / found["good"] * 1000,
        client_cores=found["cpu"] / found["seconds"],
    )


def once(server: Server, sent: bytes) -> float:
    """Microseconds to the end of the answer's head. Raises RuntimeError when it was not answered well."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as connection:
        began = time.perf_counter()
        connection.sendall(sent)
        head = connection.recv(4096)
        took = time.perf_counter() - began
    if not head.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(f"refused: {head[:300].decode('latin-1')}")
    return took * 1e6


def run(command: Sequence[str | Path]) -> list[dict[str, Any]]:
    """The lines that the load client prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError(f"the load client failed: {done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def ask(server: Server, method: str, path: str, *, content: Any = None) -> Any:
    """One request of the first user, by his password; the JSON of the answer, if it has any."""
    headers = {"Authorization": f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}"}
    body = None if content is None else json.dumps(content)
    if body is not None:
        headers["Content-Type"] = "application/json"
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
        if answer.status // 100 != 2:
            raise RuntimeError(f"{method} {path}: {answer.status} {data.decode(errors='replace')}")
        return json.loads(data) if data else None
    finally:
        connection.close()


def application(server: Server, name: str = "backup") -> tuple[int, str]:
    """Its id and token."""
    made = ask(server, "POST", "/application", content={"name": name})
    return made["id"], made["token"]


def device(server: Server) -> str:
    """Its token."""
    return str(ask(server, "POST", "/client", content={"name": "phone"})["token"])
