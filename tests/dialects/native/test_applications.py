from __future__ import annotations

import struct
from io import BytesIO
from typing import Any
from zlib import crc32

import httpx
import pytest
from PIL import Image

from carillon.core.images import PIXELS
from carillon.core.limits import Limits
from carillon.core.models import User
from tests.dialects.native.conftest import Api

NOON = "2026-09-01T12:00:00.000000Z"
APPLICATIONS, BACKUP, IMAGE = "/api/1/applications", "/api/1/applications/1", "/api/1/applications/1/image"
SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"


@pytest.fixture
async def eve(api: Api) -> User:
    """A member of Backup."""
    eve = await api.house.user("eve")
    await api.house.accounts.applications.share(api.ada.id, api.backup.application.id, with_user=eve.id)
    return eve


async def test_what_an_application_is(api: Api) -> None:
    made = (await api.call("POST", APPLICATIONS, json={"name": "Door"})).json()
    token = made.pop("token")
    assert made == {
        "id": 2,
        "name": "Door",
        "description": "",
        "type": "",
        "url": "",
        "image": None,
        "default_priority": 0,
        "content_type": "auto",
        "role": "owner",
        "sort_key": "a1",
        "cleared_to": 0,
        "created": NOON,
        "last_used": None,
        "muted_until": None,
        "min_level": 0,
        "unread": 0,
    }
    assert (await api.call("POST", "/api/1/messages", token=token, json={"message": "ding"})).status_code == 200
    shown = made | {"last_used": NOON, "unread": 1}
    await api.house.access.note_uses()
    assert await api.get(f"{APPLICATIONS}/2") == shown
    listed = await api.get(APPLICATIONS)
    assert [one["name"] for one in listed["applications"]] == ["Backup", "Door"]
    assert listed["applications"][1] == shown


async def test_an_application_with_all_it_can_have(api: Api) -> None:
    wanted = {
        "name": "NAS",
        "description": "in the cellar",
        "type": "server",
        "url": "https://nas.example/",
        "default_priority": 7,
        "content_type": "text/markdown",
    }
    made = (await api.call("POST", APPLICATIONS, json={**wanted, "token_name": "smartd"})).json()
    assert {name: made[name] for name in wanted} == wanted
    (token,) = (await api.get(f"{APPLICATIONS}/{made['id']}/tokens"))["tokens"]
    assert token["name"] == "smartd"
    change = {**wanted, "name": "Old NAS", "description": "", "type": "", "url": "", "default_priority": 0}
    changed = (await api.call("PATCH", f"{APPLICATIONS}/{made['id']}", json=change)).json()
    assert {name: changed[name] for name in change} == change


async def test_what_is_unread_is_counted_by_application(api: Api) -> None:
    first, _ = await api.send("1"), await api.send("2")
    assert (await api.get(BACKUP))["unread"] == 2
    await api.call("PATCH", f"/api/1/inbox/{first['id']}", json={"read": True})
    assert [one["unread"] for one in (await api.get(APPLICATIONS))["applications"]] == [1]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "name"),
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 257}, 413, None),
        ({"name": "a\0"}, 400, None),
        ({"name": "NAS", "default_priority": 11}, 400, "default_priority"),
        ({"name": "NAS", "default_priority": -1}, 400, "default_priority"),
        ({"name": "NAS", "content_type": "text/html"}, 400, "content_type"),
        ({"name": "NAS", "url": "javascript:alert(1)"}, 400, None),
        ({"name": "NAS", "url": "data:text/html,x"}, 400, None),
        ({"name": "NAS", "url": "https://" + "x" * 2048}, 413, None),
        ({"name": "NAS", "type": "x" * 257}, 413, None),
        ({"name": "NAS", "token_name": "x" * 257}, 413, None),
        ({"name": "NAS", "colour": "red"}, 400, "colour"),
    ],
)
async def test_what_an_application_cannot_be(api: Api, body: Any, status: int, field: str | None) -> None:
    error = await api.refused("POST", APPLICATIONS, status=status, json=body)
    assert error.get("field") == field
    assert len((await api.get(APPLICATIONS))["applications"]) == 1


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, None),
        ({"name": None}, 400, None),
        ({"name": ""}, 400, "name"),
        ({"url": "ftp://nas.example"}, 400, None),
        ({"min_level": 11}, 400, "min_level"),
        ({"muted_until": "tomorrow"}, 400, "muted_until"),
        ({"muted_until": "2026-09-01T12:00:00"}, 400, "muted_until"),
        ({"muted_until": 0}, 400, "muted_until"),
        ({"role": "owner"}, 400, "role"),
        ({"sort_key": "a1"}, 400, "sort_key"),
    ],
)
async def test_what_an_application_cannot_become(api: Api, body: Any, status: int, field: str | None) -> None:
    before = await api.get(BACKUP)
    error = await api.refused("PATCH", BACKUP, status=status, json=body)
    assert error.get("field") == field
    assert await api.get(BACKUP) == before


@pytest.mark.parametrize(
    ("until", "kept"),
    [
        ("2026-09-01T14:30:00+02:00", "2026-09-01T12:30:00.000000Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000Z"),
        ("9999-12-31T23:59:59.999999-00:00", "9999-12-31T23:59:59.999999Z"),
        ("1969-12-31T23:59:59Z", None),
        (None, None),
    ],
)
async def test_a_member_is_rung_as_he_wants(api: Api, eve: User, until: str | None, kept: str | None) -> None:
    as_eve: dict[str, Any] = {"token": "", "auth": ("eve", "eve")}
    await api.call("PATCH", BACKUP, json={"muted_until": "2027-01-01T00:00:00Z"}, **as_eve)
    changed = (await api.call("PATCH", BACKUP, json={"muted_until": until}, **as_eve)).json()
    assert (changed["muted_until"], changed["min_level"], changed["role"]) == (kept, 0, "member")
    changed = (await api.call("PATCH", BACKUP, json={"min_level": 8}, **as_eve)).json()
    assert (changed["muted_until"], changed["min_level"]) == (kept, 8)
    assert (await api.get(BACKUP, **as_eve)) == changed
    assert (await api.get(BACKUP))["min_level"] == 0


