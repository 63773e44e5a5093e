from __future__ import annotations

import asyncio
import json
import random
import re
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from carillon import ui
from carillon.core.inbox import Inbox
from carillon.core.limits import Limits
from carillon.core.models import Change, ChangePage, Entry, EntryChange, InboxItem
from carillon.core.ports import Store
from carillon.dialects import gotify
from carillon.dialects._streams import Reader, Replay, Streams
from carillon.dialects.gotify.stream import Missed
from carillon.front import Front
from carillon.hub.local import LocalHub
from tests.builders import NOON, Clock, message, remote_pictures
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
from tests.dialects.pipes import Client, Pipe, play
from tests.hub.serving import Served as Serving
from tests.hub.serving import serving, until


async def test_each_new_message_is_told_as_it_was_answered(served: Served) -> None:
    async with serving(served.front) as server, connect(f"{server.url}/stream?token={served.client}") as stream:
        for number in range(3):
            answer = await served.post(json={"message": f"<{number}>"})
            assert await asyncio.wait_for(stream.recv(), 5) == answer.text + "\n"


async def test_nothing_but_new_messages_is_told(served: Served) -> None:
    await served.post(json={"message": "before"})
    async with serving(served.front) as server, connect(f"{server.url}/stream?token={served.client}") as stream:
        second = (await served.post(json={"message": "second"})).json()
        await served.house.inbox.mark(served.ada.id, [second["id"]], read=True)
        await served.delete(f"/message/{second['id']}")
        await served.delete("/message")
        await served.post("/client", json={"name": "tablet"})
        third = (await served.post(json={"message": "third"})).json()
        assert [json.loads(await asyncio.wait_for(stream.recv(), 5)) for _ in range(2)] == [second, third]


async def test_every_place_of_a_clients_credentials(served: Served) -> None:
    token = served.client
    async with serving(served.front) as server:
        for path, headers in (
            (f"/stream?token={token}", {}),
            ("/stream", key(token)),
            ("/stream", {"Authorization": f"Bearer {token}"}),
            ("/stream", basic("ada", "ada")),
            (f"//stream?token={token}", {}),
        ):
            async with connect(f"{server.url}{path}", additional_headers=headers) as stream:
                answer = await served.post(json={"message": "a"})
                assert await asyncio.wait_for(stream.recv(), 5) == answer.text + "\n"


async def test_who_is_no_client_is_refused_before_the_upgrade(served: Served) -> None:
    async with serving(served.front) as server:
        for headers in ({}, key("Cwrong"), key(served.application), basic("ada", "wrong")):
            with pytest.raises(InvalidStatus) as caught:
                await connect(f"{server.url}/stream", additional_headers=headers)
            response = caught.value.response
            assert response.status_code == 401
            assert response.headers["content-type"] == "application/json"
            assert json.loads(response.body or b"")["errorDescription"] == UNAUTHENTICATED


async def test_a_page_of_another_origin_is_refused(served: Served) -> None:
    front = Front({"gotify": gotify.mount(served.house.kit), "ui": ui.mount()})
    async with serving(front) as server:
        url = f"{server.url}/stream?token={served.client}"
        for path in (url, url.replace("/stream", "//stream")):
            with pytest.raises(InvalidStatus) as caught:
                await connect(path, origin="https://elsewhere.example")  # type: ignore[arg-type]  # its NewType is str
            assert caught.value.response.status_code == 403
        async with connect(url, origin=f"http://127.0.0.1:{server.port}"):  # type: ignore[arg-type]  # its NewType is str
            pass


async def test_another_user_hears_nothing(served: Served) -> None:
    eve = await served.house.user("eve")
    sender, secret = await served.house.sender(eve, "Door")
    async with (
        serving(served.front) as server,
        connect(f"{server.url}/stream", additional_headers=basic("eve", "eve")) as stream,
    ):
        await served.post(json={"message": "for ada"})
        own = await served.post(json={"message": "for eve"}, headers=key(secret))
        assert await asyncio.wait_for(stream.recv(), 5) == own.text + "\n"
    assert sender.receivers == (eve.id,)


