from __future__ import annotations

from collections.abc import Callable

import pytest

from carillon.core.errors import BadInput, NotFound
from carillon.core.inbox import SLICES, Inbox
from carillon.core.limits import Limits
from carillon.core.models import Cleared, Count, EntryChange, User
from carillon.core.ports import Sender
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from tests.builders import HOUR, NOON, SECOND, House

SCALE = Scale("gotify")


@pytest.fixture
async def ada(house: House) -> User:
    return await house.user("ada")


@pytest.fixture
async def backup(house: House, ada: User) -> Sender:
    return (await house.sender(ada, "Backup"))[0]


def inbox_of(house: House, *, limits: Limits | None = None, cleared: Callable[[], None] = lambda: None) -> Inbox:
    return Inbox(
        store=house.store,
        clock=house.clock,
        limits=limits or Limits(),
        cleared=cleared,
        pictures=house.inbox.pictures,
    )


async def sent(house: House, sender: Sender, *bodies: str) -> list[int]:
    return [(await house.publisher.publish(sender, Draft(body=body), scale=SCALE)).id for body in bodies]


async def ids(house: House, user: User, *, before: int | None = None, application_id: int | None = None) -> list[int]:
    page = await house.inbox.page(user.id, limit=100, before=before, application_id=application_id)
    return [item.message.id for item in page]


async def test_a_page_is_newest_first_and_ends_below_a_message(house: House, ada: User, backup: Sender) -> None:
    one, two, three = await sent(house, backup, "1", "2", "3")
    assert await ids(house, ada) == [three, two, one]
    assert await ids(house, ada, before=three) == [two, one]
    assert await ids(house, ada, before=one) == []
    assert [item.message.id for item in await house.inbox.page(ada.id, limit=2)] == [three, two]


async def test_a_page_of_one_application(house: House, ada: User, backup: Sender) -> None:
    door, _ = await house.sender(ada, "Door")
    (one,) = await sent(house, backup, "1")
    (two,) = await sent(house, door, "2")
    assert await ids(house, ada, application_id=backup.application.id) == [one]
    assert await ids(house, ada, application_id=door.application.id) == [two]


async def test_what_is_anothers_is_as_what_does_not_exist(house: House, ada: User, backup: Sender) -> None:
    eve = await house.user("eve")
    (one,) = await sent(house, backup, "1")
    for user, message_id in ((eve, one), (ada, one + 1), (ada, 0), (ada, -1)):
        with pytest.raises(NotFound, match=r"^message does not exist$"):
            await house.inbox.item(user.id, message_id)
        with pytest.raises(NotFound, match=r"^message does not exist$"):
            await house.inbox.delete_one(user.id, message_id)
    for user, application_id in ((eve, backup.application.id), (ada, backup.application.id + 1)):
        with pytest.raises(NotFound, match=r"^application does not exist$"):
            await house.inbox.page(user.id, limit=1, application_id=application_id)
        with pytest.raises(NotFound, match=r"^application does not exist$"):
            await house.inbox.clear(user.id, application_id)
    assert await house.inbox.mark(eve.id, [one], read=True) == []
    assert await house.inbox.delete(eve.id, [one]) == []
    await house.inbox.clear(eve.id)
    assert await ids(house, ada) == [one]
    assert (await house.inbox.item(ada.id, one)).entry.read is None


async def test_states_are_set_with_their_time_and_unset(house: House, ada: User, backup: Sender) -> None:
    one, two = await sent(house, backup, "1", "2")
    house.clock.advance(SECOND)
    assert sorted(await house.inbox.mark(ada.id, [one, two, 99], read=True)) == [one, two]
    assert await house.inbox.mark(ada.id, [one], dismissed=True) == [one]
    entry = (await house.inbox.item(ada.id, one)).entry
    assert (entry.read, entry.dismissed) == (NOON + SECOND, NOON + SECOND)
    await house.inbox.mark(ada.id, [one], read=False)
    entry = (await house.inbox.item(ada.id, one)).entry
    assert (entry.read, entry.dismissed) == (None, NOON + SECOND)


async def test_deleted_messages_are_gone_at_once(house: House, ada: User, backup: Sender) -> None:
    one, two, three = await sent(house, backup, "1", "2", "3")
    assert sorted(await house.inbox.delete(ada.id, [one, three, 99])) == [one, three]
    assert await ids(house, ada) == [two]
    with pytest.raises(NotFound):
        await house.inbox.delete_one(ada.id, one)
    await house.inbox.delete_one(ada.id, two)
    assert await ids(house, ada) == []


async def test_ids_at_once_are_bounded(house: House, ada: User, backup: Sender) -> None:
    (one,) = await sent(house, backup, "1")
    bound = Limits().batch
    assert await house.inbox.mark(ada.id, [one, *range(1000, 1000 + bound - 1)], read=True) == [one]
    for refused in (
        house.inbox.mark(ada.id, range(bound + 1), read=False),
        house.inbox.delete(ada.id, range(bound + 1)),
    ):
        with pytest.raises(BadInput, match=f"^at most {bound} ids at once$"):
            await refused
    assert (await house.inbox.item(ada.id, one)).entry.read == NOON


async def test_clearing_takes_one_application_or_all_and_what_comes_later_stays(
    house: House, ada: User, backup: Sender
) -> None:
    door, _ = await house.sender(ada, "Door")
    await sent(house, backup, "1")
    (two,) = await sent(house, door, "2")
    await house.inbox.clear(ada.id, backup.application.id)
    assert await ids(house, ada) == [two]
    (three,) = await sent(house, backup, "3")
    await house.inbox.clear(ada.id)
    assert await ids(house, ada) == []
    (four,) = await sent(house, door, "4")
    assert await ids(house, ada) == [four]
    assert three < four