async def test_a_time_beyond_all_is_refused(api: Api) -> None:
    await api.refused("PATCH", BACKUP, status=400, json={"muted_until": "9999-12-31T23:59:59-23:59"})


async def test_a_member_changes_nothing_else_and_leaves_by_himself(api: Api, eve: User) -> None:
    as_eve: dict[str, Any] = {"token": "", "auth": ("eve", "eve")}
    for name, value in {"name": "Mine", "url": "https://mine.example", "type": "mine", "default_priority": 1}.items():
        await api.refused("PATCH", BACKUP, status=403, json={name: value}, **as_eve)
    await api.refused("PUT", IMAGE, status=403, content=picture(), **as_eve)
    await api.refused("DELETE", IMAGE, status=403, **as_eve)
    assert (await api.call("DELETE", BACKUP, **as_eve)).status_code == 204
    await api.refused("GET", BACKUP, status=404, **as_eve)
    assert (await api.get(BACKUP))["name"] == "Backup"


async def test_an_owner_deletes_it_by_the_password(api: Api) -> None:
    assert (await api.refused("DELETE", BACKUP, status=403))["code"] == "elevation_needed"
    await api.house.accounts.devices.elevate(api.ada.id, 1, 60)
    assert (await api.call("DELETE", BACKUP)).status_code == 204
    await api.refused("GET", BACKUP, status=404)
    assert (await api.get(APPLICATIONS))["applications"] == []


async def test_an_order_of_ones_own(api: Api, eve: User) -> None:
    for name in ("Door", "NAS"):
        await api.house.sender(api.ada, name)
    ordered = (await api.call("POST", f"{APPLICATIONS}/order", json={"ids": [3, 1]})).json()
    assert [one["id"] for one in ordered["applications"]] == [3, 1, 2]
    assert await api.get(APPLICATIONS) == ordered
    for ids, status in (([3, 3], 400), ([3, 99], 404), (["3"], 400), ([-1], 400)):
        await api.refused("POST", f"{APPLICATIONS}/order", status=status, json={"ids": ids})
    as_eve: dict[str, Any] = {"token": "", "auth": ("eve", "eve")}
    await api.refused("POST", f"{APPLICATIONS}/order", status=404, json={"ids": [1, 2]}, **as_eve)
    assert await api.get(APPLICATIONS) == ordered


# Pictures


def picture(kind: str = "PNG", size: tuple[int, int] = (600, 300), **options: Any) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **options)
    return out.getvalue()


def huge() -> bytes:
    """A PNG whose head says that it has more pixels than anybody wants to decode."""
    data = bytearray(picture(size=(8, 8)))
    data[16:24] = struct.pack(">II", PIXELS // 100, 101)
    data[29:33] = struct.pack(">I", crc32(data[12:29]))
    return bytes(data)


async def put(api: Api, content: bytes, media: str = "image/png") -> httpx.Response:
    return await api.call("PUT", IMAGE, content=content, headers={"Content-Type": media})


async def shown(api: Api) -> str | None:
    image: str | None = (await api.get(BACKUP))["image"]
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
async def test_a_picture_is_drawn_anew(api: Api, kind: str) -> None:
    answer = await put(api, picture(kind), f"image/{kind.lower()}")
    assert answer.status_code == 200
    address = answer.json()["image"]
    assert address == await shown(api)
    folder, _, name = address.partition("/")
    assert folder == "image"
    stored = await api.house.accounts.applications.image(name)
    assert stored
    with Image.open(BytesIO(stored.content)) as image:
        assert image.size == (512, 256)
    assert (await api.call("DELETE", IMAGE)).json()["image"] is None
    assert await api.house.accounts.applications.image(name) is None
    assert (await api.call("DELETE", IMAGE)).status_code == 200


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
async def test_of_a_file_that_is_two_only_the_picture_stays(api: Api, kind: str) -> None:
    address = (await put(api, picture(kind) + SCRIPT)).json()["image"]
    stored = await api.house.accounts.applications.image(address.partition("/")[2])
    assert stored
    assert b"script" not in stored.content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        SVG,
        b"\xef\xbb\xbf" + SVG,
        b"<!doctype html>" + SCRIPT,
        b"GIF89a" + SCRIPT,
        b"GIF89a=1;" + SCRIPT + b"//",
        b"\x89PNG\r\n\x1a\n" + SVG,
        b"%PDF-1.7\n" + SCRIPT,
        b"RIFF\x00\x00\x00\x00WEBP" + SCRIPT,
        picture()[:100],
        picture("JPEG")[:300],
        picture("WEBP")[:60],
        huge(),
    ],
)
async def test_what_is_no_picture_is_refused(api: Api, content: bytes) -> None:
    kept = (await put(api, picture())).json()["image"]
    for media in ("image/png", "image/svg+xml"):
        answer = await put(api, content, media)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_input")
    assert await shown(api) == kept


async def test_a_picture_says_that_it_is_one_and_has_a_bound(api: Api) -> None:
    for media in ("text/html", "application/json", "multipart/form-data; boundary=x", ""):
        assert (await put(api, picture(), media)).status_code == 415
    answer = await put(api, bytes(Limits().request + 1))
    assert answer.status_code == 413
    assert await shown(api) is None
