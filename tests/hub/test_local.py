from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.errors import TooMany, Unavailable
from carillon.core.models import Change, Cleared
from carillon.hub.local import SLICE, WAITING_BYTES, WAITING_PUSHES, LocalHub

USER = 7


def change(number: int, user_id: int = USER) -> Change:
    return Cleared(user_id=user_id, changed=number, application_id=1, cleared_to=number)


def plain(change: Change) -> bytes:
    return b"%d." % change.changed


def bracketed(change: Change) -> bytes:
    return b"[%d]" % change.changed


class Counting:
    """A renderer as a dialect has it, a method: how often was it called?"""

    def __init__(self) -> None:
        self.calls = 0

    def render(self, change: Change) -> bytes | None:
        self.calls += 1
        return None if change.changed == 13 else plain(change)


class Ear:
    """A listener that keeps what it hears."""

    def __init__(self, render: Callable[[Change], bytes | None] = plain, device_id: int | None = None) -> None:
        self.render = render
        self.device_id = device_id
        self.heard: list[tuple[bytes, int, int]] = []
        self.ended: list[int] = []

    def push(self, frame: bytes, first: int, last: int) -> None:
        self.heard.append((frame, first, last))

    def end(self, code: int) -> None:
        self.ended.append(code)

    @property
    def text(self) -> bytes:
        return b"".join(frame for frame, _, _ in self.heard)


def hub_of(*ears: Ear, bound: int = 100_000) -> LocalHub:
    hub = LocalHub(streams_per_user=bound)
    for ear in ears:
        hub.join(USER, ear)
    return hub


def test_a_batch_is_one_push_with_its_numbers() -> None:
    ear, other = Ear(), Ear(bracketed)
    hub = hub_of(ear, other)
    hub.announce([change(3), change(4, user_id=8), change(5)])
    assert ear.heard == [(b"3.5.", 3, 5)]
    assert other.heard == [(b"[3][5]", 3, 5)]


def test_each_user_is_told_his_own() -> None:
    hub = LocalHub(streams_per_user=1)
    ears = [Ear(), Ear()]
    for user_id, ear in enumerate(ears):
        hub.join(user_id, ear)
    hub.announce([change(1, 0), change(2, 1), change(3, 0), change(4, 2)])
    assert [ear.text for ear in ears] == [b"1.3.", b"2."]


def test_listeners_share_what_one_function_renders() -> None:
    counting = Counting()
    ears = [Ear(counting.render) for _ in range(10)]
    hub_of(*ears).announce([change(1), change(2)])
    assert counting.calls == 2
    assert all(ear.text == b"1.2." for ear in ears)
    assert ears[0].heard[0][0] is ears[9].heard[0][0]


def test_what_renders_to_nothing_is_not_pushed() -> None:
    ear = Ear(Counting().render)
    hub = hub_of(ear)
    hub.announce([change(13)])
    assert ear.heard == []
    hub.announce([change(13), change(14)])
    assert ear.heard == [(b"14.", 13, 14)]


def test_a_change_that_cannot_be_rendered_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    def broken(change: Change) -> bytes:
        if change.changed == 2:
            raise ValueError("no")
        return plain(change)

    ears = [Ear(broken), Ear()]
    hub_of(*ears).announce([change(1), change(2), change(3)])
    assert [ear.text for ear in ears] == [b"1.3.", b"1.2.3."]
    assert "change 2 of user 7" in caplog.text


def test_the_bound_is_per_user_whatever_the_form() -> None:
    ears = [Ear(), Ear(bracketed)]
    hub = hub_of(*ears, bound=2)
    with pytest.raises(TooMany):
        hub.join(USER, Ear())
    hub.join(8, Ear())
    hub.leave(USER, ears[0])
    hub.join(USER, Ear())


def test_who_has_left_is_not_told() -> None:
    ear = Ear()
    hub = hub_of(ear)
    hub.leave(USER, ear)
    hub.leave(USER, ear)
    hub.leave(99, ear)
    hub.announce([change(1)])
    assert ear.heard == []


def test_drop_ends_a_device_or_all_of_a_user() -> None:
    ears = [Ear(device_id=1), Ear(device_id=2), Ear(bracketed, device_id=1)]
    hub = hub_of(*ears)
    hub.drop(USER, 1)
    hub.drop(99)
    assert [ear.ended for ear in ears] == [[1008], [], [1008]]
    hub.drop(USER)
    assert [ear.ended for ear in ears] == [[1008, 1008], [1008], [1008, 1008]]


def test_drop_without_device_ends_who_began_with_a_password() -> None:
    ears = [Ear(device_id=1), Ear(), Ear(bracketed)]
    hub = hub_of(*ears)
    hub.drop_without_device(99)
    hub.drop_without_device(USER)
    assert [ear.ended for ear in ears] == [[], [1008], [1008]]


def test_the_devices_that_listen() -> None:
    hub = hub_of(Ear(device_id=1), Ear(device_id=2), Ear(bracketed, device_id=1), Ear())
    hub.join(99, Ear(device_id=3))
    assert hub.devices() == {1, 2, 3}
    assert hub_of(Ear()).devices() == set()


