from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager

import pytest
from msgspec import Struct
from starlette.types import Message

from carillon.core.errors import BadInput, CarillonError, Conflict
from carillon.ops.backups import Order, answer

SCOPE = {"type": "http", "method": "POST", "path": "/backup", "headers": []}


class Made(Struct):
    size: int
    pieces: Iterator[bytes]


class Maker:
    """`trouble` is raised; `slow`: it never gets done."""

    def __init__(self, *pieces: bytes, trouble: Exception | None = None, slow: bool = False) -> None:
        self.pieces: Iterable[bytes] = pieces
        self.size = sum(map(len, pieces))
        self.trouble = trouble
        self.slow = slow
        self.orders: list[Order] = []
        self.begun = asyncio.Event()
        self.left = 0

    @asynccontextmanager
    async def __call__(self, order: Order) -> AsyncIterator[Made]:
        self.orders.append(order)
        self.begun.set()
        try:
            if self.trouble:
                raise self.trouble
            if self.slow:
                await asyncio.sleep(60)
            yield Made(self.size, iter(self.pieces))
        finally:
            self.left += 1


class Peer:
    """Sends a body, reads what it is sent, and goes when it is told to."""

    def __init__(self, body: bytes = b"{}") -> None:
        self.body: bytes | None = body
        self.heard: list[Message] = []
        self.goes = asyncio.Event()

    async def receive(self) -> Message:
        if self.body is not None:
            body, self.body = self.body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.goes.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.heard.append(message)

    async def ask(self, maker: Maker) -> None:
        await answer(maker, SCOPE, self.receive, send=self.send)


async def test_the_bytes_in_their_order() -> None:
    maker, peer = Maker(b"one", b"two"), Peer(b'{"key": "sealed", "passphrase": "x"}')
    await peer.ask(maker)
    assert maker.orders == [Order("sealed", "x")]
    start, *bodies = peer.heard
    assert (start["status"], dict(start["headers"])[b"content-length"]) == (200, b"6")
    assert [body["body"] for body in bodies] == [b"one", b"two", b""]
    assert [body.get("more_body", False) for body in bodies] == [True, True, False]
    assert maker.left == 1


async def test_an_error_before_the_first_byte() -> None:
    maker, peer = Maker(trouble=Conflict("another is being made")), Peer()
    with pytest.raises(Conflict):
        await peer.ask(maker)
    assert peer.heard == []


@pytest.mark.parametrize("body", [b"", b"[]", b'{"key": "none"}', b"\xff", b'{"passphrase": "\xff"}'])
async def test_an_order_that_cannot_be_read(body: bytes) -> None:
    maker = Maker()
    with pytest.raises(BadInput):
        await Peer(body).ask(maker)
    assert maker.orders == []


async def test_a_peer_that_goes_ends_the_work() -> None:
    maker, peer = Maker(slow=True), Peer()
    asking = asyncio.create_task(peer.ask(maker))
    await maker.begun.wait()
    peer.goes.set()
    await asyncio.wait_for(asking, 5)
    assert (maker.left, peer.heard) == (1, [])


async def test_the_end_of_the_server_ends_the_work() -> None:
    maker, peer = Maker(slow=True), Peer()
    asking = asyncio.create_task(peer.ask(maker))
    await maker.begun.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert maker.left == 1


async def test_one_that_breaks_off_is_not_completed(caplog: pytest.LogCaptureFixture) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"half"
        raise CarillonError("the copy has gone")

    maker, peer = Maker(), Peer()
    maker.pieces = breaking()
    await peer.ask(maker)
    assert "the copy has gone" in caplog.text
    assert not any(message["type"] == "http.response.body" and not message.get("more_body") for message in peer.heard)
