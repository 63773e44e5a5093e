from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from carillon.core.errors import (
    CarillonError,
    DiskFull,
    Forbidden,
    LockedOut,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from carillon.core.rates import ADDRESS_SIGN_INS, ADDRESS_TOKENS
from carillon.dialects import gotify
from carillon.dialects.gotify import door
from carillon.dialects.gotify.door import LARGEST_FORM
from carillon.front import Front
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem
from tests.hub.serving import serving

REFUSED = (401, UNAUTHENTICATED)
RESTRICTED = "the password of 'admin' is still the published default: change it first (carillon users password admin)"

CLIENT_ROUTES = [
    ("GET", "/application"),
    ("POST", "/application"),
    ("GET", "/application/1/message"),
    ("DELETE", "/application/1/message"),
    ("GET", "/client"),
    ("POST", "/client"),
    ("GET", "/message"),
    ("DELETE", "/message"),
    ("DELETE", "/message/1"),
    ("GET", "/current/user"),
    ("POST", "/current/user/password"),
    ("GET", "/stream"),
    ("PUT", "/client/1"),
    ("DELETE", "/client/1"),
    ("POST", "/client/1/elevate"),
    ("GET", "/user"),
    ("GET", "/user/1"),
    ("POST", "/user/1"),
    ("DELETE", "/user/1"),
]


# Tokens


async def test_every_place_of_a_token(served: Served) -> None:
    token = served.client
    places: list[dict[str, Any]] = [
        {"params": {"token": token}},
        {"headers": {"X-Gotify-Key": token}},
        {"headers": {"x-gotify-key": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"headers": {"Authorization": f"bearer  {token} "}},
        {"headers": {"X-Gotify-Key": "", "Authorization": f"BEARER {token}"}},
        {"params": {"token": ""}, "headers": {"X-Gotify-Key": token}},
        {"params": {"limit": "1", "token": token}},
    ]
    for place in places:
        assert (await served.here.get("/message", **place)).status_code == 200, place


async def test_the_first_place_that_is_not_empty_counts_also_when_it_is_wrong(served: Served) -> None:
    right, wrong = served.client, "Cwrong"
    places: list[dict[str, Any]] = [
        {"params": {"token": wrong}, "headers": {"X-Gotify-Key": right}},
        {"params": {"token": wrong}, "headers": {"Authorization": f"Bearer {right}"}},
        {"headers": {"X-Gotify-Key": wrong, "Authorization": f"Bearer {right}"}},
        {"headers": {"Authorization": f"Bearer {right}", "X-Gotify-Key": wrong}},
    ]
    for place in places:
        assert problem(await served.here.get("/message", **place)) == REFUSED, place
    places = [
        {"params": {"token": right}, "headers": {"X-Gotify-Key": wrong, "Authorization": f"Bearer {wrong}"}},
        {"headers": {"Authorization": f"Bearer {wrong}", "X-Gotify-Key": right}},
    ]
    for place in places:
        assert (await served.here.get("/message", **place)).status_code == 200, place


async def test_the_cookie_is_the_last_place_that_is_looked_at(served: Served) -> None:
    right = {"Cookie": f"theme=dark; gotify-client-token={served.client}; gotify-client-token=Cwrong"}
    for others in ({}, {"X-Gotify-Key": ""}, basic("ada", "wrong")):
        assert (await served.here.get("/message", headers={**right, **others})).status_code == 200, others
    for others in (key("Cwrong"), {"Authorization": "Bearer Cwrong"}, key(served.application)):
        assert problem(await served.here.get("/message", headers={**right, **others})) == REFUSED, others
    for none in ("gotify-client-token=", "gotify-client-token", "xgotify-client-token=" + served.client):
        assert problem(await served.here.get("/message", headers={"Cookie": none})) == REFUSED, none


@pytest.mark.parametrize(("method", "path"), CLIENT_ROUTES)
async def test_a_client_route_wants_a_client(served: Served, method: str, path: str) -> None:
    """Neither nobody, nor an unknown token, nor an application, nor a wrong password."""
    for headers in ({}, key("Cwrong"), key(served.application), basic("ada", "wrong"), basic("eve", "ada")):
        assert problem(await served.here.request(method, path, headers=headers)) == REFUSED


async def test_no_answer_makes_a_browser_ask_for_a_password(served: Served) -> None:
    assert "www-authenticate" not in (await served.here.get("/message")).headers


# Passwords


async def test_a_password_serves_on_client_routes_and_a_token_beside_a_wrong_one(served: Served) -> None:
    assert (await served.here.get("/message", headers=basic("ada", "ada"))).status_code == 200
    both = {**basic("ada", "wrong"), **key(served.client)}
    assert (await served.here.get("/message", headers=both)).status_code == 200
    both = {**basic("ada", "ada"), **key("Cwrong")}
    assert (await served.here.get("/message", headers=both)).status_code == 200


async def test_a_password_may_hold_colons_and_any_letters(served: Served) -> None:
    await served.house.accounts.users.set_password(served.ada.id, "a:ü: ✓")
    assert (await served.here.get("/message", headers=basic("ada", "a:ü: ✓"))).status_code == 200


@pytest.mark.parametrize(
    "value", ["Basic", "Basic ", "Basic !!!", "Basic YWRh", "Basic /w==", "basic\tYWRhOmFkYQ==", "YWRh"]
)
async def test_a_header_that_is_no_password_is_ignored(served: Served, value: str) -> None:
    assert problem(await served.here.get("/message", headers={"Authorization": value})) == REFUSED
    headers = {"Authorization": value, **key(served.client)}
    assert (await served.here.get("/message", headers=headers)).status_code == 200


# The published password


@pytest.fixture
async def admin(served: Served) -> dict[str, str]:
    """Who has the published password still, and a client."""
    house = served.house
    await house.store.delete_user(served.ada.id, now=served.house.clock.now())
    await house.accounts.users.ensure_first(None)
    user = await house.accounts.users.named("admin")
    _, secret = await house.accounts.devices.add(user.id, "phone")
    return key(secret)


async def test_from_elsewhere_the_published_password_only_signs_in(served: Served, admin: dict[str, str]) -> None:
    for headers in (admin, basic("admin", "admin")):
        for method, path in CLIENT_ROUTES:
            if not path.startswith("/current"):
                response = await served.remote.request(method, path, headers=headers)
                assert problem(response) == (403, RESTRICTED), (method, path)
        assert problem(await served.remote.post("/message", headers=headers, json={"message": "a"})) == (
            403,
            RESTRICTED,
        )
        assert (await served.remote.get("/current/user", headers=headers)).status_code == 200
        assert (await served.here.get("/message", headers=headers)).status_code == 200


async def test_a_forged_header_makes_nobody_local(served: Served, admin: dict[str, str]) -> None:
    for forged in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}, {"Forwarded": "for=127.0.0.1"}):
        assert (await served.remote.get("/message", headers={**admin, **forged})).status_code == 403
        passed_on = await served.here.get("/message", headers={**admin, **forged})
        assert passed_on.status_code == 403, "who comes through a proxy on this machine is not at this machine"


