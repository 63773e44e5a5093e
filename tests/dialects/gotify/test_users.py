from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from carillon.core.access import Access
from carillon.core.accounts import Accounts
from carillon.core.passwords import Passwords
from carillon.dialects import gotify
from carillon.front import Front
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
from tests.hub.serving import serving

NOT_ALLOWED = "you are not allowed to access this api"
NO_ADMIN = "you are not allowed to create an admin user"


async def test_the_current_user_is_whoever_asks(served: Served) -> None:
    by_password = await served.here.get("/current/user", headers=basic("ada", "ada"))
    assert by_password.json() == {"id": 1, "name": "ada", "admin": False, "createdAt": "2026-09-01T12:00:00Z"}
    by_client = await served.get("/current/user")
    assert by_client.json() == {**by_password.json(), "clientId": 1}


async def test_an_admin_is_told_that_he_is_one(served: Served) -> None:
    await served.house.user("root", admin=True)
    assert (await served.here.get("/current/user", headers=basic("root", "root"))).json()["admin"] is True


async def test_a_password_is_changed_by_the_old_one(served: Served) -> None:
    for body in ({"json": {"pass": "new"}}, {"data": {"pass": "newer"}}):
        old = "ada" if "json" in body else "new"
        response = await served.here.post("/current/user/password", headers=basic("ada", old), **body)  # type: ignore[arg-type]  # by case
        assert (response.status_code, response.content) == (200, b"")
        assert problem(await served.here.get("/current/user", headers=basic("ada", old))) == (401, UNAUTHENTICATED)
    assert (await served.here.get("/current/user", headers=basic("ada", "newer"))).status_code == 200
    assert (await served.get("/current/user")).status_code == 200, "clients stay"


async def test_a_client_does_not_change_the_password(served: Served) -> None:
    headers = {**basic("ada", "wrong"), **key(served.client)}
    response = await served.here.post("/current/user/password", headers=headers, json={"pass": "new"})
    assert problem(response) == (403, "session not elevated, use basic auth or call /client:elevate")
    assert (await served.here.get("/current/user", headers=basic("ada", "ada"))).status_code == 200


@pytest.mark.parametrize(
    ("password", "problems"),
    [
        ("", (400, "Field 'pass' is required")),
        (None, (400, "Field 'pass' is required")),
        ("\0", (400, "password must not contain a zero byte")),
        ("x" * 257, (413, "password is longer than 256 bytes")),
    ],
)
async def test_what_a_password_cannot_be(served: Served, password: str | None, problems: tuple[int, str]) -> None:
    response = await served.here.post("/current/user/password", headers=basic("ada", "ada"), json={"pass": password})
    assert problem(response) == problems
    assert (await served.here.get("/current/user", headers=basic("ada", "ada"))).status_code == 200


# All users, for admins


@pytest.fixture
async def root(served: Served) -> dict[str, str]:
    """An admin's password."""
    await served.house.user("root", admin=True)
    return basic("root", "root")


async def test_an_admin_makes_changes_and_deletes_a_user(served: Served, root: dict[str, str]) -> None:
    here = served.here
    created = (await here.post("/user", headers=root, json={"name": "eve", "pass": "eve"})).json()
    eve = {"id": 3, "name": "eve", "admin": False, "createdAt": "2026-09-01T12:00:00Z"}
    assert created == eve == (await here.get("/user/3", headers=root)).json()
    assert [user["name"] for user in (await here.get("/user", headers=root)).json()] == ["ada", "root", "eve"]
    own = basic("eve", "eve")
    assert (await here.get("/current/user", headers=own)).json() == eve

    changed = await here.post("/user/3", headers=root, json={"name": "bob", "admin": True})
    assert changed.json() == {**eve, "name": "bob", "admin": True}
    assert (await here.get("/user", headers=basic("bob", "eve"))).status_code == 200, "without pass he keeps his own"
    changed = await here.post("/user/3", headers=root, data={"name": "bob", "pass": "new"})
    assert changed.json()["admin"] is False, "without admin he is none"
    assert problem(await here.get("/user", headers=basic("bob", "new"))) == (403, NOT_ALLOWED)
    changed = await here.post("/user/3", headers=root, json={"name": "bob", "pass": "", "admin": False})
    assert (await here.get("/current/user", headers=basic("bob", "new"))).status_code == 200

    answer = await here.delete("/user/3", headers=root)
    assert (answer.status_code, answer.content) == (200, b"")
    assert problem(await here.get("/user/3", headers=root)) == (404, "user does not exist")
    assert problem(await here.get("/current/user", headers=basic("bob", "new"))) == (401, UNAUTHENTICATED)


