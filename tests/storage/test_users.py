from __future__ import annotations

import pytest
from msgspec import structs

from carillon.core.errors import Conflict
from carillon.core.ports import ChangedUser
from carillon.storage import users
from carillon.storage.session import Session
from tests.builders import user
from tests.storage.rows import new_user


async def test_what_is_left_out_stays(tx: Session) -> None:
    ada = await new_user(tx)
    assert await users.update(tx, ada.id) == ChangedUser(ada, [])
    assert await users.by_id(tx, ada.id) == ada
    root = structs.replace(ada, admin=True)
    assert await users.update(tx, ada.id, admin=True) == ChangedUser(root, [])
    assert await users.by_name(tx, "ada") == root


async def test_a_name_may_be_given_to_who_has_it(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    assert await users.update(tx, ada.id, name="ada") == ChangedUser(ada, [])
    with pytest.raises(Conflict, match=r"^username already exists$"):
        await users.update(tx, ada.id, name="eve")
    assert await users.every(tx) == [ada, eve]


async def test_a_refusal_has_changed_nothing(tx: Session) -> None:
    """The transaction goes on after it."""
    ada = await new_user(tx)
    await users.update(tx, ada.id, admin=True)
    root = structs.replace(ada, admin=True)
    with pytest.raises(Conflict):
        await users.update(tx, ada.id, name="eve", admin=False, password_hash="new")
    assert await users.every(tx) == [root]


async def test_the_last_admin_is_known(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    await users.refuse_last_admin(tx, ada)
    await users.update(tx, ada.id, admin=True)
    with pytest.raises(Conflict, match=r"^cannot delete last admin$"):
        await users.refuse_last_admin(tx, user(id=ada.id, admin=True))
    await users.update(tx, eve.id, admin=True)
    await users.refuse_last_admin(tx, user(id=ada.id, admin=True))


async def test_a_hash_is_renewed_only_where_it_is_the_one_that_was_read(tx: Session) -> None:
    ada = await new_user(tx)
    assert not await users.rehash_password(tx, ada.id, old="other", new="new")
    assert not await users.rehash_password(tx, ada.id + 1, old="hash", new="new")
    assert await users.rehash_password(tx, ada.id, old="hash", new="new")
    assert await users.by_id(tx, ada.id) == structs.replace(ada, password_hash="new")
