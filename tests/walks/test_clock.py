"""The clock of the machine is set back and forth: the order stays, streams live, what is due goes by the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tests.walks.conftest import Serve
from tests.walks.server import NOBODY, Person, Server, away, heard, listening, until

JUMPS = ("+0", "-3h", "+1h", "-400d", "+400d", "-1d", "+2h")


class Clock:
    """That of one process, by libfaketime. Waiting goes by another clock, which is left alone."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set("+0")

    def set(self, offset: str) -> None:
        """From the true time."""
        new = self._file.with_suffix(".new")
        new.write_text(offset + "\n")
        new.replace(self._file)  # it is read at any moment

    @property
    def environment(self) -> dict[str, str]:
        libraries = list(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
        if not libraries:
            away("libfaketime")
        return {
            "LD_PRELOAD": str(libraries[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }


async def post(admin: Person, token: str, **fields: Any) -> dict[str, Any]:
    """By our own API."""
    headers = {"Authorization": f"Bearer {token}"}
    answer = await admin.post("/api/1/messages", json=fields, headers=headers, auth=NOBODY)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def there(server: Server, token: str) -> list[str]:
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as device:
        page = (await device.get("/message", params={"token": token})).json()
        return [message["message"] for message in page["messages"]]


async def test_the_clock_jumps(tmp_path: Path, serve: Serve) -> None:
    clock = Clock(tmp_path / "clock")
    server = serve(env=clock.environment)
    await server.start()
    async with Person(server) as admin:
        token, device = await admin.tokens()
        async with listening(server, device) as stream:
            await post(admin, token, message="for an hour", ttl=3600)
            told = [await heard(stream)]
            for jump in JUMPS:
                clock.set(jump)
                for number in range(3):
                    await post(admin, token, message=f"{jump} {number}")
                    told.append(await heard(stream))
                if jump == "-400d":
                    wall = datetime.fromisoformat(told[-1]["date"])
                    assert abs(datetime.now(UTC) - timedelta(days=400) - wall) < timedelta(hours=1), "the clock is set"
        ids = [message["id"] for message in told]
        assert ids == sorted(set(ids)), "ids rise, whatever the clock says"
        sent = [message["message"] for message in told][::-1]
        # Two hours and more have passed on the wall, so the first message has had its hour.
        assert sent.pop() == "for an hour"

        async def expired() -> bool:
            return await there(server, device) == sent

        await until(expired, "the message that was for an hour is gone, and no other")
        clock.set("-2h")
        last = await post(admin, token, message="after all")
        assert last["id"] > max(ids)
        await server.kill()
        await server.start()
        again = await post(admin, token, message="after a restart")
        assert again["id"] > last["id"]
        assert await there(server, device) == ["after a restart", "after all", *sent]
    assert await server.stop() == 0