async def test_an_admin_may_go_when_another_one_stays(served: Served, root: dict[str, str]) -> None:
    last = (400, "cannot delete last admin")
    assert problem(await served.here.delete("/user/2", headers=root)) == last
    assert problem(await served.here.post("/user/2", headers=root, json={"name": "boss", "pass": "new"})) == last
    assert (await served.here.get("/current/user", headers=root)).json()["name"] == "root"
    await served.here.post("/user/1", headers=root, json={"name": "ada", "admin": True})
    assert (await served.here.delete("/user/2", headers=root)).status_code == 200
    assert problem(await served.here.delete("/user/1", headers=basic("ada", "ada"))) == last


@pytest.mark.parametrize("path", ["/user", "/user/1"])
@pytest.mark.parametrize(
    ("body", "problems"),
    [
        ({"pass": "x"}, (400, "Field 'name' is required")),
        ({"name": "", "pass": "x"}, (400, "Field 'name' is required")),
        ({"name": "root", "pass": "x"}, (400, "username already exists")),
        ({"name": "a\0", "pass": "x"}, (400, "name must not contain a zero byte")),
        ({"name": "x" * 257, "pass": "x"}, (413, "name is longer than 256 bytes")),
        ({"name": "eve", "pass": "x" * 257}, (413, "password is longer than 256 bytes")),
        ({"name": "eve", "pass": "\0"}, (400, "password must not contain a zero byte")),
        ({"name": "eve", "pass": 5}, (400, "json: cannot unmarshal into Go struct field pass of type string")),
    ],
)
async def test_what_a_user_cannot_be(
    served: Served, root: dict[str, str], path: str, body: dict[str, Any], problems: tuple[int, str]
) -> None:
    before = await served.house.accounts.users.all()
    assert problem(await served.here.post(path, headers=root, json=body)) == problems
    assert await served.house.accounts.users.all() == before


async def test_a_new_user_needs_a_password_of_any_length_up_to_the_limit(served: Served, root: dict[str, str]) -> None:
    assert problem(await served.here.post("/user", headers=root, json={"name": "eve"})) == (
        400,
        "Field 'pass' is required",
    )
    long = "x" * 256
    assert (await served.here.post("/user", headers=root, json={"name": "eve", "pass": long})).status_code == 200
    assert (await served.here.get("/current/user", headers=basic("eve", long))).status_code == 200
    almost = basic("eve", long[:72] + "y" * 184)
    assert (await served.here.get("/current/user", headers=almost)).status_code == 401, "every byte of it counts"


@pytest.mark.parametrize("path", ["/user/x", "/user/-1", "/user/9"])
async def test_a_user_who_does_not_exist(served: Served, root: dict[str, str], path: str) -> None:
    expected = (404, "user does not exist") if path == "/user/9" else (400, "invalid id")
    for method in ("GET", "POST", "DELETE"):
        answer = await served.here.request(method, path, headers=root, json={"name": "eve"})
        assert problem(answer) == expected


async def test_a_deleted_users_streams_end_without_a_close_frame(served: Served, root: dict[str, str]) -> None:
    async with (
        serving(served.front) as server,
        connect(f"{server.url}/stream?token={served.client}") as by_token,
        connect(f"{server.url}/stream", additional_headers=basic("ada", "ada")) as by_password,
    ):
        assert (await served.here.delete("/user/1", headers=root)).status_code == 200
        for stream in (by_token, by_password):
            with pytest.raises(ConnectionClosed) as caught:
                await asyncio.wait_for(stream.recv(), 5)
            assert caught.value.rcvd is None
    assert problem(await served.post(json={"message": "a"})) == (401, UNAUTHENTICATED)


# Who makes a user