async def test_changing_the_password_from_elsewhere_lifts_the_restriction(
    served: Served, admin: dict[str, str]
) -> None:
    response = await served.remote.post(
        "/current/user/password", headers=basic("admin", "admin"), json={"pass": "better"}
    )
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "application/json"
    assert (await served.remote.get("/message", headers=admin)).status_code == 200
    assert (await served.remote.get("/message", headers=basic("admin", "better"))).status_code == 200
    assert problem(await served.remote.get("/message", headers=basic("admin", "admin"))) == REFUSED


async def test_the_published_password_is_no_other_password(served: Served, admin: dict[str, str]) -> None:
    same = {"name": "admin", "pass": "admin", "admin": True}
    for path in ("/current/user/password", "/user/2", "/user"):
        answer = await served.here.post(path, headers=basic("admin", "admin"), json=same)
        assert problem(answer) == (400, "password must not be the published one")
    assert problem(await served.remote.get("/message", headers=admin)) == (403, RESTRICTED)


async def test_an_application_of_his_sends_from_anywhere(served: Served, admin: dict[str, str]) -> None:
    created = await served.here.post("/application", headers=admin, json={"name": "Door"})
    sent = await served.remote.post("/message", headers=key(created.json()["token"]), json={"message": "ring"})
    assert sent.status_code == 200


