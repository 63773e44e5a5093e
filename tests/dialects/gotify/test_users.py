from __future__ import annotations

import pytest

from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem


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
