"""Another server moves in."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from msgspec import Raw, structs

from carillon.core.foreign import (
    Adopted,
    Arrivals,
    ForeignApplication,
    ForeignDevice,
    ForeignToken,
    ForeignUser,
    Mark,
    Prospect,
    Settled,
    Tops,
)
from carillon.core.models import Image, Message
from carillon.core.ports import Store
from tests.builders import HOUR, NOON, SECOND, message
from tests.contracts.stores import Home, Offline, add_application, add_user, new_device, send, titles

TOPS = Tops(user=9, application=8, device=7, message=50)
LATER = NOON + HOUR


def token(name: str, **fields: Any) -> ForeignToken:
    return ForeignToken(digest=sha256(name.encode()).digest(), **fields)


def foreign_user(number: int, name: str, **fields: Any) -> ForeignUser:
    return structs.replace(ForeignUser(id=number, name=name, password_hash="theirs", admin=False), **fields)


def foreign_application(number: int, user_id: int, **fields: Any) -> ForeignApplication:
    usual = ForeignApplication(
        id=number,
        user_id=user_id,
        token=token(f"A{number}"),
        name=f"application {number}",
        description="d",
        default_priority=4,
        content_type="text/plain",
    )
    return structs.replace(usual, **fields)


def foreign_device(number: int, user_id: int, **fields: Any) -> ForeignDevice:
    return structs.replace(
        ForeignDevice(id=number, user_id=user_id, token=token(f"C{number}"), name=f"client {number}"), **fields
    )


def foreign_message(number: int, application_id: int = 2, **fields: Any) -> Message:
    usual = message(
        id=number,
        public_id=f"m{number:011}",
        application_id=application_id,
        title=f"{number}",
        created=number * SECOND,
    )
    return structs.replace(usual, **fields)


class Guests:
    """What a server has, and its way in."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.users = [foreign_user(1, "admin", admin=True), foreign_user(4, "eve")]
        self.applications = [foreign_application(2, 1), foreign_application(5, 4)]
        self.devices = [foreign_device(3, 1), foreign_device(6, 4)]
        self.messages = [foreign_message(number, 2 if number % 20 else 5) for number in range(10, 51, 10)]
        self.tops = TOPS
        self.origin = 0

    @property
    def arrivals(self) -> Arrivals:
        marks = [Mark("user", each.id, each.name) for each in self.users]
        marks += [Mark("application", each.id, each.token.digest.hex()) for each in self.applications]
        marks += [Mark("device", each.id, each.token.digest.hex()) for each in self.devices]
        return Arrivals(marks, self.tops)

    async def begin(self) -> Prospect:
        prospect = await self.store.begin_adoption(self.arrivals)
        self.origin = prospect.origin_id or 0
        return prospect

    async def people(self) -> list[Adopted]:
        fates = await self.store.adopt_users(self.origin, self.users, now=LATER)
        fates += await self.store.adopt_applications(self.origin, self.applications, now=LATER)
        return fates + await self.store.adopt_devices(self.origin, self.devices, now=LATER)

    async def send(self) -> Settled:
        return await self.store.adopt_messages(self.origin, self.messages, now=LATER)

    async def move(self) -> Settled:
        await self.begin()
        await self.people()
        settled = await self.send()
        for final in (False, True):
            await self.store.end_adoption(self.origin, self.tops, final=final)
        return settled


@pytest.fixture
async def fresh(store: Store) -> Store:
    """As the first start leaves it."""
    await add_user(store, "admin", admin=True, password_hash="published", initial_password=True)
    return store


def told_by(fates: list[Adopted]) -> list[tuple[str, int, str, int | None]]:
    return [(fate.kind, fate.id, fate.fate, fate.own_id) for fate in fates]