# Paths


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/nothing"),
        ("GET", "/"),
        ("GET", "//"),
        ("POST", "/nothing/"),
        ("GET", "/message/1"),
        ("PUT", "/message"),
        ("PATCH", "/message/1"),
        ("POST", "/version"),
        ("DELETE", "/version/"),
        ("POST", "//version"),
        ("GET", "/application/1"),
        ("GET", "/message/1/2"),
        ("GET", "/Message"),
        ("PUT", "/user/1"),
        ("GET", "/client/1"),
        ("GET", "/auth/logout"),
        ("GET", "/auth/oidc/login"),
        ("POST", "/auth/oidc/external/authorize"),
        ("TRACE", "/message"),
    ],
)
async def test_what_no_route_answers_is_gotifys_404(served: Served, method: str, path: str) -> None:
    response = await served.here.request(method, f"http://bell{path}", headers=key(served.client))
    assert problem(response) == (404, "page not found")


async def test_a_handshake_that_no_route_answers_is_told_so_too(served: Served) -> None:
    async with serving(served.front) as server:
        for path in ("/nothing", "/message", "/streams", "/"):
            with pytest.raises(InvalidStatus) as caught:
                await connect(f"{server.url}{path}", additional_headers=key(served.client))
            answer = caught.value.response
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
            assert json.loads(answer.body or b"")["errorDescription"] == "page not found"
        async with connect(f"{server.url}/stream/?token={served.client}") as stream:  # it follows the redirect
            sent = await served.post(json={"message": "a"})
            assert await asyncio.wait_for(stream.recv(), 5) == sent.text + "\n"


@pytest.mark.parametrize("path", ["/message", "/version", "/current/user"])
async def test_head_is_not_answered_where_get_is(served: Served, path: str) -> None:
    response = await served.here.head(path, headers=key(served.client))
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")


@pytest.mark.parametrize("path", ["/message", "/nothing", "/", "//message", "/stream", "/message/1/"])
async def test_options_is_answered_empty_for_any_path(served: Served, path: str) -> None:
    response = await served.here.options(f"http://bell{path}")
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("method", "path", "status", "location"),
    [
        ("GET", "/message/?limit=3&x=%26", 301, "/message?limit=3&x=%26"),
        ("GET", "/version/", 301, "/version"),
        ("POST", "/message/", 307, "/message"),
        ("POST", "/message/?token=A", 307, "/message?token=A"),
        ("DELETE", "/message/7/", 307, "/message/7"),
        ("HEAD", "/health/", 307, "/health"),
        ("GET", "//message///", 301, "/message"),
        ("GET", "/application/1/message/", 301, "/application/1/message"),
    ],
)
async def test_a_slash_too_many_at_the_end_is_redirected(
    served: Served, method: str, path: str, status: int, location: str
) -> None:
    response = await served.here.request(method, f"http://bell{path}")
    assert (response.status_code, response.headers["location"]) == (status, location)


@pytest.mark.parametrize(
    ("prefix", "location"),
    [
        ("/bell", "/bell/message?limit=3"),
        ("/bell/", "/bell/message?limit=3"),
        ("//evil.example", "/message?limit=3"),
        ('/"><script>', "/message?limit=3"),
    ],
)
async def test_a_redirect_keeps_the_prefix_that_a_trusted_proxy_took_off(
    served: Served, prefix: str, location: str
) -> None:
    for client, expected in (("192.0.2.1", location), ("192.0.2.9", "/message?limit=3")):
        transport = httpx.ASGITransport(served.front, client=(client, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://bell") as proxy:
            response = await proxy.get("/message/?limit=3", headers={"X-Forwarded-Prefix": prefix})
        assert (response.status_code, response.headers["location"]) == (301, expected)


async def test_a_redirect_keeps_the_prefix_that_is_set(served: Served) -> None:
    kit = served.house.kit
    site = msgspec.structs.replace(kit.site, base_url="https://bell.example/ring")
    front = Front({"gotify": gotify.mount(msgspec.structs.replace(kit, site=site))}, base_url=site.base_url)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(front), base_url="http://bell") as client:
        for path in ("/message/", "/ring/message/", "/ring//message/"):
            response = await client.get(path)
            assert (response.status_code, response.headers["location"]) == (301, "/ring/message")


async def test_doubled_slashes_count_as_one(served: Served) -> None:
    sent = await served.post("http://bell//message", json={"message": "a"})
    assert sent.status_code == 200
    listed = await served.get("http://bell///application//1/message?limit=1")
    assert [message["message"] for message in listed.json()["messages"]] == ["a"]
    assert (await served.delete(f"http://bell/message//{sent.json()['id']}")).status_code == 200


@pytest.mark.parametrize("number", ["x", "-1", "1.0", "+1", "%201", "١", "1" * 19, "0x1", "1;"])
async def test_an_id_is_an_unsigned_number(served: Served, number: str) -> None:
    assert problem(await served.delete(f"/message/{number}")) == (400, "invalid id")
    assert problem(await served.get(f"/application/{number}/message")) == (400, "invalid id")
    assert problem(await served.delete(f"/application/{number}/message")) == (400, "invalid id")


# Errors


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (Unauthenticated("a device token where an application token is needed"), 401, {}),
        (Forbidden("no"), 403, {}),
        (TooMany("too much", 3), 429, {"retry-after": "3"}),
        (LockedOut("too many failed sign-ins"), 429, {"retry-after": "5"}),
        (Unavailable("busy", 7), 503, {"retry-after": "7"}),
        (DiskFull("full", 60), 507, {"retry-after": "60"}),
    ],
)
def test_an_error_of_the_core_becomes_an_answer(error: CarillonError, status: int, headers: dict[str, str]) -> None:
    body, code, sent = door.refusal(error)
    assert code == status
    assert sent == {"content-type": "application/json", **headers}
    assert (UNAUTHENTICATED.encode() in body) == (status == 401)
    assert b"application token" not in body


