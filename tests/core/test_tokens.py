from __future__ import annotations

import re
from pathlib import Path

import pytest

from carillon.core.errors import BadInput, NotFound, TooMany, Unauthenticated
from carillon.core.limits import Limits
from carillon.core.secrets import Vault
from carillon.core.tokens import LONG, SHORT, Minting
from tests.builders import LOCAL, NOON, SECOND, House, Stream, opened

NAME = Limits().name


async def test_one_more_token_acts_as_the_same_and_ends_alone(house: House) -> None:
    ada = await house.user()
    sender, first = await house.sender(ada)
    token, second = await house.accounts.tokens.add("application", sender.application.id)
    assert (await house.access.sender(second, LOCAL)).application.id == sender.application.id
    await house.accounts.tokens.revoke(token.id)
    with pytest.raises(Unauthenticated):
        await house.access.sender(second, LOCAL)
    assert (await house.access.sender(first, LOCAL)).application.id == sender.application.id


@pytest.mark.parametrize("kind", ["application", "device"])
async def test_a_token_for_nothing_is_not_made(house: House, kind: str) -> None:
    await house.user()
    with pytest.raises(NotFound):
        await house.accounts.tokens.add(kind, 99)  # type: ignore[arg-type]  # one of the two, by case
    assert await house.accounts.tokens.all() == []


async def test_the_list_of_tokens_names_what_they_act_as(house: House) -> None:
    ada = await house.user()
    await house.sender(ada)
    await house.accounts.devices.add(ada.id, "phone")
    assert [(info.token.kind, info.subject, info.user) for info in await house.accounts.tokens.all()] == [
        ("application", "Backup", "ada"),
        ("device", "phone", "ada"),
    ]


async def test_revoking_a_devices_token_ends_its_streams_only(house: House) -> None:
    ada = await house.user()
    phone, key = await house.accounts.devices.add(ada.id, "phone")
    desk, _ = await house.accounts.devices.add(ada.id, "desk")
    streams = {device.id: Stream(device.id) for device in (phone, desk)}
    for stream in streams.values():
        house.hub.join(ada.id, stream)
    token = next(info.token for info in await house.accounts.tokens.all() if info.subject == "phone")
    await house.accounts.tokens.revoke(token.id)
    assert (streams[phone.id].ended, streams[desk.id].ended) == ([1008], [])
    with pytest.raises(Unauthenticated):
        await house.access.device(key, LOCAL)


async def test_a_token_that_does_not_exist_cannot_be_revoked(house: House) -> None:
    with pytest.raises(NotFound, match=r"^there is no token 99$"):
        await house.accounts.tokens.revoke(99)


@pytest.mark.parametrize(
    ("length", "application", "device"),
    [(SHORT, r"A\w{14}", r"C\w{14}"), (LONG, r"gtfya\.[\w-]{43}", r"gtfyc\.[\w-]{43}")],
)
async def test_tokens_have_the_shape_of_the_gotify_that_clients_know(
    tmp_path: Path, length: int, application: str, device: str
) -> None:
    async with opened(tmp_path, minting=Minting(length)) as house:
        ada = await house.user()
        _, secret = await house.sender(ada)
        _, key = await house.accounts.devices.add(ada.id, "phone")
        assert re.fullmatch(application, secret)
        assert re.fullmatch(device, key)
        assert len(secret) == len(key) == length
        assert (await house.access.sender(secret, LOCAL)).receivers == (ada.id,)
        assert (await house.access.device(key, LOCAL)).user.id == ada.id


def begin_anew(house: House) -> None:
    """Ids count from the first again after a restart, and no two tokens may be the same."""
    for _ in range(100):
        house.ids.secret(1)