async def test_into_an_unused_installation_all_keep_their_ids(fresh: Store, home: Home) -> None:
    guests = Guests(fresh)
    foreseen = await fresh.prospect(guests.arrivals)
    assert (foreseen.keeps_ids, foreseen.origin_id, foreseen.reached) == (True, None, 0)
    assert {fate.fate for fate in foreseen.fates} == {"new"}
    begun = await guests.begin()
    assert begun.keeps_ids
    assert begun.origin_id is not None
    assert told_by(await guests.people()) == [
        ("user", 1, "new", 1),
        ("user", 4, "new", 4),
        ("application", 2, "new", 2),
        ("application", 5, "new", 5),
        ("device", 3, "new", 3),
        ("device", 6, "new", 6),
    ]
    assert await guests.send() == Settled(stored=5)
    admin, eve = await fresh.users()
    assert (admin.id, admin.name, admin.password_hash, admin.admin) == (1, "admin", "theirs", True)
    assert (eve.id, eve.admin, eve.initial_password, eve.created) == (4, False, False, LATER)
    assert [item.message.id for item in await fresh.page(1, limit=9)] == [50, 30, 10]
    assert [item.message.id for item in await fresh.page(4, limit=9)] == [40, 20]
    (newest, *_) = await fresh.page(1, limit=9)
    assert (newest.entry.read, newest.message.created) == (LATER, 50 * SECOND)
    assert home.told == []
    assert await fresh.check() == []


async def test_all_that_they_had(fresh: Store) -> None:
    guests = Guests(fresh)
    guests.users[1] = foreign_user(4, "eve", created=5, password_hash="")
    guests.applications = [
        foreign_application(
            2,
            1,
            token=token("A2", sealed=b"sealed"),
            sort_key="a5",
            created=NOON,
            last_used=NOON + 1,
            image=Image("name.png", "image/png", b"picture"),
        )
    ]
    guests.devices = [foreign_device(3, 4, created=NOON, last_used=NOON + 2, expires_after=60, elevated_until=NOON + 3)]
    guests.messages = [foreign_message(10, extras=Raw(b'{"a": 1}'), content_type="text/markdown", priority=7, level=7)]
    await guests.move()
    assert (await fresh.users())[1].created == 5
    (tie,) = await fresh.subscriptions(1)
    assert (tie.role, tie.sort_key) == ("owner", "a5")
    application = tie.application
    assert (application.name, application.description, application.default_priority) == ("application 2", "d", 4)
    assert (application.created, application.last_used) == (NOON, NOON + 1)
    assert (application.content_type, application.image) == ("text/plain", "name.png")
    assert await fresh.image("name.png") == Image("name.png", "image/png", b"picture")
    assert await fresh.sealed_tokens("application", [2]) == {2: b"sealed"}
    (device,) = await fresh.devices(4)
    assert (device.name, device.created, device.last_used) == ("client 3", NOON, NOON + 2)
    assert (device.kind, device.expires_after, device.elevated_until) == ("device", 60, NOON + 3)
    (item,) = await fresh.page(1, limit=9)
    assert (item.message.content_type, item.message.priority, item.message.level) == ("text/markdown", 7, 7)
    assert bytes(item.message.extras or b"") == b'{"a": 1}'
    bearer = await fresh.bearer(token("A2").digest)
    assert bearer
    assert bearer.sender
    assert bearer.sender.receivers == (1,)
    bearer = await fresh.bearer(token("C3").digest)
    assert bearer
    assert bearer.user
    assert bearer.user.name == "eve"


async def test_the_counters_go_on_above(fresh: Store) -> None:
    await Guests(fresh).move()
    bob = await add_user(fresh, "bob")
    assert bob.id == 11  # the first admin had 10 for a while
    application = await add_application(fresh, bob)
    device = await fresh.add_device(new_device(bob))
    assert (application.id, device.id) == (9, 8)
    assert (await send(fresh, application, bob)).id == 51
    assert await fresh.check() == []


