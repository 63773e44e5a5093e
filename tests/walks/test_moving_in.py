"""Somebody moves in from Gotify: his phone, his scripts and his password go on working, and the ids are the same."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from asyncio.subprocess import PIPE
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tests.imports.gotify_databases import add_sqlite, extras, installation, keys, make_sqlite, message
from tests.walks.conftest import Serve
from tests.walks.server import CARILLON, NOBODY, Person, Server, heard, listening, until

PASSWORD = httpx.BasicAuth("admin", "correct horse")
SCRIPT, PHONE = "AbcDEF0123._-xy", "CbcDEF0123._-xy"  # of Gotify 2
NEWER_SCRIPT, BROWSER = keys("a", 5).private, keys("c", 7).private  # of Gotify 3


def gotify_folder(folder: Path, messages: int) -> Path:
    """Gotify's data folder, as version 3.0 leaves it after years."""
    rows = installation(messages)
    rows["applications"][0]["image"] = "aBcDeFgHiJ.jpg"
    rows["clients"][1]["last_used"] = datetime.now(UTC)
    rows["messages"][0]["extras"] = extras(client__display={"contentType": "text/markdown"})
    make_sqlite(folder / "gotify.db", rows)
    (folder / "images").mkdir()
    Image.new("RGB", (600, 300), (0, 120, 200)).save(folder / "images/aBcDeFgHiJ.jpg")
    return folder


@contextmanager
def gotify_goes_on(folder: Path) -> Iterator[list[int]]:
    """Messages keep arriving there, each in a transaction, with Gotify's patience. Yields their ids."""
    done, written = threading.Event(), [100_000]

    def write() -> None:
        with closing(sqlite3.connect(folder / "gotify.db", timeout=5)) as db:
            while not done.wait(0.002):
                add_sqlite(db, "messages", [message(written[-1] + 1)])
                db.commit()
                written.append(written[-1] + 1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        done.set()
        thread.join()


async def moving_in(folder: Path, env: Mapping[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        "setpriv", "--pdeathsig", "KILL", CARILLON, "import", "gotify", str(folder), env=env, stdout=PIPE, stderr=PIPE
    )


async def moved_in(folder: Path, env: Mapping[str, str]) -> str:
    """What it said."""
    process = await moving_in(folder, env)
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_phone_and_script_notice_nothing(serve: Serve, tmp_path: Path) -> None:
    folder = gotify_folder(tmp_path / "gotify", 400)
    server = serve()
    with gotify_goes_on(folder) as written:
        await until(lambda: len(written) > 10, "Gotify writes")
        said = await moved_in(folder, server.env)
        before = len(written)
        await until(lambda: len(written) > before, "Gotify writes on")
    assert "ids: the same as there" in said
    await server.start()
    async with Person(server, PASSWORD) as admin, httpx.AsyncClient(base_url=server.url, trust_env=False) as anyone:
        await _knows_all(admin, written)
        await _goes_on(server, admin)
        (application,) = (await admin.get("/application")).json()
        picture = await anyone.get(f"/{application['image']}")
    with Image.open(BytesIO(picture.content)) as image:
        assert image.size == (512, 256)
    assert (await _eve(server))["name"] == "eve"
    assert "messages: " in await moved_in(folder, server.env)  # what was written there in between
    async with Person(server, PASSWORD) as admin:
        texts = [each["message"] for each in await admin.messages()]
    assert len(texts) == len(set(texts)) == 200 + len(written)


async def _knows_all(admin: Person, written: list[int]) -> None:
    """The same messages under the same ids; of those that were written meanwhile, the first ones."""
    user = (await admin.get("/current/user")).json()
    assert (user["id"], user["name"], user["admin"]) == (1, "admin", True)
    found = await admin.messages()
    ids = sorted(each["id"] for each in found)
    assert ids[:200] == [*range(10, 810, 4)]
    assert ids[200:] == written[1 : len(ids) - 199]
    first = next(each for each in found if each["id"] == 10)
    assert first["extras"] == {"client::display": {"contentType": "text/markdown"}}
    assert (first["appid"], first["title"], first["message"], first["priority"]) == (2, "title 10", "text 10", 0)
    assert first["date"] == "2026-05-01T06:40:15.123456Z"
    page = (await admin.get("/message", params={"since": 100, "limit": 2})).json()
    assert [each["id"] for each in page["messages"]] == [98, 94]
    assert page["paging"]["since"] == 94


async def _goes_on(server: Server, admin: Person) -> None:
    """The phone hears at once of what the script sends, above all that it has seen."""
    last = (await admin.messages())[0]["id"]
    headers = {"X-Gotify-Key": PHONE}
    async with listening(server, PHONE) as stream:
        sent = await admin.post("/message", params={"token": SCRIPT}, data={"message": "still here"}, auth=NOBODY)
        assert await heard(stream) == sent.json()
    assert (sent.json()["appid"], sent.json()["priority"]) == (2, 4)
    assert sent.json()["id"] > last
    newest = (await admin.get("/message", params={"limit": 1, "since": 0}, headers=headers, auth=NOBODY)).json()
    assert newest["messages"] == [sent.json()]


async def _eve(server: Server) -> dict[str, Any]:
    """Whose tokens are Gotify 3's."""
    async with Person(server, NOBODY, headers={"Authorization": f"Bearer {BROWSER}"}) as eve:
        sent = await eve.post("/message", json={"message": "ring"}, headers={"Authorization": f"Bearer {NEWER_SCRIPT}"})
        assert sent.status_code == 200, sent.text
        assert (await eve.messages())[0] == sent.json()
        return dict((await eve.get("/current/user")).json())


async def test_killed_half_way_beside_a_server_it_goes_on(serve: Serve, tmp_path: Path) -> None:
    folder = gotify_folder(tmp_path / "gotify", 3000)
    server = serve(env={"CARILLON_ADMIN_PASSWORD": "correct horse"})
    await server.start()
    process = await moving_in(folder, server.env)
    async with Person(server, PASSWORD) as admin:

        async def some_have_come() -> bool:
            return bool((await admin.get("/message", params={"limit": 1})).json()["messages"])

        await until(some_have_come, "messages come over")
        process.kill()
        await process.wait()
        assert 0 < len(await admin.messages()) < 1500
        sent = []
        again = asyncio.create_task(moved_in(folder, server.env))
        while not again.done():
            answer = await admin.post("/message", params={"token": SCRIPT}, data={"message": "live"}, auth=NOBODY)
            assert answer.status_code == 200
            sent.append(answer.json()["id"])
            await asyncio.sleep(0.01)
        assert "messages: " in await again
        ids = [each["id"] for each in await admin.messages()]
    assert ids == [*reversed(sent), *range(6006, 9, -4)]
    assert sent[0] == 6009