async def test_lists_show_what_was_made_while_they_do(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        ada = await house.user()
        hidden, _ = await house.sender(ada, "hidden")
        assert await house.accounts.tokens.revealed("application", [hidden.application.id]) == {}
    minting = Minting(vault=Vault(bytes(32)))
    async with opened(tmp_path, minting=minting) as house:
        begin_anew(house)
        shown, first = await house.sender(ada, "shown")
        device, key = await house.accounts.devices.add(ada.id, "phone")
        ids = [hidden.application.id, shown.application.id, 99]
        tokens = house.accounts.tokens
        assert await tokens.revealed("application", ids) == {shown.application.id: first}
        assert await tokens.revealed("device", [device.id]) == {device.id: key}
        assert await tokens.revealed("device", []) == {}
        _, second = await tokens.add("application", shown.application.id)
        assert await tokens.revealed("application", ids) == {shown.application.id: second}, "the newest"
    async with opened(tmp_path) as house:
        assert await house.accounts.tokens.revealed("application", ids) == {}


async def test_what_was_sealed_with_a_lost_key_is_not_shown(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with opened(tmp_path, minting=Minting(vault=Vault(bytes(32)))) as house:
        ada = await house.user()
        old, secret = await house.sender(ada, "old")
    async with opened(tmp_path, minting=Minting(vault=Vault(b"k" * 32))) as house:
        begin_anew(house)
        new, fresh = await house.sender(ada, "new")
        ids = [old.application.id, new.application.id]
        assert await house.accounts.tokens.revealed("application", ids) == {new.application.id: fresh}
    assert "1 tokens cannot be shown: they were sealed with another key" in caplog.text
    assert secret not in caplog.text


async def test_a_token_is_named_rotated_and_removed(house: House) -> None:
    ada, tokens = await house.user(), house.accounts.tokens
    sender, first = await house.sender(ada, token_name="laptop")
    number = sender.application.id
    nas, second = await tokens.add("application", number, name="NAS")
    assert [(token.name, secret) for token, secret in await tokens.of("application", number)] == [
        ("laptop", None),
        ("NAS", None),
    ]
    assert (await tokens.rename("application", number, nas.id, name="")).name == ""
    await house.access.sender(second, LOCAL)
    await house.access.note_uses()
    house.clock.advance(SECOND)
    rotated, third = await tokens.rotate("application", number, nas.id)
    assert (rotated.id, rotated.created, rotated.last_used) == (nas.id, NOON + SECOND, None)
    with pytest.raises(Unauthenticated):
        await house.access.sender(second, LOCAL)
    assert (await house.access.sender(third, LOCAL)).application.id == number
    await tokens.remove("application", number, nas.id)
    for dead in (second, third):
        with pytest.raises(Unauthenticated):
            await house.access.sender(dead, LOCAL)
    assert (await house.access.sender(first, LOCAL)).application.id == number


async def test_a_token_of_another_is_none_of_this_applications(house: House) -> None:
    ada, tokens = await house.user(), house.accounts.tokens
    backup, _ = await house.sender(ada, "Backup")
    door, secret = await house.sender(ada, "Door")
    ((theirs, _),) = await tokens.of("application", door.application.id)
    for number in (theirs.id, 99):
        for call in (
            tokens.rename("application", backup.application.id, number, name="mine"),
            tokens.rotate("application", backup.application.id, number),
            tokens.remove("application", backup.application.id, number),
        ):
            with pytest.raises(NotFound, match="token does not exist"):
                await call
    assert await tokens.of("application", door.application.id) == [(theirs, None)]
    await house.access.sender(secret, LOCAL)


async def test_what_a_token_cannot_be(tmp_path: Path) -> None:
    async with opened(tmp_path, limits=Limits(tokens_per_application=2)) as house:
        sender, _ = await house.sender(await house.user())
        tokens, number = house.accounts.tokens, sender.application.id
        with pytest.raises(BadInput, match="name is longer"):
            await tokens.add("application", number, name="x" * (NAME + 1))
        token, _ = await tokens.add("application", number)
        with pytest.raises(BadInput, match="name must not contain a zero byte"):
            await tokens.rename("application", number, token.id, name="\0")
        with pytest.raises(TooMany, match="no more than 2 tokens"):
            await tokens.add("application", number)


async def test_a_list_shows_each_token_where_it_may(tmp_path: Path) -> None:
    async with opened(tmp_path, minting=Minting(vault=Vault(bytes(32)))) as house:
        sender, first = await house.sender(await house.user())
        number, tokens = sender.application.id, house.accounts.tokens
        second, _ = await tokens.add("application", number)
        _, third = await tokens.rotate("application", number, second.id)
        assert [secret for _, secret in await tokens.of("application", number)] == [first, third]
