"""Whoever wants too much is told so, and others notice nothing."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest
from websockets.exceptions import InvalidStatus

from tests.walks.server import Person, Server, heard, listening, until
from tests.walks.wire import Wire, message, request

KIB = 1024
STREAMS = 100


async def test_a_user_has_a_hundred_streams(server: Server, admin: Person) -> None:
    token, device = await admin.tokens()
    async with AsyncExitStack() as streams:
        opened = [await streams.enter_async_context(listening(server, device)) for _ in range(STREAMS)]
        with pytest.raises(InvalidStatus) as refusal:
            await streams.enter_async_context(listening(server, device))
        response = refusal.value.response
        assert response.status_code == 429
        assert json.loads(response.body or b"")["errorCode"] == 429
        async with Wire.open(server) as wire:
            assert (await wire.ask(message(token, "to all"))).status == 200
        assert {(await heard(stream))["message"] for stream in opened} == {"to all"}
        await opened[0].close()

        async def room() -> bool:
            try:
                await streams.enter_async_context(listening(server, device))
            except InvalidStatus:
                return False
            return True

        await until(room, "there is room for another")


TOO_LONG = {
    "a byte more": {"message": "x" * (64 * KIB + 1)},
    "a byte more, counted as UTF-8": {"message": "ü" * 32 * KIB + "x"},
    "a long title": {"message": "x", "title": "x" * (4 * KIB + 1)},
    "long extras": {"message": "x", "extras": {"a": "x" * 64 * KIB}},
}


async def test_texts_are_bounded(server: Server, admin: Person) -> None:
    token, _ = await admin.tokens()
    longest = "x" * 64 * KIB
    for case, body in TOO_LONG.items():
        answer = await admin.post("/message", params={"token": token}, json=body)
        assert answer.status_code == 413, case
    assert (await admin.post("/message", params={"token": token}, json={"message": longest})).status_code == 200
    assert [each["message"] for each in await admin.messages()] == [longest]


async def test_requests_are_bounded(server: Server, admin: Person) -> None:
    token, _ = await admin.tokens()
    headers = [("Authorization", f"Bearer {token}"), ("Content-Type", "application/json")]
    full = b'{"message": "fits"}'.ljust(KIB * KIB)
    for path in ("/message", "/api/1/messages"):
        async with Wire.open(server) as wire:
            answer = await wire.ask(request("POST", path, headers=headers, body=full + b" "))
            assert answer.status == 413, path
        async with Wire.open(server) as wire:
            chunks = b"%x\r\n%b\r\n1\r\n \r\n0\r\n\r\n" % (len(full), full)
            head = [*headers, ("Transfer-Encoding", "chunked")]
            answer = await wire.ask(request("POST", path, headers=head, body=chunks))
            assert answer.status == 413, path
    assert await admin.messages() == []
    async with Wire.open(server) as wire:
        assert (await wire.ask(request("POST", "/message", headers=headers, body=full))).status == 200
