from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from carillon.core.errors import BadInput, Conflict, NotFound
from carillon.ops import desk as ops
from carillon.ops.desk import Desk, Letter, Named, NewPassword, NewToken, NewUser, Nothing, Numbered, Part
from tests.builders import LOCAL, NOON, House, desk_of, opened
from tests.contracts.stores import write

PARTS = [Part("dialect", "gotify", "/somewhere/gotify.py", ["/message"])]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.fixture
async def desk(house: House) -> Desk:
    await house.user("ada", admin=True)
    await house.user("bob")
    return desk_of(house, *PARTS)


def test_every_operation_is_found_by_its_name_and_speaks_json() -> None:
    for name, operation in ops.OPERATIONS.items():
        assert operation.name == name == operation.run.__name__
        msgspec.json.Decoder(operation.question)
        msgspec.json.Decoder(operation.answer)


async def test_users(desk: Desk) -> None:
    await ops.add_user(desk, NewUser("cem", "secret", admin=True))
    lines = (await ops.list_users(desk, Nothing())).users
    assert [(line.name, line.admin, line.created) for line in lines] == [
        ("ada", True, NOON),
        ("bob", False, NOON),
        ("cem", True, NOON),
    ]
    assert (await desk.user(None)).name == "ada"
    await ops.delete_user(desk, Named("ada"))
    assert (await desk.user(None)).name == "cem"
    with pytest.raises(NotFound):
        await ops.delete_user(desk, Named("ada"))
    with pytest.raises(Conflict):
        await ops.delete_user(desk, Named("cem"))


async def test_passwords(desk: Desk) -> None:
    await ops.set_password(desk, NewPassword("bob", "other"))
    assert (await desk.access.password("bob", "other", LOCAL)).user.name == "bob"
    with pytest.raises(BadInput):
        await ops.set_password(desk, NewPassword("bob", ""))
    with pytest.raises(NotFound):
        await ops.set_password(desk, NewPassword("nobody", "x"))


async def test_a_token_of_an_application(desk: Desk) -> None:
    first = await ops.add_token(desk, NewToken("application", "Backup", "bob"))
    second = await ops.add_token(desk, NewToken("application", "Backup", "bob"))
    assert (first.made, second.made, first.user) == (True, False, "bob")
    senders = [await desk.access.sender(made.secret, LOCAL) for made in (first, second)]
    assert {sender.application.name for sender in senders} == {"Backup"}
    assert len({sender.application.id for sender in senders}) == 1
    assert (await ops.add_token(desk, NewToken("application", "Backup", None))).made


async def test_a_token_of_a_device(desk: Desk) -> None:
    first = await ops.add_token(desk, NewToken("device", "phone", None))
    second = await ops.add_token(desk, NewToken("device", "phone", None))
    actors = [await desk.access.device(made.secret, LOCAL) for made in (first, second)]
    assert (first.made, second.made) == (True, False)
    assert actors[0] == actors[1]
    assert actors[0].user.name == "ada"


async def test_tokens_are_listed_and_revoked(desk: Desk) -> None:
    await ops.add_token(desk, NewToken("application", "Backup", "bob"))
    await ops.add_token(desk, NewToken("device", "phone", "ada"))
    lines = (await ops.list_tokens(desk, Nothing())).tokens
    assert [(line.kind, line.subject, line.user, line.last_used) for line in lines] == [
        ("application", "Backup", "bob", None),
        ("device", "phone", "ada", None),
    ]
    await ops.revoke_token(desk, Numbered(lines[0].id))
    assert [line.id for line in (await ops.list_tokens(desk, Nothing())).tokens] == [lines[1].id]
    with pytest.raises(NotFound):
        await ops.revoke_token(desk, Numbered(lines[0].id))


async def test_a_letter(desk: Desk, house: House) -> None:
    letter = Letter(message="text", application="Cron", user="bob", title="T", priority=8, tags=["a", "b"], key="k")
    sent = await ops.send(desk, letter)
    bob = await desk.user("bob")
    (item,) = await house.store.page(bob.id, limit=10)
    assert (item.message.id, item.message.body, item.message.title) == (sent.id, "text", "T")
    assert (item.message.priority, item.message.level, item.message.dialect) == (8, 8, "native")
    assert bytes(item.message.tags or b"") == b'["a","b"]'
    await ops.send(desk, letter)
    assert len(await house.accounts.applications.of(bob.id)) == 1
    assert len(await house.store.page(bob.id, limit=10)) == 1  # the key replaced the first


async def test_a_letter_by_default(desk: Desk, house: House) -> None:
    await ops.send(desk, Letter(message="text", application="Command line"))
    (item,) = await house.store.page((await desk.user(None)).id, limit=10)
    assert (item.message.title, item.message.priority, item.message.tags) == ("Command line", 0, None)


async def test_an_application_that_he_only_receives_from_is_not_his(desk: Desk, house: House) -> None:
    await ops.send(desk, Letter(message="x", application="Shared", user="ada"))
    await ops.send(desk, Letter(message="x", application="Shared", user="bob"))
    ada, bob = await desk.user("ada"), await desk.user("bob")
    ids = [(await house.accounts.applications.of(user.id))[0].application.id for user in (ada, bob)]
    assert ids[0] != ids[1]


async def test_the_state(desk: Desk, house: House) -> None:
    state = await ops.state(desk, Nothing())
    assert (state.engine, state.problems, state.published_passwords) == ("SQLite", [], [])
    assert state.schema >= 1
    assert state.parts == PARTS


async def test_the_state_tells_who_has_the_published_password(house: House, desk: Desk) -> None:
    await write(house.store, lambda tx: tx.run("UPDATE users SET initial_password = TRUE WHERE name = 'bob'"))
    assert (await ops.state(desk, Nothing())).published_passwords == ["bob"]


async def test_no_admin(desk: Desk, house: House) -> None:
    await write(house.store, lambda tx: tx.run("UPDATE users SET admin = FALSE"))
    with pytest.raises(NotFound, match="there is no admin"):
        await desk.user(None)
