"""A backup of the running server, as a stream of bytes to the command that asks for it.

    POST /backup   an `Order` as JSON; the answer is the file

The command may be another system user's, and see other folders than the server: so the bytes go through the socket.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from typing import Literal, Protocol

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from carillon.core.errors import BadInput

PATH = "/backup"

log = logging.getLogger(__name__)


class Order(Struct, frozen=True):
    """What becomes of the installation's key; `passphrase` is for the sealing."""

    key: Literal["left out", "plain", "sealed"] = "left out"
    passphrase: str = ""


class Archive(Protocol):
    """A file to come: its size in bytes, and its bytes, which are to be asked for in a thread."""

    @property
    def size(self) -> int: ...

    @property
    def pieces(self) -> Iterator[bytes]: ...


Backups = Callable[[Order], AbstractAsyncContextManager[Archive]]


async def answer(backups: Backups, scope: Scope, receive: Receive, *, send: Send) -> None:
    """Raises a CarillonError as long as nothing was sent. Ends the work when the peer goes."""
    try:
        order = msgspec.json.decode(await Request(scope, receive).body(), type=Order)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(str(error)) from None
    sending = asyncio.create_task(_send(backups(order), send))
    gone = asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sending, gone):
            task.cancel()
        await asyncio.wait({sending, gone})
    with suppress(asyncio.CancelledError):
        sending.result()


async def _send(backup: AbstractAsyncContextManager[Archive], send: Send) -> None:
    async with backup as archive:
        headers = [(b"content-type", b"application/x-tar"), (b"content-length", b"%d" % archive.size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            while piece := await asyncio.to_thread(next, archive.pieces, b""):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except Exception:
            # The answer is left without its end, by which the command sees it.
            log.exception("a backup broke off")
            return
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