async def test_a_stream_ends_with_its_token_and_without_a_close_frame(served: Served) -> None:
    async with serving(served.front) as server, connect(f"{server.url}/stream?token={served.client}") as stream:
        token = next(info.token for info in await served.house.accounts.tokens.all() if info.token.kind == "device")
        await served.house.accounts.tokens.revoke(token.id)
        with pytest.raises(ConnectionClosed) as caught:
            await asyncio.wait_for(stream.recv(), 5)
        assert caught.value.rcvd is None
        await until(lambda: not server.state.connections)


async def test_the_streams_of_a_user_are_bounded(served: Served) -> None:
    bound = served.house.kit.limits.streams_per_user
    async with serving(served.front) as server:
        url = f"{server.url}/stream?token={served.client}"
        streams = [await connect(url) for _ in range(bound)]
        with pytest.raises(InvalidStatus) as caught:
            await connect(url)
        assert caught.value.response.status_code == 429
        await asyncio.gather(*(stream.close() for stream in streams))


async def test_what_was_missed_comes_first(served: Served) -> None:
    missed = [(await served.post(json={"message": str(number)})).text for number in range(4)]
    await served.house.inbox.mark(served.ada.id, [3], read=True)
    await served.delete("/message/4")
    async with serving(served.front) as server:
        for after, first in (("1", [1, 2]), ("0", [0, 1, 2]), ("4", [])):
            async with connect(f"{server.url}/stream?after={after}&token={served.client}") as stream:
                told = [await asyncio.wait_for(stream.recv(), 5) for _ in first]
                assert told == [missed[number] + "\n" for number in first]
                live = await served.post(json={"message": "live"})
                assert await asyncio.wait_for(stream.recv(), 5) == live.text + "\n"
            await served.delete(f"/message/{live.json()['id']}")


async def test_behind_a_message_that_is_not_there_yet_the_stream_is_live(served: Served) -> None:
    """From when on, nobody is told: what comes before that is not behind the message, so it is not owed."""
    async with (
        serving(served.front) as server,
        connect(f"{server.url}/stream?after=99&token={served.client}") as stream,
    ):
        heard = asyncio.create_task(stream.recv())
        posted = []
        while not heard.done():
            posted.append((await served.post(json={"message": "live"})).text + "\n")
            assert len(posted) < 90, "never live"
            await asyncio.sleep(0.02)
        assert await heard in posted


@pytest.mark.parametrize("after", ["", "-1", "x", str(2**63)])
async def test_after_what_is_no_id_no_stream_begins(served: Served, after: str) -> None:
    async with serving(served.front) as server:
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{server.url}/stream?after={after}", additional_headers=key(served.client))
        assert caught.value.response.status_code == 400
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{server.url}/stream?after={after}")
        assert caught.value.response.status_code == 401


@pytest.mark.parametrize("seed", range(2))
async def test_nothing_is_lost_or_doubled_between_what_was_missed_and_what_is_live(served: Served, seed: int) -> None:
    """While others send, a reader comes again and again, each time from the last message it was told."""
    dice = random.Random(seed)
    ids: list[int] = []
    done = asyncio.Event()

    async def send() -> None:
        for number in range(60):
            ids.append((await served.post(json={"message": str(number)})).json()["id"])
            for _ in range(dice.choice([0, 0, 1, 20])):
                await asyncio.sleep(0)
            if dice.random() < 0.3:
                await served.house.inbox.mark(served.ada.id, [dice.choice(ids)], read=dice.random() < 0.5)

    async def read(server: Serving) -> list[int]:
        told = [0]
        while not done.is_set() or told[-1] < max(ids):
            async with connect(f"{server.url}/stream?after={told[-1]}&token={served.client}") as stream:
                for _ in range(dice.randrange(1, 40)):
                    try:
                        told.append(json.loads(await asyncio.wait_for(stream.recv(), 0.2))["id"])
                    except TimeoutError:
                        break
        return told[1:]

    async with serving(served.front) as server:
        reading = [asyncio.create_task(read(server)) for _ in range(3)]
        await asyncio.gather(send(), send())
        done.set()
        for told in await asyncio.gather(*reading):
            assert told == sorted(ids)


