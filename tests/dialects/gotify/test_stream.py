from __future__ import annotations

import asyncio
import json
import random

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from carillon.core.limits import Limits
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
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
    async with serving(served.front) as server:
        url = f"{server.url}/stream?token={served.client}"
        with pytest.raises(InvalidStatus) as caught:
            await connect(url, origin="https://elsewhere.example")  # type: ignore[arg-type]  # its NewType is str
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
        for after, first in (("1", [1, 2]), ("0", [0, 1, 2]), ("4", []), ("99", [])):
            async with connect(f"{server.url}/stream?after={after}&token={served.client}") as stream:
                told = [await asyncio.wait_for(stream.recv(), 5) for _ in first]
                assert told == [missed[number] + "\n" for number in first]
                live = await served.post(json={"message": "live"})
                assert await asyncio.wait_for(stream.recv(), 5) == live.text + "\n"
            await served.delete(f"/message/{live.json()['id']}")


@pytest.mark.parametrize("after", ["", "-1", "x", str(2**63)])
async def test_after_what_is_no_id_no_stream_begins(served: Served, after: str) -> None:
    async with serving(served.front) as server:
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{server.url}/stream?after={after}", additional_headers=key(served.client))
        assert caught.value.response.status_code == 400
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{server.url}/stream?after={after}")
        assert caught.value.response.status_code == 401


@pytest.mark.parametrize("seed", range(6))
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


class TestPaged:
    """Where a page is short."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(page=7)

    async def test_much_was_missed(self, served: Served) -> None:
        for number in range(20):
            await served.post(json={"message": str(number)})
        async with (
            serving(served.front) as server,
            connect(f"{server.url}/stream?after=2&token={served.client}") as stream,
        ):
            assert [json.loads(await stream.recv())["id"] for _ in range(18)] == list(range(3, 21))
            live = await served.post(json={"message": "live"})
            assert await asyncio.wait_for(stream.recv(), 5) == live.text + "\n"


async def test_a_plain_get_is_no_handshake(served: Served) -> None:
    response = await served.get("/stream")
    assert response.status_code == 400
    assert response.text.startswith("Bad Request\n{")
    assert problem(await served.here.get("/stream")) == (401, UNAUTHENTICATED)
