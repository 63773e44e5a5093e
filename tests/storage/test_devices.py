from __future__ import annotations

import pytest

from carillon.core.errors import Conflict, Unauthenticated
from carillon.core.ports import NewDevice
from carillon.storage import devices
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_user


async def test_a_token_of_an_application_is_none_of_a_device(tx: Session) -> None:
    ada = await new_user(tx)
    await new_application(tx, ada, token_digest=b"taken")
    with pytest.raises(Conflict):
        await devices.add(tx, NewDevice(user_id=ada.id, name="phone", created=NOON, token_digest=b"taken"))
    assert await devices.of_user(tx, ada.id) == []


async def test_a_device_is_read_as_it_was_made(tx: Session) -> None:
    ada = await new_user(tx)
    phone = await devices.add(tx, NewDevice(user_id=ada.id, name="phone", created=NOON, token_digest=b"1"))
    assert await devices.by_id(tx, phone.id) == phone
    assert await devices.by_id(tx, phone.id + 1) is None


async def test_of_no_password_nothing_is_asked(tx: Session) -> None:
    ada = await new_user(tx)
    for number, shown in enumerate((None, "hash")):
        new = NewDevice(user_id=ada.id, name="a", created=NOON, token_digest=b"%d" % number, password_hash=shown)
        await devices.add(tx, new)
    other = NewDevice(user_id=ada.id, name="a", created=NOON, token_digest=b"2", password_hash="")
    with pytest.raises(Unauthenticated):
        await devices.add(tx, other)
    assert len(await devices.of_user(tx, ada.id)) == 2 == len(await tx.rows("SELECT 1 FROM tokens"))
