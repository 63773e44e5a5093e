from __future__ import annotations

from carillon.core.ports import NewDevice
from carillon.storage import devices, tokens
from carillon.storage.session import Session
from tests.builders import NOON
from tests.storage.rows import new_application, new_user


async def test_a_token_of_an_application_without_owner_is_listed(tx: Session) -> None:
    backup = await new_application(tx, await new_user(tx))
    await tx.run("DELETE FROM subscriptions")
    (info,) = await tokens.every(tx)
    assert (info.subject, info.user, info.token.subject_id) == ("Backup", "", backup.id)


async def test_of_several_owners_the_first_is_shown(tx: Session) -> None:
    eve, ada = await new_user(tx, "eve"), await new_user(tx, "ada")
    backup = await new_application(tx, ada)
    await tx.run(
        "INSERT INTO subscriptions (user_id, application_id, role, sort_key) VALUES (?, ?, 'owner', 'a0')",
        eve.id,
        backup.id,
    )
    assert [info.user for info in await tokens.every(tx)] == ["eve"]


async def test_a_new_token_is_the_one_that_is_found(tx: Session) -> None:
    backup = await new_application(tx, await new_user(tx))
    token = await tokens.add(tx, "application", backup.id, digest=b"2", now=NOON)
    assert await tokens.by_digest(tx, b"2") == token
    await tokens.touch(tx, token.id, NOON + 1)
    assert await tx.rows("SELECT last_used FROM tokens ORDER BY id") == [(None,), (NOON + 1,)]


async def test_devices_in_use_are_noted_by_all_their_tokens(tx: Session) -> None:
    ada = await new_user(tx)
    phone, tablet = [
        await devices.add(tx, NewDevice(user_id=ada.id, name=name, created=NOON, token_digest=name.encode()))
        for name in ("phone", "tablet")
    ]
    backup = await new_application(tx, ada)
    await tokens.add(tx, "device", phone.id, digest=b"2", now=NOON)
    await tokens.touch_devices(tx, [phone.id, 99], NOON + 1)
    uses = {(info.token.kind, info.token.subject_id, info.token.last_used) for info in await tokens.every(tx)}
    assert uses == {("device", phone.id, NOON + 1), ("device", tablet.id, None), ("application", backup.id, None)}