class TestRegistration:
    """Where anybody may make himself an account."""

    @pytest.fixture
    async def open_house(self, served: Served) -> AsyncIterator[httpx.AsyncClient]:
        kit = served.house.kit
        kit = msgspec.structs.replace(kit, site=msgspec.structs.replace(kit.site, registration=True))
        transport = httpx.ASGITransport(Front({"gotify": gotify.mount(kit)}), client=("192.0.2.7", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://bell") as client:
            yield client

    async def test_anybody_makes_himself_an_account(self, open_house: httpx.AsyncClient) -> None:
        assert (await open_house.get("/gotifyinfo")).json()["register"] is True
        answer = await open_house.post("/user", json={"name": "eve", "pass": "eve"})
        assert answer.json() == {"id": 2, "name": "eve", "admin": False, "createdAt": "2026-09-01T12:00:00Z"}
        assert (await open_house.get("/current/user", headers=basic("eve", "eve"))).status_code == 200
        again = await open_house.post("/user", json={"name": "eve", "pass": "other"})
        assert problem(again) == (400, "username already exists")

    async def test_nobody_makes_himself_an_admin(
        self, served: Served, open_house: httpx.AsyncClient, root: dict[str, str]
    ) -> None:
        body = {"name": "eve", "pass": "eve", "admin": True}
        for headers, problems in (
            ({}, (401, NO_ADMIN)),
            (basic("ada", "wrong"), (401, NO_ADMIN)),
            (basic("ada", "ada"), (403, NO_ADMIN)),
            (key(served.client), (403, NO_ADMIN)),
        ):
            assert problem(await open_house.post("/user", headers=headers, json=body)) == problems
        assert (await open_house.post("/user", headers=root, json=body)).json()["admin"] is True

    async def test_what_is_no_name_or_password_costs_no_account(self, open_house: httpx.AsyncClient) -> None:
        for body in ({"name": "eve", "pass": "p" * 257}, {"name": "e\0e", "pass": "eve"}, {"name": "eve"}) * 2:
            assert (await open_house.post("/user", json=body)).status_code in (400, 413)
        assert (await open_house.post("/user", json={"name": "eve", "pass": "eve"})).status_code == 200

    async def test_one_address_does_not_go_on_for_ever(self, served: Served, open_house: httpx.AsyncClient) -> None:
        answers = [await open_house.post("/user", json={"name": f"eve {n}", "pass": "eve"}) for n in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429]
        assert int(answers[-1].headers["retry-after"]) == 300
        assert len(await served.house.accounts.users.all()) == 6


async def test_where_nobody_registers_only_an_admin_makes_users(served: Served, root: dict[str, str]) -> None:
    body = {"name": "eve", "pass": "eve"}
    assert (await served.here.get("/gotifyinfo")).json()["register"] is False
    for headers, problems in (
        ({}, (401, NOT_ALLOWED)),
        (key("Cwrong"), (401, NOT_ALLOWED)),
        (key(served.application), (401, NOT_ALLOWED)),
        (basic("ada", "wrong"), (401, NOT_ALLOWED)),
        (basic("ada", "ada"), (403, NOT_ALLOWED)),
        (key(served.client), (403, NOT_ALLOWED)),
    ):
        assert problem(await served.here.post("/user", headers=headers, json=body)) == problems
        assert problem(await served.here.post("/user", headers=headers, json={**body, "admin": True})) == problems
        assert problem(await served.here.post("/user", headers=headers)) == (
            400,
            "Field 'name' is required; Field 'pass' is required",
        )
    _, token = await served.house.accounts.devices.add(2, "phone")
    assert (await served.here.post("/user", headers=key(token), json=body)).status_code == 200, "not elevated"
    assert problem(await served.here.get("/user", headers=key(token))) == (
        403,
        "session not elevated, use basic auth or call /client:elevate",
    )


async def test_who_may_not_make_a_user_costs_no_hash(served: Served) -> None:
    """Argon2 takes 64 MiB and a tenth of a second."""
    hashed: list[str] = []

    class Counting(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            hashed.append(str(password))
            return super().hash(password, salt=salt)

    house = served.house
    passwords = Passwords(house.clock, house.ids, Counting(time_cost=1, memory_cost=8, parallelism=1))
    access = Access(house.store, passwords, house.clock)
    accounts = Accounts.over(
        store=house.store,
        hub=house.hub,
        access=access,
        passwords=passwords,
        clock=house.clock,
        ids=house.ids,
        limits=house.kit.limits,
    )
    kit = msgspec.structs.replace(house.kit, access=access, accounts=accounts)
    transport = httpx.ASGITransport(Front({"gotify": gotify.mount(kit)}))
    async with httpx.AsyncClient(transport=transport, base_url="http://bell") as client:
        for headers in ({}, key(served.client)):
            answer = await client.post("/user", headers=headers, json={"name": "eve", "pass": "eve"})
            assert answer.status_code in (401, 403)
            answer = await client.post("/user/1", headers=headers, json={"name": "eve", "pass": "eve"})
            assert answer.status_code in (401, 403)
    assert hashed == []
    await access.close()
    passwords.close()
