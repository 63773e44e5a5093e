"""`carillon backup`: one file that holds the installation, made while the server serves."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import httpx
import msgspec
import typer

from carillon.backstage import backups_of
from carillon.cli.ask import NoServer, looked_up, open_socket
from carillon.cli.place import place_of
from carillon.cli.remote import error_text
from carillon.cli.terminal import CommandError, commands, note, secret
from carillon.core.limits import MIB
from carillon.ops.backups import PATH, Archive, Order
from carillon.ops.system import SystemClock
from carillon.settings import Settings
from carillon.storage.backup import archive
from carillon.storage.backup.archive import Manifest
from carillon.storage.lock import FolderLock
from carillon.storage.part import part_of

app = commands()


@app.command()
def backup(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where to write it; - is standard output.", show_default=False)
    ],
    *,
    with_key: Annotated[bool, typer.Option("--with-key", help="Put the key of the installation in, as it is.")] = False,
    passphrase: Annotated[
        bool, typer.Option("--passphrase", help="Put the key in, locked with a passphrase; asks for it.")
    ] = False,
    passphrase_stdin: Annotated[
        bool, typer.Option("--passphrase-stdin", help="The same, with the passphrase from standard input.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE if it is there.")] = False,
) -> None:
    """Write the whole installation into one file.

    Messages, users, tokens, pictures, settings; a server goes on meanwhile. The file is a tar, and checked before it
    takes its name. carillon.key of the data folder is left out unless asked for: it opens the copies of tokens that
    lists show, and nothing else.
    """
    if with_key + passphrase + passphrase_stdin > 1:
        raise typer.BadParameter("only one of --with-key, --passphrase and --passphrase-stdin")
    settings = Settings.load(os.environ)
    target = None if file == "-" else Path(file)
    if target is None and sys.stdout.isatty():
        raise CommandError("this is no text for a terminal: name a file")
    if target is not None and not force and (target.exists() or target.is_symlink()):
        raise CommandError(f"{file} is there already: --force replaces it")
    key: Literal["left out", "plain", "sealed"] = "plain" if with_key else "left out"
    word = ""
    if passphrase or passphrase_stdin:
        key, word = "sealed", secret("Passphrase", "--passphrase-stdin", from_input=passphrase_stdin)
        if not word:
            raise CommandError("the passphrase must not be empty")
    order = Order(key, word)
    made = _to_output(settings, order) if target is None else _to_file(settings, order, target=target, force=force)
    _tell(made, settings, file)


def _to_file(settings: Settings, order: Order, *, target: Path, force: bool) -> Manifest:
    """The name is taken when all of it has been read back from the disk."""
    try:
        with part_of(target) as part:
            with _pieces(settings, order) as pieces:
                for piece in pieces:
                    part.write(piece)
            part.settle()
            with part.path.open("rb") as written:
                made = archive.unpacked(written, len).manifest
            part.put_in_place(replace=force)
    except FileExistsError:
        raise CommandError(f"{target} is there already: --force replaces it") from None
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror or error}") from error
    return made


def _to_output(settings: Settings, order: Order) -> Manifest:
    """Checked as it passes."""
    with _pieces(settings, order) as pieces:
        made = archive.unpacked(_Passing(pieces, sys.stdout.buffer), len).manifest
    sys.stdout.buffer.flush()
    return made


class _Passing:
    """Reads pieces as a file, and writes each of them out."""

    def __init__(self, pieces: Iterator[bytes], out: BinaryIO) -> None:
        self._pieces = pieces
        self._out = out
        self._rest = memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._out.write(piece)
            self._rest = memoryview(piece)
        found, self._rest = self._rest[:size], self._rest[size:]
        return bytes(found)


@contextmanager
def _pieces(settings: Settings, order: Order) -> Iterator[Iterator[bytes]]:
    try:
        client = open_socket(settings)
    except NoServer:
        with _made_here(settings, order) as pieces:
            yield pieces
        return
    with client:
        client.timeout = httpx.Timeout(None)  # the copy takes as long as it takes, and a dead server closes its socket
        try:
            with client.stream("POST", PATH, content=msgspec.json.encode(order)) as response:
                if response.is_error:
                    response.read()
                    raise CommandError(error_text(response))
                yield response.iter_raw()
        except httpx.HTTPError as error:
            raise CommandError(
                f"the server broke off ({str(error) or type(error).__name__}): its log says why"
            ) from None


@contextmanager
def _made_here(settings: Settings, order: Order) -> Iterator[Iterator[bytes]]:
    """No server runs. The database is not brought to this version for it."""
    place, decided = place_of(settings), looked_up(settings).settings
    lock = FolderLock(place.data) if place.url is None and place.data.exists() else None
    try:
        with asyncio.Runner() as runner:
            making = backups_of(place, lambda: settings.text(decided), SystemClock(), share=0)(order)
            whole = runner.run(_enter(making))
            try:
                yield whole.pieces
            finally:
                runner.run(_leave(making))
    finally:
        if lock:
            lock.release()


async def _enter(making: AbstractAsyncContextManager[Archive]) -> Archive:
    return await making.__aenter__()


async def _leave(making: AbstractAsyncContextManager[Archive]) -> None:
    await making.__aexit__(None, None, None)


def _tell(made: Manifest, settings: Settings, file: str) -> None:
    size = archive.size_of(made) / MIB
    messages = made.counts["messages"]
    note(f"{file}: {size:.1f} MiB, {messages} message{'s' * (messages != 1)}, checked")
    for problem in made.problems:
        note(f"the database is sound, but: {problem} (carillon doctor)")
    if made.key == "left out":
        note(
            f"{settings.data / archive.KEY} is not in it. Restored without that file the tokens work, but the copies of"
            " them that lists show cannot be read: keep it elsewhere, or use --with-key or --passphrase"
        )
