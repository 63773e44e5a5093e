"""The file of a backup: a plain tar, of which every byte is known but for the contents.

    manifest.json         what it is: `Manifest`
    SHA256SUMS            of all other members, as `sha256sum --check` reads it
    carillon.env          the settings file of the data folder, if it has one
    settings.txt          the settings in force, for people
    carillon.key          the key of the data folder, or carillon.key.sealed, if it was wanted
    carillon.db           the database, or carillon.pgdump

A reader takes no name, place or kind from it: it knows what must stand where, so nothing else can get in, and no byte
can change unseen.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta, Struct

from carillon.core.limits import KIB, MIB
from carillon.storage.backup.pace import Pace
from carillon.storage.migrate import EngineName
from carillon.storage.refusals import BadBackup

FORMAT = 1

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
ENV = "carillon.env"
SETTINGS = "settings.txt"
KEY = "carillon.key"
SEALED_KEY = "carillon.key.sealed"
DATABASES: dict[EngineName, str] = {"sqlite": "carillon.db", "postgres": "carillon.pgdump"}

LARGEST_MANIFEST = 64 * KIB
SMALL = MIB  # bytes that a member besides the database may have
PIECE = MIB

NOT_OURS = "this is no backup made by Carillon"
CHANGED = "the backup is damaged: {} is not as it was written"

KeyState = Literal["none", "left out", "plain", "sealed"]


class Member(Struct, frozen=True):
    name: str
    size: Annotated[int, Meta(ge=0)]
    sha256: str


class Manifest(Struct, frozen=True, kw_only=True):
    """`counts` of rows by table; `problems` that were found in a database which is sound as a file.

    `key_digest`: the SHA-256 of the installation's key, whether it is in the backup or not.
    """

    format: int
    carillon: str
    engine: EngineName
    engine_version: str
    schema: int
    made: Annotated[datetime, Meta(tz=True)]
    counts: dict[str, int]
    problems: list[str]
    key: KeyState
    key_digest: str | None
    members: list[Member]

    @property
    def database(self) -> Member:
        return self.members[-1]


class Content(Struct, frozen=True):
    """A member and what is in it, here or in a file."""

    name: str
    data: bytes | Path


class Readable(Protocol):
    def read(self, size: int, /) -> bytes:
        """Up to so many bytes; none at the end."""


class Opened(Struct, frozen=True):
    """`small`: the members besides the database, by name; the database has none of its bytes there."""

    manifest: Manifest
    small: dict[str, bytes]


class _Format(Struct):
    format: int


def member_of(content: Content, pace: Pace) -> Member:
    """Reads it through. Raises `Stopped`."""
    digest, size = hashlib.sha256(), 0
    for piece in _pieces_of(content):
        digest.update(piece)
        size += len(piece)
        pace.rest()
    return Member(content.name, size, digest.hexdigest())


def size_of(manifest: Manifest) -> int:
    """Bytes of the whole file."""
    frame = _frame(_encoded(manifest), manifest)
    return sum(map(len, frame)) + sum(member.size for member in manifest.members)


def packed(manifest: Manifest, contents: Sequence[Content]) -> Iterator[bytes]:
    """The whole file; the contents are the members of the manifest in their order."""
    frame = _frame(_encoded(manifest), manifest)
    for content in contents:
        yield next(frame)
        yield from _pieces_of(content)
    yield from frame


def unpacked(source: Readable, database: Callable[[bytes], object]) -> Opened:
    """Reads a file to its end and checks every byte of it. `database` is called with the pieces of the database.

    Raises BadBackup for what is no backup of ours, or is not as it was written.
    """
    begin, raw = _beginning(source)
    manifest = _decoded(raw)
    frame = _frame(raw, manifest)
    first = next(frame)
    if not first.startswith(begin):
        raise BadBackup(CHANGED.format(MANIFEST))
    _expect(source, first[len(begin) :], after=SUMS)
    small: dict[str, bytes] = {}
    for member in manifest.members:
        kept: list[bytes] = []
        _unpack(source, member, database if member is manifest.database else kept.append)
        _expect(source, next(frame), after=member.name)
        small[member.name] = b"".join(kept)
    if source.read(1):
        raise BadBackup("the backup is damaged: something follows behind its end")
    return Opened(manifest, small)


def _unpack(source: Readable, member: Member, sink: Callable[[bytes], object]) -> None:
    digest, left = hashlib.sha256(), member.size
    while left:
        piece = source.read(min(PIECE, left))
        if not piece:
            raise BadBackup("the backup is not whole: it ends too early")
        digest.update(piece)
        sink(piece)
        left -= len(piece)
    if digest.hexdigest() != member.sha256:
        raise BadBackup(CHANGED.format(member.name))


def _beginning(source: Readable) -> tuple[bytes, bytes]:
    """What was read so far, and the manifest in it."""
    head = _read(source, tarfile.BLOCKSIZE)
    try:
        info = tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        raise BadBackup(NOT_OURS) from None
    if info.name != MANIFEST or not 0 < info.size <= LARGEST_MANIFEST:
        raise BadBackup(NOT_OURS)
    raw = _read(source, info.size)
    return head + raw, raw


def _decoded(raw: bytes) -> Manifest:
    try:
        found = msgspec.json.decode(raw, type=_Format).format
        if found > FORMAT:
            raise BadBackup("this backup was made by a newer Carillon: install that one")
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadBackup(CHANGED.format(MANIFEST)) from None
    if not _in_order(manifest):
        raise BadBackup(CHANGED.format(MANIFEST))
    return manifest


def _in_order(manifest: Manifest) -> bool:
    """Nothing is in it but what may be, and what must be is."""
    names = [member.name for member in manifest.members]
    locked = {"plain": {KEY}, "sealed": {SEALED_KEY}}.get(manifest.key, set())
    return (
        names[-1:] == [DATABASES[manifest.engine]]
        and len(set(names)) == len(names)
        and set(names[:-1]) - {ENV} == {SETTINGS} | locked
        and all(member.size <= SMALL for member in manifest.members[:-1])
    )


def _read(source: Readable, size: int) -> bytes:
    pieces = []
    while size:
        piece = source.read(size)
        if not piece:
            raise BadBackup("the backup is not whole: it ends too early")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _expect(source: Readable, wanted: bytes, *, after: str) -> None:
    if _read(source, len(wanted)) != wanted:
        raise BadBackup(CHANGED.format(f"what follows {after}"))


def _encoded(manifest: Manifest) -> bytes:
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def _frame(raw: bytes, manifest: Manifest) -> Iterator[bytes]:
    """All that is not content: up to the first one, between each two, behind the last."""
    sums = "".join(
        f"{digest}  {name}\n"
        for name, digest in [
            (MANIFEST, hashlib.sha256(raw).hexdigest()),
            *((member.name, member.sha256) for member in manifest.members),
        ]
    ).encode()
    piece = b""
    for name, content in ((MANIFEST, raw), (SUMS, sums)):
        piece += _head(name, len(content), manifest.made) + content + _filler(len(content), tarfile.BLOCKSIZE)
    length = len(piece)
    for member in manifest.members:
        head = _head(member.name, member.size, manifest.made)
        filler = _filler(member.size, tarfile.BLOCKSIZE)
        yield piece + head
        piece = filler
        length += len(head) + member.size + len(filler)
    end = bytes(2 * tarfile.BLOCKSIZE)
    yield piece + end + _filler(length + len(end), tarfile.RECORDSIZE)


def _head(name: str, size: int, made: datetime) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    info.mtime = int(made.timestamp())
    info.mode = 0o600
    return info.tobuf(tarfile.PAX_FORMAT)


def _filler(size: int, unit: int) -> bytes:
    return bytes(-size % unit)


def _pieces_of(content: Content) -> Iterator[bytes]:
    if isinstance(content.data, bytes):
        yield content.data
        return
    with content.data.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
