"""Whatever is sent, on any route: never an error of the server's own, and it lives on."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from carillon.dialects.gotify import ROUTES
from carillon.dialects.native.operations import OPERATIONS
from tests.walks.conftest import Serve
from tests.walks.server import SOAK, Person, Server, soak
from tests.walks.wire import Answer, Wire, message, request

DOORS = sorted(
    {(method, path) for method, path, _ in ROUTES}
    | {(each.method, each.path) for each in OPERATIONS}
    | {("POST", "/message"), ("GET", "/stream"), ("GET", "/nowhere"), ("GET", "/api/openapi.json")}
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND"]
NAMES = [
    *("message", "title", "priority", "extras", "appid", "id", "date", "token", "name", "description"),
    *("defaultPriority", "sortKey", "pass", "limit", "since", "before", "application", "after", "all", "ids", "read"),
    *("dismissed", "content_type", "url", "tags", "actions", "key", "ttl", "encrypted", "icon", "sound"),
]
ODD_TEXTS = [
    "",
    " ",
    "\0",
    "\ud800",
    "ü",
    "%",
    "%zz",
    "%00",
    "..",
    "null",
    "true",
    "-1",
    "1e999",
    "1" * 30,
    "text/markdown",
]
ODD_NUMBERS = [0, -1, 2**31, -(2**31) - 1, 2**63, 2**64, 10**30, 1.5, -0.0, 1e308]
TYPES = [
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "multipart/form-data; boundary=",
    "multipart/form-data",
    "text/plain",
    "\xff",
    "",
]

# Ids of what may be deleted; what the walk itself needs has higher ones.
FREE_IDS = 6

texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=30)
scalars = texts | st.sampled_from(ODD_NUMBERS) | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=True)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)
fields = st.dictionaries(st.sampled_from(NAMES) | texts, values, max_size=6)


def as_multipart(found: dict[str, Any]) -> bytes:
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in found.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode("utf-8", "surrogatepass")


def as_form(found: dict[str, Any]) -> bytes:
    return urlencode(found, errors="surrogatepass").encode()


bodies = (
    fields.map(lambda found: json.dumps(found).encode())
    | values.map(lambda value: json.dumps(value).encode())
    | fields.map(as_form)
    | fields.map(as_multipart)
    | st.binary(max_size=200)
    | st.sampled_from(
        [b"[" * 100_000, b'{"message":' * 20_000, b'{"a":"' + b"\xff" * 99, b"--b\r\n\r\n--b--", b"x=1&" * 500]
    )
)
ids = st.integers(0, FREE_IDS).map(str) | st.sampled_from(ODD_NUMBERS).map(str) | texts
credentials = st.sampled_from(["application", "device", "wrong", "none", "Basic !!", "Basic", "Bearer ", "Basic YQ=="])


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, bytes]:
    """Whose credential it has, and a request that HTTP allows, whatever else is wrong with it."""
    method, path = draw(st.sampled_from(DOORS))
    method = draw(st.just(method) | st.sampled_from(METHODS))
    path = path.replace("{id}", quote(draw(ids), safe="", errors="surrogatepass"))
    if draw(st.booleans()):
        path += "?" + draw(fields.map(as_form)).decode()
    kind = draw(st.just(TYPES[0]) | st.sampled_from(TYPES))
    body = draw(bodies) if method in ("POST", "PUT", "PATCH") or draw(st.booleans()) else b""
    right = "application" if path.split("?")[0] in ("/message", "/api/1/messages") and method == "POST" else "device"
    return draw(st.just(right) | credentials), request(
        method, path, headers=[("Content-Type", kind), ("CREDENTIAL", "")], body=body
    )


class Target:
    def __init__(self, server: Server, tokens: dict[str, str]) -> None:
        self.server = server
        self.tokens = tokens
        self.answered = dict.fromkeys((2, 3, 4), 0)

    @classmethod
    async def of(cls, server: Server) -> Target:
        await server.start()
        async with Person(server) as admin:
            for _ in range(FREE_IDS):
                await admin.tokens()
            application, device = await admin.tokens()
        return cls(server, {"application": application, "device": device, "wrong": "Awrong"})

    def with_credential(self, data: bytes, credential: str) -> bytes:
        value = f"Bearer {self.tokens[credential]}" if credential in self.tokens else credential
        line = b"" if credential == "none" else b"Authorization: " + value.encode()
        return data.replace(b"CREDENTIAL: \r\n", line and line + b"\r\n")

    def look(self, answer: Answer) -> None:
        assert answer.status < 500, answer
        self.answered[answer.status // 100] = self.answered.get(answer.status // 100, 0) + 1
        if answer.status >= 400 and answer.body:
            assert b'"error"' in answer.body, answer

    async def lives(self) -> None:
        assert self.server.running
        async with Wire.open(self.server) as wire:
            assert (await wire.ask(message(self.tokens["application"], "alive"))).status == 200
        assert "Traceback" not in self.server.said()


async def test_requests_that_make_no_sense(serve: Serve) -> None:
    target = await Target.of(serve(env={"CARILLON_LOG_LEVEL": "warning"}))
    loop = asyncio.get_running_loop()

    async def ask(data: bytes) -> None:
        async with Wire.open(target.server) as wire:
            wire.head_only = data.startswith(b"HEAD")
            target.look(await wire.ask(data))

    @settings(
        max_examples=soak(150, 5_000),
        deadline=None,
        derandomize=not SOAK,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(asked())
    def each(sent: tuple[str, bytes]) -> None:
        credential, data = sent
        asyncio.run_coroutine_threadsafe(ask(target.with_credential(data, credential)), loop).result()

    await asyncio.to_thread(each)
    await target.lives()
    assert min(target.answered[2], target.answered[4]) > 10, "nearly all was refused, or nothing was"


GOOD = message("TOKEN", "good")
BROKEN = [
    b"",
    b"\0" * 100,
    b"\r\n" * 1000,
    b"GET",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /%ff%00 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/0.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 200_000,
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST /message HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /message HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /message HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    b"POST /message HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /message HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /message HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    b"POST /message HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
    b"POST /message HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"POST /message HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    b"POST /message HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /stream?token=TOKEN HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
    b"POST /stream HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 9\r\n\r\n123456789",
    GOOD * 50,
    GOOD + b"GET /stream?token=TOKEN HTTP/1.1\r\nHost: a\r\n\r\n" + GOOD,
    GOOD.replace(b"\r\n", b"\n"),
]


@st.composite
def mangled(draw: st.DrawFn) -> bytes:
    """One of these, cut, doubled, with bytes changed, or several of them after each other."""
    data = draw(st.sampled_from(BROKEN) | st.just(GOOD))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, min(len(data), 300)))
        match draw(st.sampled_from(["cut", "insert", "replace", "follow"])):
            case "cut":
                data = data[:at]
            case "insert":
                data = data[:at] + draw(st.binary(max_size=20)) + data[at:]
            case "replace":
                data = data[:at] + draw(st.binary(min_size=1, max_size=3)) + data[at + 1 :]
            case _:
                data += draw(st.sampled_from(BROKEN))
    return data


async def test_bytes_that_are_no_request(serve: Serve) -> None:
    target = await Target.of(serve(env={"CARILLON_LOG_LEVEL": "warning"}))
    loop = asyncio.get_running_loop()

    async def pour(data: bytes) -> None:
        async with Wire.open(target.server) as wire:
            wire.writer.write(data.replace(b"TOKEN", target.tokens["application"].encode()))
            answers = await wire.within(0.05)  # half a request is answered by nothing
        assert not re.search(rb"HTTP/1.[01] 5\d\d", answers), answers

    @settings(
        max_examples=soak(150, 5_000),
        deadline=None,
        derandomize=not SOAK,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mangled())
    def each(data: bytes) -> None:
        asyncio.run_coroutine_threadsafe(pour(data), loop).result()

    for data in BROKEN:
        await pour(data)
    await asyncio.to_thread(each)
    await target.lives()
