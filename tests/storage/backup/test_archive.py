from __future__ import annotations

import hashlib
import io
import random
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from carillon.storage.backup import archive
from carillon.storage.backup.archive import Content, Manifest, Member, packed, size_of, unpacked
from carillon.storage.backup.pace import Pace
from carillon.storage.refusals import BadBackup
from tests.builders import Clock

DATABASE = random.Random(1).randbytes(700)


def contents(**others: bytes) -> list[Content]:
    given = {"carillon.env": b"CARILLON_PORT=1\n", "settings.txt": b"", **others}
    return [*(Content(name, data) for name, data in given.items()), Content("carillon.db", DATABASE)]


def manifest_of(members: list[Content], **fields: Any) -> Manifest:
    pace = Pace(Clock(), share=0)
    manifest = Manifest(
        format=1,
        carillon="1.2.3",
        engine="sqlite",
        engine_version="3.40.1",
        schema=2,
        made=datetime(2026, 11, 22, 12, tzinfo=UTC),
        counts={"messages": 3},
        problems=[],
        key="none",
        key_digest=None,
        members=[archive.member_of(member, pace) for member in members],
    )
    return replace(manifest, **fields)


def whole(members: list[Content] | None = None, **fields: Any) -> bytes:
    members = members or contents()
    return b"".join(packed(manifest_of(members, **fields), members))


def read(data: bytes) -> tuple[archive.Opened, bytes]:
    database: list[bytes] = []
    opened = unpacked(io.BytesIO(data), database.append)
    return opened, b"".join(database)


def test_there_and_back() -> None:
    members = contents(**{"carillon.key": b"k" * 32})
    manifest = manifest_of(members, key="plain", key_digest="ab")
    data = b"".join(packed(manifest, members))
    opened, database = read(data)
    assert opened.manifest == manifest
    assert database == DATABASE
    assert (opened.small["carillon.env"], opened.small["carillon.key"]) == (b"CARILLON_PORT=1\n", b"k" * 32)
    assert opened.small["settings.txt"] == b""
    assert len(data) == size_of(manifest)


def test_common_tools_open_it(tmp_path: Path) -> None:
    (tmp_path / "backup.tar").write_bytes(whole())
    subprocess.run(["tar", "-xf", "backup.tar"], cwd=tmp_path, check=True)
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)
    assert (tmp_path / "carillon.db").read_bytes() == DATABASE
    assert (tmp_path / "carillon.db").stat().st_mode & 0o777 == 0o600
    with tarfile.open(tmp_path / "backup.tar") as opened:
        assert opened.getnames() == ["manifest.json", "SHA256SUMS", "carillon.env", "settings.txt", "carillon.db"]
    told = msgspec.json.decode((tmp_path / "manifest.json").read_bytes())
    assert told["members"][-1]["sha256"] == hashlib.sha256(DATABASE).hexdigest()
    assert told["made"] == "2026-11-22T12:00:00Z"


def test_a_member_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(DATABASE)
    members = [Content("settings.txt", b"x"), Content("carillon.db", tmp_path / "copy")]
    assert read(whole(members))[1] == DATABASE


def test_a_reader_that_gives_a_few_bytes_at_a_time() -> None:
    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7))

    assert unpacked(Trickle(whole()), len).manifest == manifest_of(contents())


def test_no_byte_changes_unseen() -> None:
    """Each byte of a whole file, content, heads, paddings and end."""
    data = bytearray(whole())
    dice = random.Random(2)
    for at in range(len(data)):
        before = data[at]
        data[at] ^= 1 << dice.randrange(8)
        with pytest.raises(BadBackup):
            read(bytes(data))
        data[at] = before
    read(bytes(data))


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 5000, -1, -512, -1024])
def test_one_that_ends_too_early(length: int) -> None:
    with pytest.raises(BadBackup):
        read(whole()[:length])


def test_one_that_goes_on() -> None:
    with pytest.raises(BadBackup, match="behind its end"):
        read(whole() + b"\0")


def test_what_is_no_backup() -> None:
    for data in (b"", b"hello", bytes(10240), random.Random(3).randbytes(20_000)):
        with pytest.raises(BadBackup):
            read(data)


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "manifest.json", "evil"])
@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE])
def test_a_foreign_tar(name: str, kind: bytes) -> None:
    """Nothing is ever written under a name from it."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as foreign:
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, "/etc/passwd", 4 if kind == tarfile.REGTYPE else 0
        foreign.addfile(info, io.BytesIO(b"{}\n\n"))
    with pytest.raises(BadBackup):
        read(out.getvalue())


def reseal(manifest: Manifest, members: list[Content]) -> bytes:
    """A file that is whole in itself, whatever its manifest says."""
    return b"".join(packed(manifest, members))


@pytest.mark.parametrize(
    "names",
    [
        ["settings.txt", "../carillon.db"],
        ["settings.txt", "../evil", "carillon.db"],
        ["settings.txt", "settings.txt", "carillon.db"],
        ["carillon.db", "settings.txt"],
        ["settings.txt", "carillon.pgdump"],
        ["settings.txt", "carillon.key", "carillon.db"],
        ["carillon.db"],
        [],
    ],
)
def test_members_that_must_not_be(names: list[str]) -> None:
    members = [Content(name, b"x") for name in names]
    with pytest.raises(BadBackup):
        read(reseal(manifest_of(members), members))


def test_a_key_that_is_said_to_be_there() -> None:
    for key in ("plain", "sealed"):
        with pytest.raises(BadBackup):
            read(whole(key=key, key_digest="ab"))


def test_members_that_would_fill_the_memory() -> None:
    members = contents()
    manifest = manifest_of(members)
    huge = replace(manifest, members=[Member("settings.txt", 2**40, "0" * 64), manifest.database])
    data = b"".join(packed(huge, []))
    with pytest.raises(BadBackup):
        read(data)
    info = tarfile.TarInfo("manifest.json")
    info.size = 2**33
    with pytest.raises(BadBackup):
        read(info.tobuf() + bytes(1024))


def test_one_of_a_newer_carillon() -> None:
    with pytest.raises(BadBackup, match="newer"):
        read(whole(format=2))


def test_a_manifest_that_says_nothing() -> None:
    for raw in (b"{}", b"[]", b'{"format": 1}', b"\xff", b"[" * 5000):
        info = tarfile.TarInfo("manifest.json")
        info.size = len(raw)
        with pytest.raises(BadBackup):
            read(info.tobuf() + raw + bytes(20_000))


def test_larger_than_the_old_form_of_tar_can_say() -> None:
    """Nobody writes 10 GiB here: the size that is announced, and the heads around them."""
    members = contents()
    manifest = manifest_of(members)
    big = replace(manifest, members=[manifest.members[1], Member("carillon.db", 10 * 1024**3, "0" * 64)])
    pieces = list(packed(big, []))
    assert sum(map(len, pieces)) + 10 * 1024**3 == size_of(big)
    assert b"size=10737418240" in b"".join(pieces)
