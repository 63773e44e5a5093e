"""GET /api/1/server/backup: a backup as a file, however large, to who may have it."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime

from starlette.types import Receive, Scope, Send

from carillon.core.backstage import Download
from carillon.core.errors import CarillonError
from carillon.core.kit import Kit
from carillon.dialects._http import gone
from carillon.dialects.native import door

TAR = "application/x-tar"
PATIENCE = 120.0  # seconds for a piece of a mebibyte: who takes none for so long must not keep others from theirs

log = logging.getLogger("carillon.backup")


class Backup:
    """One at a time is made. Who goes away ends it, and who takes nothing; what was made of it is removed then."""

    def __init__(self, kit: Kit, *, patience: float = PATIENCE) -> None:
        self._kit = kit
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await door.let_in(self._kit, scope, "admin")
            await self._answer(receive, send)
        except CarillonError as error:
            await door.refuse(send, error)

    async def _answer(self, receive: Receive, send: Send) -> None:
        """Raises a CarillonError as long as nothing was sent."""
        made = datetime.fromtimestamp(self._kit.clock.now() // 1_000_000, UTC)
        name = f"carillon-{made:%Y%m%d-%H%M}.tar"
        backup = self._kit.site.backstage.backup()
        sending = asyncio.create_task(_send(backup, send, name=name, patience=self._patience))
        left = asyncio.create_task(gone(receive))
        try:
            await asyncio.wait({sending, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, left):
                task.cancel()
            await asyncio.wait({sending, left})
        with suppress(asyncio.CancelledError):
            sending.result()


async def _send(backup: AbstractAsyncContextManager[Download], send: Send, *, name: str, patience: float) -> None:
    async with backup as archive:
        headers = [
            (b"content-type", TAR.encode()),
            (b"content-length", b"%d" % archive.size),
            (b"content-disposition", b'attachment; filename="%b"' % name.encode()),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            while piece := await asyncio.to_thread(next, archive.pieces, b""):
                async with asyncio.timeout(patience):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        except TimeoutError:
            log.warning("a backup broke off: its reader took nothing for %g seconds", patience)
            return
        except Exception:
            # The answer is left without its end, by which the reader sees it.
            log.exception("a backup broke off")
            return
        await send({"type": "http.response.body", "body": b""})