def test_close_ends_all_and_lets_nobody_in() -> None:
    ears = [Ear(), Ear(bracketed)]
    hub = hub_of(*ears)
    hub.close()
    assert [ear.ended for ear in ears] == [[1001], [1001]]
    with pytest.raises(Unavailable):
        hub.join(USER, Ear())


async def drained() -> None:
    """More turns than slices may wait."""
    for _ in range(WAITING_PUSHES // SLICE + 10):
        await asyncio.sleep(0)


async def test_many_are_told_in_slices_between_turns_of_the_loop() -> None:
    ears = [Ear() for _ in range(3 * SLICE)]
    hub = hub_of(*ears)
    hub.announce([change(1)])
    told = []
    for _ in range(6):
        told.append(sum(bool(ear.heard) for ear in ears))
        await asyncio.sleep(0)
    assert told[0] == 0
    assert {SLICE, 2 * SLICE} < set(told)
    assert told[-1] == 3 * SLICE


async def test_order_is_kept_when_a_fan_out_is_unfinished() -> None:
    ears = [Ear() for _ in range(2 * SLICE)]
    hub = hub_of(*ears)
    few = Ear(bracketed)
    hub.join(USER, few)
    hub.announce([change(1)])
    hub.announce([change(2)])
    await asyncio.sleep(0)
    hub.announce([change(3)])
    await drained()
    hub.announce([change(4)])
    await drained()
    assert {ear.text for ear in ears} == {b"1.2.3.4."}
    assert few.text == b"[1][2][3][4]"


async def test_order_is_kept_when_most_leave_before_their_turn() -> None:
    ears = [Ear() for _ in range(2 * SLICE)]
    hub = hub_of(*ears)
    hub.announce([change(1)])
    for ear in ears[1:]:
        hub.leave(USER, ear)
    hub.announce([change(2)])
    await drained()
    assert ears[0].text == b"1.2."


async def test_a_queued_frame_does_not_reach_who_joins_later_or_has_left() -> None:
    ears = [Ear() for _ in range(2 * SLICE)]
    hub = hub_of(*ears)
    hub.announce([change(1)])
    late = Ear()
    hub.join(USER, late)
    hub.leave(USER, ears[-1])
    hub.announce([change(2)])
    await drained()
    assert late.text == b"2."
    assert ears[-1].heard == []
    assert ears[-2].text == b"1.2."


async def test_a_queued_frame_does_not_reach_who_joins_when_all_have_left() -> None:
    ears = [Ear() for _ in range(2 * SLICE)]
    hub = hub_of(*ears)
    hub.announce([change(1)])
    for ear in ears:
        hub.leave(USER, ear)
    late = Ear()
    hub.join(USER, late)
    await drained()
    assert not any(ear.heard for ear in [late, *ears])


@pytest.mark.parametrize(
    ("listeners", "frame", "announcements"),
    [(2 * SLICE, 1, 3 * WAITING_PUSHES // (2 * SLICE)), (SLICE + 1, WAITING_BYTES // 4, 20)],
)
async def test_what_waits_is_bounded(listeners: int, frame: int, announcements: int) -> None:
    large = b"x" * frame

    class Counter(Ear):
        told = 0

        def push(self, frame: bytes, first: int, last: int) -> None:
            self.told += 1

    def render(_: Change) -> bytes:
        return large

    ears = [Counter(render) for _ in range(listeners)]
    hub = hub_of(*ears)
    for number in range(announcements):
        hub.announce([change(number)])
    told = [ear.told for ear in ears]
    assert 0 < announcements * listeners - sum(told) <= WAITING_PUSHES
    assert (announcements - min(told)) * frame <= WAITING_BYTES
    await drained()
    assert {ear.told for ear in ears} == {announcements}


@given(st.lists(st.sampled_from(["join", "leave", "announce", "turn"]), max_size=40))
def test_everyone_hears_what_is_announced_while_he_is_there(steps: list[str]) -> None:
    """Against a model: a crowd large enough for slices, and one who comes and goes."""

    async def play() -> None:
        crowd = [Ear() for _ in range(SLICE + 1)]
        hub = hub_of(*crowd)
        guest: Ear | None = None
        heard: list[tuple[Ear, list[int]]] = []
        number = 0
        for step in steps:
            if step == "join" and guest is None:
                guest = Ear()
                hub.join(USER, guest)
                heard.append((guest, []))
            elif step == "leave" and guest is not None:
                hub.leave(USER, guest)
                guest = None
            elif step == "announce":
                number += 1
                hub.announce([change(number)])
                if guest is not None:
                    heard[-1][1].append(number)
            elif step == "turn":
                await asyncio.sleep(0)
        await drained()
        for ear, numbers in heard:
            got = [first for _, first, _ in ear.heard]
            # one who leaves may miss the end of what was announced to him, and nothing else
            assert got == numbers[: len(got)]
            if ear is guest:
                assert got == numbers
        assert {ear.text for ear in crowd} == {b"".join(b"%d." % n for n in range(1, number + 1))}

    asyncio.run(play())


def test_telling_nobody_costs_next_to_nothing() -> None:
    hub = hub_of(Ear())
    changes = [change(number, user_id=number) for number in range(100, 164)]
    began = time.process_time()
    for _ in range(100):
        hub.announce(changes)
    assert (time.process_time() - began) / 100 / 64 < 5e-6
