"""People who share applications: what may happen among them, a step at a time, and what has to be true after each."""

from __future__ import annotations

from asyncio import gather
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Literal

from carillon.core.errors import Conflict
from carillon.core.models import Image, InboxItem, User
from carillon.core.ports import ApplicationChange, Publication, Sender, Store
from carillon.storage.session import FAR
from tests.builders import DAY, NOON, SECOND, message
from tests.contracts.stores import Offline, add_application, add_user, count_rows

# What a step is, by name; then three numbers of which it makes what it likes.
Step = tuple[str, int, int, int]

PEOPLE, GROUPS = 3, 2
KEYS = ("a0", "a1", "a5", "Zz", "~", "~1", "~2", "~1~", "zz")  # some as the store itself gives
NOBODY = 10**6

Relation = Literal["owner", "member", "receiver"]


class Village:
    """Knows who should be reached by what, and who should hold which message."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.people: list[User] = []
        self._now = NOON
        self._count = 0
        self._owners: dict[int, int] = {}  # of living applications
        self._applications: list[int] = []  # also the dead
        self._direct: defaultdict[int, set[int]] = defaultdict(set)  # application → users
        self._groups: dict[int, set[int]] = {}
        self._by_group: defaultdict[int, set[int]] = defaultdict(set)  # group → applications
        self._left: set[tuple[int, int]] = set()
        self._inboxes: defaultdict[int, dict[int, int]] = defaultdict(dict)  # user → message → application
        self._read: set[tuple[int, int]] = set()  # of a user a message
        self._pinned: set[tuple[int, int]] = set()
        self._stale: list[Sender] = []
        self._keyed: dict[tuple[int, str | None], int] = {}  # application and key → message
        self._devices: dict[int, Offline] = {}

    async def settle(self) -> None:
        for _ in range(PEOPLE):
            await self._new_user()
        for number in range(2):
            await self.add_application(number, 0, 0)
            await self.add_group(0, 0, 0)

    async def take(self, step: Step) -> None:
        name, *numbers = step
        self._now += SECOND
        await STEPS[name][0](self, *numbers)
        await self._look()

    async def _look(self) -> None:
        for user in self.people:
            held = self._inboxes[user.id]
            items = await self.store.page(user.id, limit=1000)
            assert {item.message.id: item.entry.application_id for item in items} == held
            self._look_at_states(user, items)
            await self._look_at_counts(user)
            listed = await self.store.subscriptions(user.id)
            assert {tie.application.id: tie.role for tie in listed} == self._relations(user.id)
            keys = [tie.sort_key for tie in listed]
            assert keys == sorted(set(keys), key=str.encode)

    def _look_at_states(self, user: User, items: list[InboxItem]) -> None:
        for item in items:
            number = item.message.id
            assert (item.entry.read is not None) is ((user.id, number) in self._read)
            assert (item.entry.pinned is not None) is ((user.id, number) in self._pinned)

    async def _look_at_counts(self, user: User) -> None:
        held = self._inboxes[user.id]
        counts = await self.store.counts(user.id)
        total = Counter(held.values())
        unread = Counter(application for one, application in held.items() if (user.id, one) not in self._read)
        assert {one.application_id: one.total for one in counts.applications} == total
        assert {one.application_id: one.unread for one in counts.applications if one.unread} == unread
        assert counts.pinned == sum((user.id, one) in self._pinned for one in held)
        notes = (await self.store.roll(user.id, since=0)).notes
        assert [note.id for note in notes] == sorted(held, reverse=True)

    async def look_closely(self, a: int, b: int, c: int) -> None:
        user = self._person(a)
        for tie in await self.store.subscriptions(user.id):
            number = tie.application.id
            assert await self.store.subscription(user.id, number) == tie
            found = await self.store.page(user.id, limit=1000, after=0, application_id=number)
            held = self._inboxes[user.id]
            assert [item.message.id for item in found] == sorted(one for one in held if held[one] == number)
        assert await self.store.check() == []

    async def go_away(self) -> None:
        """Everybody deletes and leaves all; after a month nothing is left of it."""
        for user in self.people:
            for tie in await self.store.subscriptions(user.id):
                if tie.role == "owner":
                    assert await self.store.delete_application(tie.application.id, now=self._now)
                else:
                    assert await self.store.leave(user.id, tie.application.id, now=self._now)
            self._inboxes[user.id].clear()
            assert await self.store.subscriptions(user.id) == []
            device = self._devices[user.id]
            await device.catch_up(self.store, limit=3)
            assert not device.messages
        self._now += 31 * DAY
        await self._keep_house(1000)
        for table in ("messages", "entries", "subscriptions", "applications", "tokens", "images", "group_applications"):
            assert (table, await count_rows(self.store, table)) == (table, 0)
        assert await self.store.check() == []

    # Steps

    async def add_application(self, a: int, b: int, c: int) -> None:
        owner = self._person(a)
        application = await add_application(self.store, owner, f"of {owner.name}")
        self._owners[application.id] = owner.id
        self._applications.append(application.id)

    async def delete_application(self, a: int, b: int, c: int) -> None:
        number = self._application(a)
        assert await self.store.delete_application(number, now=self._now) is (number in self._owners)
        self._gone(number)

    async def share(self, a: int, b: int, c: int) -> None:
        number, user_id = self._application(a), self._person(b).id if c % 8 else NOBODY
        there = number in self._owners and user_id != NOBODY
        assert await self.store.share(number, user_id=user_id) is there
        if there:
            self._left.discard((user_id, number))
            if user_id != self._owners[number]:
                self._direct[number].add(user_id)

    async def unshare(self, a: int, b: int, c: int) -> None:
        number, user_id = self._application(a), self._person(b).id
        there = user_id in self._direct[number]
        assert await self.store.unshare(number, user_id=user_id, now=self._now) is there
        self._direct[number].discard(user_id)

    async def share_with_group(self, a: int, b: int, c: int) -> None:
        number, group = self._application(a), self._group(b)
        there = number in self._owners and group in self._groups
        assert await self.store.share(number, group_id=group) is there
        if there and number not in self._by_group[group]:
            self._by_group[group].add(number)
            self._left -= {(user_id, number) for user_id in self._groups[group]}

    async def unshare_with_group(self, a: int, b: int, c: int) -> None:
        number, group = self._application(a), self._group(b)
        there = number in self._by_group[group]
        assert await self.store.unshare(number, group_id=group, now=self._now) is there
        self._by_group[group].discard(number)

    async def leave(self, a: int, b: int, c: int) -> None:
        user_id, number = self._person(a).id, self._application(b)
        relation = self._relations(user_id).get(number)
        if relation == "owner":
            return
        assert await self.store.leave(user_id, number, now=self._now) is (relation is not None)
        self._forget_messages(user_id, number)
        if relation == "member":
            self._direct[number].discard(user_id)
            self._left.add((user_id, number))

    async def add_group(self, a: int, b: int, c: int) -> None:
        if len(self._groups) == GROUPS:
            return
        self._count += 1
        group = await self.store.add_group(f"group {self._count}", now=self._now)
        self._groups[group.id] = set()

    async def delete_group(self, a: int, b: int, c: int) -> None:
        group = self._group(a)
        assert await self.store.delete_group(group, now=self._now) is (group in self._groups)
        self._groups.pop(group, None)
        self._by_group.pop(group, None)

    async def add_member(self, a: int, b: int, c: int) -> None:
        group, user_id = self._group(a), self._person(b).id
        assert await self.store.add_member(group, user_id) is (group in self._groups)
        members = self._groups.get(group)
        if members is not None and user_id not in members:
            members.add(user_id)
            self._left -= {(user_id, number) for number in self._by_group[group]}

    async def remove_member(self, a: int, b: int, c: int) -> None:
        group, user_id = self._group(a), self._person(b).id
        members = self._groups.get(group, set())
        assert await self.store.remove_member(group, user_id, now=self._now) is (user_id in members)
        members.discard(user_id)

    async def send(self, a: int, b: int, c: int) -> None:
        sender = await self.store.sender(self._application(a))
        number = self._application(a)
        assert (sender is None) is (number not in self._owners)
        if sender:
            assert sender.receivers == tuple(sorted(self._reached(number)))
            assert sender.owner_id == self._owners[number]
            self._stale.append(sender)
            await self._publish(sender, key="k" if c % 4 == 0 else None)

    async def send_late(self, a: int, b: int, c: int) -> None:
        """Whoever asked whom to send to has not heard of the last changes."""
        if self._stale:
            await self._publish(self._stale[a % len(self._stale)])

    async def clear(self, a: int, b: int, c: int) -> None:
        user_id, number = self._person(a).id, self._application(b) if c % 2 else None
        await self.store.clear(user_id, number, now=self._now)
        self._forget_messages(user_id, number)

    async def clear_up_to(self, a: int, b: int, c: int) -> None:
        """By the id of a message, while the next ones come."""
        user_id, number = self._person(a).id, self._application(b) if c % 2 else None
        held = self._inboxes[user_id]
        up_to = sorted(held)[c % len(held)] if held else 0
        await gather(
            self.store.clear(user_id, number, now=self._now, up_to=up_to),
            *[self._publish(sender) for sender in self._stale[-2:]],
        )
        self._forget_messages(user_id, number, up_to=up_to)

    async def clear_older(self, a: int, b: int, c: int) -> None:
        """By the time of a message."""
        user_id, number = self._person(a).id, self._application(b) if c % 2 else None
        items = await self.store.page(user_id, limit=1000, after=0)
        moment = items[c % len(items)].message.created if items else self._now
        marks = await self.store.older(user_id, number, older_than=moment)
        await self.store.clear_to(user_id, marks, now=self._now)
        older = [item.message.id for item in items if item.message.created < moment]
        self._forget_messages(user_id, number, up_to=max(older, default=0))

    async def pin(self, a: int, b: int, c: int) -> None:
        user_id, wanted = self._person(a).id, set(sorted(self._inboxes[self._person(a).id])[b % 3 :: 3])
        assert set(await self.store.mark(user_id, list(wanted), pinned=self._now if c % 3 else 0)) == wanted
        pairs = {(user_id, one) for one in wanted}
        self._pinned = self._pinned | pairs if c % 3 else self._pinned - pairs

    async def read_up_to(self, a: int, b: int, c: int) -> None:
        """All of it, in slices."""
        user_id, number = self._person(a).id, self._application(b) if c % 2 else None
        held = self._inboxes[user_id]
        up_to = sorted(held)[c % len(held)] if held else 0
        wanted = {(user_id, one) for one in held if one <= up_to and number in (None, held[one])}
        limit, done = 1 + b % 4, 0
        while marked := await self.store.read_up_to(user_id, up_to, application_id=number, now=self._now, limit=limit):
            done += marked
        assert done == len(wanted - self._read)
        self._read |= wanted

    async def delete_messages(self, a: int, b: int, c: int) -> None:
        user_id = self._person(a).id
        held = self._inboxes[user_id]
        gone = sorted(held)[b % 3 :: 3]
        assert await self.store.delete_entries(user_id, gone, now=self._now) == gone
        for number in gone:
            del held[number]

    async def sort(self, a: int, b: int, c: int) -> None:
        user_id, number = self._person(a).id, self._application(b)
        if self._relations(user_id).get(number) in ("owner", "member"):
            try:
                tie = await self.store.update_application(
                    user_id, number, change=ApplicationChange(sort_key=KEYS[c % len(KEYS)])
                )
            except Conflict:
                return
            assert tie
            assert (tie.application.id, tie.sort_key) == (number, KEYS[c % len(KEYS)])

    async def order(self, a: int, b: int, c: int) -> None:
        """Some of them backwards; what has been left stays behind."""
        user_id = self._person(a).id
        listed = [tie.application.id for tie in await self.store.subscriptions(user_id)]
        wanted = listed[b % 3 :: 1 + c % 2][::-1]
        assert await self.store.order_applications(user_id, [*wanted, NOBODY]) is False
        assert [tie.application.id for tie in await self.store.subscriptions(user_id)] == listed
        assert await self.store.order_applications(user_id, wanted)
        relations = self._relations(user_id)
        asked = [*wanted, *(number for number in listed if number not in wanted)]
        living = [number for number in asked if relations[number] != "receiver"]
        left = [number for number in listed if number not in living]
        assert [tie.application.id for tie in await self.store.subscriptions(user_id)] == living + left

    async def set_image(self, a: int, b: int, c: int) -> None:
        number = self._application(a)
        self._count += 1
        image = Image(f"{self._count}.png", "image/png", b"png") if c % 3 else None
        assert await self.store.set_image(number, image) is (number in self._owners)

    async def replace_user(self, a: int, b: int, c: int) -> None:
        user = self._person(a)
        assert await self.store.delete_user(user.id, now=self._now)
        self.people.remove(user)
        for number in [number for number, owner in self._owners.items() if owner == user.id]:
            self._gone(number)
        for users in (*self._direct.values(), *self._groups.values()):
            users.discard(user.id)
        del self._devices[user.id]
        await self._new_user()

    async def catch_up(self, a: int, b: int, c: int) -> None:
        user = self._person(a)
        device = self._devices[user.id]
        await device.catch_up(self.store, limit=1 + b % 5)
        assert await device.is_right(self.store)

    async def keep_house(self, a: int, b: int, c: int) -> None:
        self._now += (a % 40) * DAY
        await self._keep_house(1 + b % 20)

    # What follows from them

    async def _keep_house(self, limit: int) -> None:
        self._stale.clear()  # nobody takes a month to send
        while await self.store.sweep(limit):
            pass
        while await self.store.forget(tombstones_before=self._now - 30 * DAY, now=self._now, limit=limit):
            pass

    async def _new_user(self) -> None:
        self._count += 1
        user = await add_user(self.store, f"user {self._count}")
        self.people.append(user)
        self._devices[user.id] = Offline(user)

    async def _publish(self, sender: Sender, key: str | None = None) -> None:
        self._count += 1
        number = sender.application.id
        new = message(id=0, public_id=f"{self._count:012}", application_id=number, key=key, created=self._now)
        sent = await self.store.publish(Publication(new, sender.receivers))
        replaced = self._keyed.get((number, key), 0)
        for held in self._inboxes.values():
            held.pop(replaced, None)
        self._keyed[number, key] = sent.id if key else 0
        for user in self.people:
            if user.id in sender.receivers:
                self._inboxes[user.id][sent.id] = number

    def _gone(self, number: int) -> None:
        owner = self._owners.pop(number, None)
        if owner is not None:
            self._forget_messages(owner, number)
        self._direct[number].clear()
        for shared in self._by_group.values():
            shared.discard(number)

    def _forget_messages(self, user_id: int, number: int | None, *, up_to: int = FAR) -> None:
        held = self._inboxes[user_id]
        for one in [one for one in held if number in (None, held[one]) and one <= up_to]:
            del held[one]

    def _reached(self, number: int) -> set[int]:
        if number not in self._owners:
            return set()
        reached = set(self._direct[number])
        for group, shared in self._by_group.items():
            if number in shared:
                reached |= self._groups[group]
        return {user_id for user_id in reached if (user_id, number) not in self._left} | {self._owners[number]}

    def _relations(self, user_id: int) -> dict[int, Relation]:
        """What is listed for a user, and as whose."""
        found: dict[int, Relation] = dict.fromkeys(self._inboxes[user_id].values(), "receiver")
        for number in self._applications:
            if user_id in self._reached(number):
                found[number] = "owner" if self._owners[number] == user_id else "member"
        return found

    def _person(self, number: int) -> User:
        return self.people[number % len(self.people)]

    def _application(self, number: int) -> int:
        """One of the last, so that much happens to it."""
        return self._applications[-1 - number % min(2, len(self._applications))]

    def _group(self, number: int) -> int:
        """Now and then one that is not there."""
        return [*self._groups, NOBODY][number % (len(self._groups) + 1)]


# With how often they are taken.
STEPS: dict[str, tuple[Callable[[Village, int, int, int], Awaitable[None]], int]] = {
    step.__name__: (step, often)
    for step, often in (
        (Village.add_application, 1),
        (Village.delete_application, 1),
        (Village.share, 6),
        (Village.unshare, 4),
        (Village.share_with_group, 6),
        (Village.unshare_with_group, 3),
        (Village.leave, 3),
        (Village.add_group, 3),
        (Village.delete_group, 2),
        (Village.add_member, 6),
        (Village.remove_member, 3),
        (Village.send, 6),
        (Village.send_late, 1),
        (Village.clear, 2),
        (Village.clear_up_to, 2),
        (Village.clear_older, 1),
        (Village.pin, 2),
        (Village.read_up_to, 2),
        (Village.delete_messages, 1),
        (Village.sort, 2),
        (Village.order, 1),
        (Village.set_image, 1),
        (Village.replace_user, 1),
        (Village.catch_up, 3),
        (Village.keep_house, 2),
        (Village.look_closely, 2),
    )
}
NAMES = [name for name, (_, often) in STEPS.items() for _ in range(often)]