class Log:
    """A store of one inbox. What is committed can be read at once, and is announced some turns later, in order."""

    def __init__(self, hub: LocalHub, dice: random.Random) -> None:
        self._hub = hub
        self._dice = dice
        self._items: dict[int, InboxItem] = {}
        self._changed = 0
        self._announcements: list[list[Change]] = []

    @property
    def ids(self) -> list[int]:
        return sorted(self._items)

    def send(self, count: int) -> None:
        batch: list[Change] = []
        for number in range(len(self._items) + 1, len(self._items) + 1 + count):
            self._changed += 1
            entry = Entry(user_id=1, message_id=number, application_id=7, changed=self._changed)
            self._items[number] = InboxItem(entry, message(id=number))
            batch.append(EntryChange(entry=entry, message=self._items[number].message, arrival=True))
        self._announcements.append(batch)

    def mark(self) -> None:
        self._changed += 1
        number, item = self._dice.choice(list(self._items.items()))
        entry = msgspec.structs.replace(item.entry, changed=self._changed, read=NOON)
        self._items[number] = InboxItem(entry, item.message)
        self._announcements.append([EntryChange(entry=entry)])

    def announce(self) -> None:
        if self._announcements:
            self._hub.announce(self._announcements.pop(0))

    async def changes(self, user_id: int, *, after: int, limit: int) -> ChangePage:
        await self._wait()
        page = ChangePage([], self._changed, more=False, hole=True)
        await self._wait()
        return page

    async def page(self, user_id: int, *, limit: int, after: int, **_: Any) -> list[InboxItem]:
        await self._wait()
        page = [self._items[number] for number in self.ids if number > after][:limit]
        await self._wait()
        return page

    async def _wait(self) -> None:
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)


def payload(change: Change) -> bytes | None:
    return b"<%d>" % change.message.id if isinstance(change, EntryChange) and change.message else None


def told(data: bytes) -> list[int]:
    """The ids in frames of such payloads."""
    return [int(number) for number in re.findall(rb"<(\d+)>", data)]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**64), st.integers(0, 6), st.booleans())
def test_the_seam_holds_whatever_the_order_of_turns(seed: int, after: int, slow: bool) -> None:
    async def scene() -> None:
        dice = random.Random(seed)
        hub = LocalHub(streams_per_user=1)
        log = Log(hub, dice)
        log.send(6)
        inbox = Inbox(
            store=cast(Store, log),
            clock=Clock(),
            limits=Limits(),
            cleared=lambda: None,
            pictures=remote_pictures(Clock()),
        )
        client = Client(Pipe(slow=slow))
        replay = Replay(Missed(inbox, 1, after=after, size=dice.randrange(1, 5)), 0)
        task = client.websocket(Streams(hub, payload), Reader(1, replay=replay))
        for _ in range(dice.randrange(60)):
            step = dice.randrange(6)
            if step == 0:
                log.send(dice.randrange(1, 4))
            elif step == 1:
                log.mark()
            elif step == 2:
                log.announce()
            else:
                await asyncio.sleep(0)
        for _ in range(600):
            log.announce()
            await asyncio.sleep(0)
        assert not client.pipe.closing
        assert told(client.pipe.data) == [number for number in log.ids if number > after]
        log.send(1)
        log.announce()
        assert told(client.pipe.data)[-1] == log.ids[-1], "it is live"
        client.pipe.leave()
        await task

    play(scene)


async def test_a_plain_get_is_no_handshake(served: Served) -> None:
    response = await served.get("/stream")
    assert response.status_code == 400
    assert response.text.startswith("Bad Request\n{")
    assert problem(await served.here.get("/stream")) == (401, UNAUTHENTICATED)
