from __future__ import annotations

from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from msgspec import Struct

from carillon.core.foreign import (
    Arrivals,
    ForeignApplication,
    ForeignDevice,
    ForeignMessage,
    ForeignToken,
    ForeignUser,
    Mark,
    Settled,
    Tops,
)
from carillon.core.images import Picture
from carillon.ops import desk as desk_operations
from carillon.ops import moving as ops
from carillon.ops.desk import Desk, Nothing, Operation
from tests.builders import desk_of, opened

Q = TypeVar("Q", bound=Struct)
A = TypeVar("A", bound=Struct)

TOPS = Tops(user=3, application=5, device=7, message=9)


def token(name: str) -> ForeignToken:
    return ForeignToken(digest=sha256(name.encode()).digest(), secret=name)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path) as house:
        yield desk_of(house)


async def asked(desk: Desk, operation: Operation[Q, A], question: Q) -> A:
    """By way of JSON, as through the socket."""
    decoded = msgspec.json.decode(msgspec.json.encode(question), type=operation.question)
    answer = msgspec.json.encode(await operation.run(desk, decoded))
    return msgspec.json.decode(answer, type=operation.answer)


def test_every_operation_is_found_by_its_name_alone() -> None:
    for name, operation in ops.OPERATIONS.items():
        assert operation.name == name == operation.run.__name__
    assert not ops.OPERATIONS.keys() & desk_operations.OPERATIONS.keys()


async def test_a_whole_move(desk: Desk) -> None:
    user = ForeignUser(id=3, name="eve", password_hash="x", admin=True)
    application = ForeignApplication(
        id=5,
        user_id=3,
        token=token("A"),
        name="Doorbell",
        description="",
        default_priority=2,
        content_type="text/plain",
        picture=Picture("image/png", "png", b"\x89\x00"),
    )
    device = ForeignDevice(id=7, user_id=3, token=token("C"), name="phone", expires_after=60)
    message = ForeignMessage(
        id=9,
        application_id=5,
        title="t",
        body="b",
        content_type="text/plain",
        dialect="gotify",
        priority=5,
        level=5,
        extras='{"a":  1}',
    )
    arrivals = Arrivals([Mark("user", 3, "eve")], TOPS)
    assert (await asked(desk, ops.FORESEE_MOVE, arrivals)).origin_id is None
    begun = await asked(desk, ops.BEGIN_MOVE, arrivals)
    number = begun.origin_id or 0
    fates = (await asked(desk, ops.MOVE_USERS, ops.Users(number, [user]))).fates
    fates += (await asked(desk, ops.MOVE_APPLICATIONS, ops.Applications(number, [application]))).fates
    fates += (await asked(desk, ops.MOVE_DEVICES, ops.Devices(number, [device]))).fates
    assert [(fate.fate, fate.own_id) for fate in fates] == [("new", 3), ("new", 5), ("new", 7)]
    assert await asked(desk, ops.MOVE_MESSAGES, ops.Messages(number, [message])) == Settled(stored=1)
    assert await asked(desk, ops.END_MOVE, ops.End(number, TOPS)) == Nothing()
    (item,) = await desk.store.page(3, limit=9)
    assert bytes(item.message.extras or b"") == b'{"a":  1}'
    assert await desk.store.check() == []