async def test_nothing_gets_an_id_that_is_set_aside(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.begin()
    bob = await add_user(fresh, "bob")
    application = await add_application(fresh, bob)
    sent = await send(fresh, application, bob)
    assert (bob.id, application.id, sent.id) == (11, 9, 51)
    await guests.people()
    assert (await guests.send()).stored == 5
    assert [item.message.id for item in await fresh.page(1, limit=9)] == [50, 30, 10]
    assert [user.id for user in await fresh.users()] == [1, 4, 11]


async def test_the_first_admin_of_another_name_stays(fresh: Store) -> None:
    guests = Guests(fresh)
    guests.users[0] = foreign_user(1, "root", admin=True)
    await guests.move()
    assert [(user.id, user.name, user.password_hash) for user in await fresh.users()] == [
        (1, "root", "theirs"),
        (4, "eve", "theirs"),
        (10, "admin", "published"),
    ]


async def test_a_password_that_was_set_here_stays(store: Store) -> None:
    await add_user(store, "admin", admin=True, password_hash="set", initial_password=False)
    guests = Guests(store)
    guests.users[0] = foreign_user(1, "admin")
    begun = await guests.begin()
    assert told_by(begun.fates)[0] == ("user", 1, "joined", 10)
    assert told_by(await guests.people())[0] == ("user", 1, "joined", 1)
    (admin, _) = await store.users()
    assert (admin.id, admin.password_hash, admin.admin) == (1, "set", True)


async def test_the_published_password_is_known_as_such(fresh: Store) -> None:
    guests = Guests(fresh)
    guests.users[0] = foreign_user(1, "admin", published_password=True)
    await guests.move()
    assert [user.initial_password for user in await fresh.users()] == [True, False]
    assert (await fresh.users())[0].admin


async def test_without_a_password_there_the_one_here_stays(fresh: Store) -> None:
    guests = Guests(fresh)
    guests.users[0] = foreign_user(1, "admin", password_hash="")
    await guests.move()
    (admin, _) = await fresh.users()
    assert (admin.password_hash, admin.initial_password) == ("published", True)


async def test_into_an_installation_in_use_ids_are_new(store: Store, home: Home) -> None:
    ada = await add_user(store, "ada", admin=True)
    eve = await add_user(store, "eve", password_hash="set here")
    own = await add_application(store, eve, sort_key="a1")
    await send(store, own, eve, title="mine")
    home.told.clear()
    guests = Guests(store)
    guests.applications[1] = foreign_application(5, 4, sort_key="a1")
    foreseen = await store.prospect(guests.arrivals)
    assert not foreseen.keeps_ids
    assert told_by(foreseen.fates)[:2] == [("user", 1, "new", None), ("user", 4, "joined", eve.id)]
    assert await guests.move() == Settled(stored=5)
    assert [(user.id, user.name, user.password_hash) for user in await store.users()] == [
        (ada.id, "ada", "hash"),
        (eve.id, "eve", "set here"),
        (3, "admin", "theirs"),
    ]
    assert [(tie.application.name, tie.sort_key) for tie in await store.subscriptions(eve.id)] == [
        ("Backup", "a1"),
        ("application 5", "a2"),
    ]
    assert [(item.message.id, item.message.title) for item in await store.page(eve.id, limit=9)] == [
        (5, "40"),
        (3, "20"),
        (1, "mine"),
    ]
    assert await titles(store, (await store.users())[2]) == ["50", "30", "10"]
    assert home.told == []
    assert (await send(store, own, eve)).id == 51  # above what their clients have seen
    assert await store.check() == []


@pytest.mark.parametrize("used", [False, True])
async def test_twice_is_once(fresh: Store, used: bool) -> None:
    if used:
        ada = await add_user(fresh, "ada")
        await send(fresh, await add_application(fresh, ada), ada)
    guests = Guests(fresh)
    await guests.move()
    before = [await fresh.page(user.id, limit=99) for user in await fresh.users()]
    begun = await guests.begin()
    assert begun.reached == 50
    assert begun.keeps_ids is not used
    assert {fate.fate for fate in begun.fates} == {fate.fate for fate in await guests.people()} == {"known"}
    assert await guests.send() == Settled(known=5)
    assert await fresh.end_adoption(guests.origin, guests.tops, final=True) == []
    assert [await fresh.page(user.id, limit=99) for user in await fresh.users()] == before
    assert len(await fresh.tokens()) == (5 if used else 4)
    assert await fresh.check() == []


async def test_what_is_new_there_comes_later(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.move()
    guests.applications.append(foreign_application(9, 4))
    guests.messages.append(foreign_message(55, 9))
    guests.tops = structs.replace(TOPS, application=9, message=55)
    assert await guests.move() == Settled(stored=1, known=5)
    assert [item.message.id for item in await fresh.page(4, limit=9)] == [55, 40, 20]


async def test_what_is_new_there_has_new_ids_if_theirs_may_be_taken(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.move()
    application = (await fresh.subscriptions(1))[0].application
    admin = (await fresh.users())[0]
    assert (await send(fresh, application, admin, title="own")).id == 51
    guests.messages.append(foreign_message(51))
    guests.tops = structs.replace(TOPS, message=51)
    assert await guests.move() == Settled(stored=1, known=5)
    assert [(item.message.id, item.message.title) for item in await fresh.page(1, limit=2)] == [(52, "51"), (51, "own")]


async def test_what_was_cut_short_goes_on(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.begin()
    await fresh.adopt_users(guests.origin, guests.users, now=LATER)
    await fresh.adopt_applications(guests.origin, guests.applications[:1], now=LATER)
    await fresh.adopt_messages(guests.origin, guests.messages[:1], now=LATER)
    again = Guests(fresh)
    assert await again.move() == Settled(stored=4, known=1)
    assert again.origin == guests.origin
    assert [item.message.id for item in await fresh.page(1, limit=9)] == [50, 30, 10]
    assert [item.message.id for item in await fresh.page(4, limit=9)] == [40, 20]
    assert await fresh.check() == []


async def test_what_was_deleted_here_does_not_come_back(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.move()
    await fresh.delete_entries(1, [30], now=LATER)
    await fresh.delete_application(5, now=LATER)
    await fresh.delete_device(1, 3)
    guests.messages += [foreign_message(60), foreign_message(61, 5)]
    begun = await guests.begin()
    fates = {(fate.kind, fate.id): fate.fate for fate in begun.fates}
    assert fates["application", 5] == fates["device", 3] == "gone"
    await guests.people()
    assert await guests.send() == Settled(stored=1, known=5, homeless=1)
    assert [item.message.title for item in await fresh.page(1, limit=9)] == ["60", "50", "10"]
    assert await fresh.devices(1) == []
    assert await fresh.bearer(token("A5").digest) is None


async def test_a_token_that_was_revoked_stays_so(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.move()
    bearer = await fresh.bearer(token("A2").digest)
    assert bearer
    await fresh.delete_token(bearer.token.id)
    await guests.move()
    assert await fresh.bearer(token("A2").digest) is None
    guests.applications[0] = foreign_application(2, 1, token=token("A2 anew"))
    await guests.move()
    bearer = await fresh.bearer(token("A2 anew").digest)
    assert bearer
    assert bearer.sender
    assert bearer.sender.application.id == 2


async def test_a_picture_that_was_missing_comes_later(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.move()
    for name in ("first", "second"):
        guests.applications[0] = foreign_application(2, 1, image=Image(name, "image/png", b"picture"))
        await guests.move()
        assert (await fresh.subscriptions(1))[0].application.image == "first", "what is there stays"
    assert await fresh.image("second") is None
    await fresh.delete_application(2, now=LATER)
    await guests.move()
    assert await fresh.subscriptions(1) == []


async def test_two_whose_names_are_the_same_here_are_one(fresh: Store) -> None:
    """As bytes that are no text have become one and the same."""
    guests = Guests(fresh)
    guests.users.insert(1, foreign_user(3, "eve", password_hash="first"))
    guests.applications.append(foreign_application(8, 3))
    await guests.begin()
    assert told_by(await guests.people())[:3] == [
        ("user", 1, "new", 1),
        ("user", 3, "new", 3),
        ("user", 4, "joined", 3),
    ]
    assert [(user.id, user.password_hash) for user in await fresh.users()] == [(1, "theirs"), (3, "first")]
    assert [tie.application.id for tie in await fresh.subscriptions(3)] == [5, 8]
    assert {fate.fate for fate in (await guests.begin()).fates} == {"known"}
    assert await fresh.check() == []


async def test_users_that_are_gone(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.move()
    await fresh.delete_user(4, now=LATER)
    guests.applications.append(foreign_application(8, 4))
    guests.applications.append(foreign_application(9, 77))
    begun = await guests.begin()
    assert told_by(begun.fates)[1] == ("user", 4, "gone", 4)
    *_, eighth, ninth, _, _ = await guests.people()
    assert (eighth.fate, eighth.why, ninth.fate) == ("refused", "its user is not here", "refused")


async def test_tokens_that_are_here_already(store: Store) -> None:
    ada = await add_user(store, "ada")
    own = await add_application(store, ada, token_digest=token("A2").digest)
    await store.add_device(new_device(ada, token_digest=token("A5").digest))
    guests = Guests(store)
    begun = await guests.begin()
    assert told_by(begun.fates)[2] == ("application", 2, "joined", own.id)
    *_, joined, refused, _, _ = await guests.people()
    assert (joined.fate, joined.own_id) == ("joined", own.id)
    assert (refused.fate, refused.why) == ("refused", "its token is in use here, of another kind (device)")
    assert await guests.send() == Settled(stored=3, homeless=2)
    assert await titles(store, ada) == ["50", "30", "10"]


async def test_two_servers(fresh: Store) -> None:
    await Guests(fresh).move()
    others = Guests(fresh)
    others.applications = [foreign_application(2, 1, token=token("other A2"))]
    others.devices = []
    others.messages = [foreign_message(10, public_id="other")]
    assert await others.move() == Settled(stored=1)
    assert [tie.application.id for tie in await fresh.subscriptions(1)] == [2, 9]
    assert [item.message.id for item in await fresh.page(1, limit=9)] == [51, 50, 30, 10]


async def test_what_was_cleared_meanwhile(fresh: Store) -> None:
    guests = Guests(fresh)
    await guests.begin()
    await guests.people()
    await fresh.clear(1, None, now=LATER)
    assert await guests.send() == Settled(stored=2, cleared=3)
    assert await fresh.page(1, limit=9) == []
    assert await fresh.check() == []


async def test_devices_that_follow_the_changes_look_anew(store: Store) -> None:
    eve = await add_user(store, "eve")
    own = await add_application(store, eve)
    await send(store, own, eve, title="own")
    device = Offline(eve)
    await device.catch_up(store)
    guests = Guests(store)
    await guests.begin()
    await guests.people()
    await guests.send()
    await send(store, own, eve, title="live")
    device.cursor = (await store.changes(eve.id, after=2**63 - 1, limit=1)).cursor  # told of the last one only
    assert await store.end_adoption(guests.origin, guests.tops, final=False) == [eve.id, eve.id + 1]
    await send(store, own, eve, title="live too")
    assert await store.end_adoption(guests.origin, guests.tops, final=True) == [eve.id, eve.id + 1]
    await device.catch_up(store)
    assert device.holes == 1
    assert await device.is_right(store)
    assert len(device.messages) == 5
    newest = (await store.changes(eve.id, after=2**63 - 1, limit=1)).cursor
    assert not (await store.changes(eve.id, after=newest, limit=1)).hole


async def test_an_empty_server(fresh: Store) -> None:
    guests = Guests(fresh)
    guests.users, guests.applications, guests.devices, guests.messages = [], [], [], []
    guests.tops = Tops()
    assert await guests.move() == Settled()
    assert [user.name for user in await fresh.users()] == ["admin"]