@pytest.mark.parametrize("token", ["gtfy", "gtfya.short", "gtfyx." + "A" * 43])
async def test_a_token_that_cannot_be_read_is_said_to_be(served: Served, token: str) -> None:
    for answer in (
        await served.here.get("/message", headers=key(token)),
        await served.here.post("/message", params={"token": token}, json={"message": "a"}),
    ):
        status, description = problem(answer)
        assert status == 401
        assert description.startswith("cannot parse token: ")
        assert token not in description.removeprefix("cannot parse token: it begins with gtfy")


# Guessing


async def test_who_guesses_is_told_to_wait_and_is_heard_by_his_token(served: Served) -> None:
    for _ in range(ADDRESS_SIGN_INS.burst):
        assert problem(await served.remote.get("/message", headers=basic("ada", "wrong"))) == REFUSED
    for headers in (basic("ada", "ada"), {**basic("ada", "ada"), **key("Cwrong")}):
        answer = await served.remote.post("/message", headers=headers, json={"message": "a", "appid": 1})
        status, description = problem(answer)
        assert (status, answer.headers["retry-after"]) == (429, description.split()[-2])
        assert description.startswith("too many failed sign-ins; try again in ")
    assert (await served.remote.get("/message", headers=basic("ada", "ada"))).status_code == 429
    assert (await served.here.get("/message", headers=basic("ada", "ada"))).status_code == 200
    for token in (served.client, served.application):
        both = {**basic("ada", "wrong"), **key(token)}
        answer = await served.remote.post("/message", headers=both, json={"message": "a", "appid": 1})
        assert answer.status_code == 200
    both = {**basic("ada", "wrong"), **key(served.client)}
    assert (await served.remote.get("/message", headers=both)).status_code == 200


async def test_too_many_unknown_tokens_do_no_harm_to_a_password_beside_them(served: Served) -> None:
    for _ in range(ADDRESS_TOKENS.burst):
        assert problem(await served.remote.get("/message", headers=key("Cwrong"))) == REFUSED
    assert (await served.remote.get("/message", headers=key("Cwrong"))).status_code == 429
    both = {**basic("ada", "ada"), **key("Cwrong")}
    assert (await served.remote.get("/message", headers=both)).status_code == 200
    assert (await served.remote.post("/message", headers=both, json={"message": "a", "appid": 1})).status_code == 200


async def test_too_many_fields_in_the_query_are_a_bad_request(served: Served) -> None:
    query = "&".join(f"x{number}=" for number in range(101))
    assert problem(await served.get(f"/message?{query}")) == (400, "more than 100 fields")
    assert problem(await served.post(f"/message?{query}", json={"message": "a"})) == (400, "more than 100 fields")


# Bodies


async def test_a_stranger_cannot_make_much_of_a_body_be_read(served: Served) -> None:
    fields = {"name": "eve", "pass": "x" * LARGEST_FORM}
    about = (413, f"the request is larger than {LARGEST_FORM} bytes")
    assert problem(await served.remote.post("/user", json=fields)) == about
    assert problem(await served.remote.post("/user", data=fields)) == about
