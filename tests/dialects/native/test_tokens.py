from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from carillon.core.limits import Limits
from carillon.core.secrets import Vault
from carillon.core.tokens import Minting
from carillon.dialects import native
from carillon.front import Front
from tests.builders import opened
from tests.dialects.native.conftest import Api

NOON = "2026-09-01T12:00:00.000000Z"
TOKENS = "/api/1/applications/1/tokens"


async def sends(api: Api, token: str) -> bool:
    answer = await api.call("POST", "/api/1/messages", token=token, json={"message": "done"})
    return answer.status_code == 200


@pytest.fixture
async def elevated(api: Api) -> Api:
    await api.house.accounts.devices.elevate(api.ada.id, 1, 60)
    return api


async def test_a_token_is_made_named_rotated_and_revoked(elevated: Api) -> None:
    api = elevated
    made = (await api.call("POST", TOKENS, json={"name": "on the NAS"})).json()
    secret = made.pop("secret")
    number = made["id"]
    assert made == {"id": number, "name": "on the NAS", "created": NOON, "last_used": None}
    assert await sends(api, secret)
    assert [one["name"] for one in (await api.get(TOKENS))["tokens"]] == ["", "on the NAS"]
    assert "secret" not in str(await api.get(TOKENS))
    renamed = await api.call("PATCH", f"{TOKENS}/{number}", json={"name": "on the old NAS"})
    assert (renamed.json()["name"], "secret" in renamed.json()) == ("on the old NAS", False)
    rotated = (await api.call("POST", f"{TOKENS}/{number}/rotate")).json()
    assert (rotated["id"], rotated["name"], rotated["last_used"]) == (number, "on the old NAS", None)
    assert not await sends(api, secret)
    assert await sends(api, rotated["secret"])
    assert (await api.call("DELETE", f"{TOKENS}/{number}")).status_code == 204
    assert not await sends(api, rotated["secret"])
    assert await sends(api, api.application_token)


async def test_what_ends_a_token_takes_the_password(api: Api) -> None:
    for method, path in (("POST", f"{TOKENS}/1/rotate"), ("DELETE", f"{TOKENS}/1")):
        assert (await api.refused(method, path, status=403))["code"] == "elevation_needed"
    assert await sends(api, api.application_token)


async def test_only_tokens_of_this_application_are_there(elevated: Api) -> None:
    api = elevated
    door, secret = await api.house.sender(api.ada, "Door")
    (token,) = (await api.get(f"/api/1/applications/{door.application.id}/tokens"))["tokens"]
    (phone,) = [info for info in await api.house.accounts.tokens.all() if info.token.kind == "device"]
    for number in (token["id"], phone.token.id, 99, 0):
        for method, path, body in (
            ("PATCH", f"{TOKENS}/{number}", {"name": "mine"}),
            ("POST", f"{TOKENS}/{number}/rotate", None),
            ("DELETE", f"{TOKENS}/{number}", None),
        ):
            await api.refused(method, path, status=404, json=body)
    assert await sends(api, secret)
    assert (await api.refused("DELETE", f"{TOKENS}/x", status=400))["field"] == "token"


async def test_a_member_sees_no_token(elevated: Api) -> None:
    api = elevated
    eve = await api.house.user("eve")
    await api.house.accounts.applications.share(api.ada.id, 1, with_user=eve.id)
    for method, path, body in (
        ("GET", TOKENS, None),
        ("POST", TOKENS, {"name": "mine"}),
        ("PATCH", f"{TOKENS}/1", {"name": "mine"}),
        ("POST", f"{TOKENS}/1/rotate", None),
        ("DELETE", f"{TOKENS}/1", None),
    ):
        await api.refused(method, path, status=403, token="", auth=("eve", "eve"), json=body)
    assert await sends(api, api.application_token)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", TOKENS, {"name": 5}, 400),
        ("POST", TOKENS, {"name": "x" * 257}, 413),
        ("POST", TOKENS, {"secret": "mine"}, 400),
        ("PATCH", f"{TOKENS}/2", {}, 400),
        ("PATCH", f"{TOKENS}/2", {"name": "a\0"}, 400),
    ],
)
async def test_what_a_token_cannot_be(api: Api, method: str, path: str, body: Any, status: int) -> None:
    before = await api.get(TOKENS)
    await api.refused(method, path, status=status, json=body)
    assert await api.get(TOKENS) == before


@pytest.fixture
async def showing(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An installation whose lists show tokens, asked by Ada."""
    minting, limits = Minting(vault=Vault(bytes(32))), Limits(tokens_per_application=2)
    async with opened(tmp_path / "showing", minting=minting, limits=limits) as house:
        await house.sender(await house.user("ada"))
        transport = httpx.ASGITransport(Front({"native": native.mount(house.kit)}))
        async with httpx.AsyncClient(transport=transport, base_url="http://x", auth=("ada", "ada")) as client:
            yield client


async def test_lists_show_secrets_where_the_installation_lets_them(showing: httpx.AsyncClient) -> None:
    made = (await showing.post(TOKENS, json={})).json()
    first, second = (await showing.get(TOKENS)).json()["tokens"]
    assert second == made
    assert first["secret"] not in ("", made["secret"])
    assert (await showing.post(TOKENS, json={})).status_code == 429
