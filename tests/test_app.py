from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import httpx
import pytest

from carillon.app import composed, running
from carillon.core.errors import Unauthenticated, Unavailable, Unreachable
from carillon.core.priority import Scale
from carillon.core.publish import Draft
from carillon.settings import Settings
from tests.builders import LOCAL, message


def settings(data: Path, **given: str) -> Settings:
    return Settings.load({"CARILLON_DATA": str(data), **{f"CARILLON_{name}": value for name, value in given.items()}})


async def test_a_first_start_makes_an_admin_with_the_published_password(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as app:
        (admin,) = await app.kit.accounts.users.all()
        assert (admin.name, admin.admin, admin.initial_password) == ("admin", True, True)
        assert (await app.kit.access.password("admin", "admin", LOCAL)).user == admin
    async with running(settings(tmp_path)) as app:
        assert await app.kit.accounts.users.all() == [admin]


async def test_a_first_start_takes_another_password_and_a_second_does_not(tmp_path: Path) -> None:
    async with running(settings(tmp_path, ADMIN_PASSWORD="long and secret")) as app:
        (admin,) = await app.kit.accounts.users.all()
        assert not admin.initial_password
    async with running(settings(tmp_path, ADMIN_PASSWORD="another")) as app:
        assert (await app.kit.access.password("admin", "long and secret", LOCAL)).user == admin
        with pytest.raises(Unauthenticated):
            await app.kit.access.password("admin", "another", LOCAL)


async def test_without_running_nobody_is_made(tmp_path: Path) -> None:
    async with composed(settings(tmp_path)) as app:
        assert await app.kit.accounts.users.all() == []


async def test_the_data_folder_is_for_its_owner_only(tmp_path: Path) -> None:
    async with composed(settings(tmp_path / "new" / "data")):
        assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700


async def test_every_dialect_is_mounted_and_named(tmp_path: Path) -> None:
    async with composed(settings(tmp_path)) as app:
        assert {plugin.name for plugin in app.dialects} >= {"gotify", "native"}
        assert app.front.owners["/message"] == "gotify"
        assert app.front.owners["/api"] == "native"
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app.front), base_url="http://bell") as client:
            assert (await client.get("/version")).json()["version"] == "3.0.0"
            assert (await client.get("/api/openapi.json")).status_code == 200


async def test_limits_come_from_the_settings(tmp_path: Path) -> None:
    given = settings(tmp_path, MESSAGE_LIMIT="2048", REQUEST_LIMIT="4096", STREAMS_PER_USER="3")
    async with composed(given) as app:
        limits = app.kit.limits
        assert (limits.text, limits.request, limits.streams_per_user) == (2048, 4096, 3)


async def test_our_own_address_counts_as_our_own_origin(tmp_path: Path) -> None:
    given = settings(tmp_path, BASE_URL="https://Bell.example/sub", CORS_ORIGINS="https://friend.example")
    async with (
        composed(given) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app.front), base_url="http://inner:8080") as client,
    ):
        for origin, status in (
            ("https://bell.example", 200),
            ("https://friend.example", 200),
            ("https://evil.example", 403),
        ):
            assert (await client.get("/version", headers={"Origin": origin})).status_code == status


async def test_after_stop_nothing_is_taken_in(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as app:
        (admin,) = await app.kit.accounts.users.all()
        subscription, _ = await app.kit.accounts.applications.add(admin.id, "Backup")
        sender = await app.kit.accounts.applications.sender(admin.id, subscription.application.id)
        await app.kit.publisher.publish(sender, Draft(body="before"), scale=Scale("native"))
        await app.stop()
        with pytest.raises(Unavailable):
            await app.kit.publisher.publish(sender, Draft(body="after"), scale=Scale("native"))
        assert [item.message.body for item in await app.kit.inbox.page(admin.id, limit=10)] == ["before"]


async def test_it_is_well_while_storage_answers(tmp_path: Path) -> None:
    async with composed(settings(tmp_path)) as app:
        assert await app.kit.site.healthy()
        await app.store.close()
        assert not await app.kit.site.healthy()


async def test_one_token_sends_as_much_as_the_settings_say(tmp_path: Path) -> None:
    for given, taken in (({"PUBLISH_RATE": "1", "PUBLISH_BURST": "3"}, 3), ({"PUBLISH_RATE": "0"}, 9)):
        async with running(settings(tmp_path, **given)) as app:
            (admin,) = await app.kit.accounts.users.all()
            _, secret = await app.kit.accounts.applications.add(admin.id, "Backup")
            transport = httpx.ASGITransport(app.front)
            async with httpx.AsyncClient(transport=transport, base_url="http://bell") as client:
                posts = [
                    await client.post("/message", params={"token": secret}, json={"message": "a"}) for _ in "9" * 9
                ]
            assert [post.status_code for post in posts] == [200] * taken + [429] * (9 - taken)


async def test_tokens_are_as_the_settings_say(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as app:
        (admin,) = await app.kit.accounts.users.all()
        hidden, short = await app.kit.accounts.applications.add(admin.id, "Backup")
        assert len(short) == 15
        assert await app.kit.accounts.tokens.revealed("application", [hidden.application.id]) == {}
    assert not (tmp_path / "carillon.key").exists()
    showing = settings(tmp_path, TOKEN_LENGTH="49", SHOW_TOKENS="yes")
    async with running(showing) as app:
        shown, long = await app.kit.accounts.applications.add(admin.id, "Door")
        assert len(long) == 49
    async with running(showing) as app:
        listed = [hidden.application.id, shown.application.id]
        assert await app.kit.accounts.tokens.revealed("application", listed) == {shown.application.id: long}
    assert stat.S_IMODE((tmp_path / "carillon.key").stat().st_mode) == 0o600


async def test_pictures_come_from_the_networks_that_the_settings_name(tmp_path: Path) -> None:
    async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(gone, "127.0.0.1", 0) as camera:
        url = f"http://127.0.0.1:{camera.sockets[0].getsockname()[1]}/door.jpg"
        for networks, said in (("", "is not an address of the internet"), ("127.0.0.0/8", "it answered 410 Gone")):
            async with composed(settings(tmp_path, PICTURE_NETWORKS=networks)) as app:
                pictures = app.kit.inbox.pictures
                with pytest.raises(Unreachable, match=said):
                    await pictures.fetch(1, pictures.sign(1, message(body=url), url))