async def test_what_is_older_or_up_to_a_message_goes_alone(house: House, ada: User, backup: Sender) -> None:
    (one,) = await sent(house, backup, "1")
    house.clock.advance(SECOND)
    two, three = await sent(house, backup, "2", "3")
    await house.inbox.clear(ada.id, backup.application.id, older_than=NOON)
    assert await ids(house, ada) == [three, two, one]
    await house.inbox.clear(ada.id, older_than=NOON + SECOND)
    assert await ids(house, ada) == [three, two]
    await house.inbox.clear(ada.id, older_than=NOON + 9 * SECOND, up_to=two)
    assert await ids(house, ada) == [three]
    await house.inbox.clear(ada.id, backup.application.id, up_to=three)
    assert await ids(house, ada) == []


async def test_reading_up_to_a_message_ends_after_some_slices(house: House, ada: User, backup: Sender) -> None:
    messages = await sent(house, backup, *map(str, range(SLICES + 3)))
    inbox = inbox_of(house, limits=Limits(batch=1))
    assert await inbox.read_up_to(ada.id, messages[-2], application_id=backup.application.id) == (SLICES, True)
    assert await inbox.read_up_to(ada.id, messages[-2]) == (2, False)
    assert [item.entry.read for item in await inbox.page(ada.id, limit=2)] == [None, NOON]
    with pytest.raises(NotFound):
        await inbox.read_up_to(ada.id, messages[-1], application_id=99)


async def test_a_message_is_found_by_its_public_id(house: House, ada: User, backup: Sender) -> None:
    (one,) = await sent(house, backup, "1")
    item = await house.inbox.item(ada.id, one)
    assert await house.inbox.by_public_id(ada.id, item.message.public_id) == item
    eve = await house.user("eve")
    for user, public_id in (
        (eve, item.message.public_id),
        (ada, "nobodys"),
        (ada, ""),
        (ada, "a\0"),
        (ada, "ü"),
        (ada, 99 * "a"),
    ):
        with pytest.raises(NotFound, match=r"^message does not exist$"):
            await house.inbox.by_public_id(user.id, public_id)


async def test_a_roll_goes_back_some_hours_from_now(house: House, ada: User, backup: Sender) -> None:
    await sent(house, backup, "old")
    house.clock.advance(HOUR + 1)
    (new,) = await sent(house, backup, "new")
    roll = await house.inbox.roll(ada.id, 1)
    assert (roll.since, [note.id for note in roll.notes]) == (NOON + 1, [new])
    assert len((await house.inbox.roll(ada.id, 2)).notes) == 2
    assert (await house.inbox.counts(ada.id)).applications == [Count(backup.application.id, 2, 2)]


async def test_a_pin_is_set_and_unset(house: House, ada: User, backup: Sender) -> None:
    (one,) = await sent(house, backup, "1")
    await house.inbox.mark(ada.id, [one], pinned=True)
    assert (await house.inbox.item(ada.id, one)).entry.pinned == NOON
    await house.inbox.mark(ada.id, [one], pinned=False)
    assert (await house.inbox.item(ada.id, one)).entry.pinned is None


async def test_after_a_clearing_the_sweeper_is_called_once_it_is_stored(
    house: House, ada: User, backup: Sender
) -> None:
    called = []
    inbox = inbox_of(house, cleared=lambda: called.append("swept"))
    await inbox.clear(ada.id)
    await inbox.clear(ada.id, backup.application.id)
    assert called == ["swept"] * 2
    with pytest.raises(NotFound):
        await inbox.clear(ada.id, 99)
    assert called == ["swept"] * 2


async def test_changes_are_read_on_by_their_cursor(house: House, ada: User, backup: Sender) -> None:
    one, two = await sent(house, backup, "1", "2")
    page = await house.inbox.changes(ada.id, after=0, limit=1)
    assert [change.entry.message_id for change in page.changes if isinstance(change, EntryChange)] == [one]
    assert (page.more, page.hole) == (True, False)
    page = await house.inbox.changes(ada.id, after=page.cursor)
    assert [change.entry.message_id for change in page.changes if isinstance(change, EntryChange)] == [two]
    assert not page.more
    await house.inbox.clear(ada.id)
    page = await house.inbox.changes(ada.id, after=page.cursor)
    (cleared,) = page.changes
    assert isinstance(cleared, Cleared)
    assert (cleared.application_id, cleared.cleared_to) == (backup.application.id, two)


async def test_changes_in_one_answer_are_bounded_whatever_is_asked_for(house: House, ada: User, backup: Sender) -> None:
    await sent(house, backup, *map(str, range(5)))
    inbox = inbox_of(house, limits=Limits(changes=3))
    for limit in (None, 3, 4, 1_000_000):
        page = await inbox.changes(ada.id, after=0, limit=limit)
        assert (len(page.changes), page.more) == (3, True)


async def test_the_cursor_is_where_now_is(house: House, ada: User, backup: Sender) -> None:
    before = await house.inbox.cursor(ada.id)
    (one,) = await sent(house, backup, "1")
    await house.inbox.mark(ada.id, [one], read=True)
    cursor = await house.inbox.cursor(ada.id)
    assert cursor > before
    assert cursor == (await house.inbox.changes(ada.id, after=0)).cursor
    assert (await house.inbox.changes(ada.id, after=cursor)).changes == []
    eve = await house.user("eve")
    assert await house.inbox.cursor(eve.id) == await house.inbox.cursor(ada.id) >= cursor
