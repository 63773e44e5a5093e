from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import msgspec
import pytest

from carillon.core.limits import Limits
from carillon.core.publish import IDEMPOTENCY_MICROSECONDS
from carillon.core.rates import Publishing, publishing
from carillon.dialects import gotify
from carillon.front import Front
from tests.builders import NOON, SECOND
from tests.dialects.gotify.conftest import UNAUTHENTICATED, Served, basic, key, problem

REFUSED = (401, UNAUTHENTICATED)


async def sent(served: Served, count: int) -> list[int]:
    answers = await asyncio.gather(*(served.post(json={"message": str(number)}) for number in range(count)))
    return sorted(answer.json()["id"] for answer in answers)


# Posting


async def test_a_message_is_answered_as_it_is_listed(served: Served) -> None:
    extras = {"client::display": {"contentType": "text/markdown"}, "a": [1, None, 2.5, "<&>"]}
    response = await served.post(json={"message": "done <b>", "title": "Night", "priority": 7, "extras": extras})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    message = response.json()
    assert message == {
        "id": 1,
        "appid": 1,
        "message": "done <b>",
        "title": "Night",
        "priority": 7,
        "extras": extras,
        "date": "2026-09-01T12:00:00Z",
    }
    listed = await served.get("/message")
    assert listed.json() == {"paging": {"size": 1, "since": 0, "limit": 100}, "messages": [message]}
    assert response.content in listed.content
    stored = (await served.house.inbox.item(served.ada.id, 1)).message
    assert (stored.dialect, stored.content_type, stored.created) == ("gotify", "text/markdown", NOON)


async def test_title_and_priority_come_from_the_application_where_they_are_left_out(served: Served) -> None:
    bodies: list[dict[str, Any]] = [{"message": "a"}, {"message": "a", "title": " ", "priority": None, "extras": {}}]
    for body in bodies:
        message = (await served.post(json=body)).json()
        assert (message["title"], message["priority"]) == ("Backup", 4)
        assert "extras" not in message
    assert (await served.post(json={"message": "a", "priority": 0})).json()["priority"] == 0


async def test_every_form_of_a_body_is_posted(served: Served) -> None:
    token = {"X-Gotify-Key": served.application}
    forms: list[dict[str, Any]] = [
        {"json": {"message": "a", "title": "t", "priority": 2}},
        {"data": {"message": "a", "title": "t", "priority": "2"}},
        {"files": {"message": (None, "a"), "title": (None, "t"), "priority": (None, "2")}},
        {"params": {"message": "a", "title": "t", "priority": "2"}},
        {"params": {"title": "t", "priority": "2"}, "data": {"message": "a"}},
        {"content": b'{"message":"a","title":"t","priority":"2"}'},
        {"content": b'{"message":"a","title":"t","priority":2}', "headers": {**token, "Content-Type": "text/plain"}},
    ]
    for form in forms:
        message = (await served.post(**form)).json()
        assert (message["message"], message["title"], message["priority"]) == ("a", "t", 2), form


async def test_every_place_of_an_applications_token(served: Served) -> None:
    token, body = served.application, {"message": "a"}
    places: list[dict[str, Any]] = [
        {"params": {"token": token}, "headers": {}},
        {"headers": {"X-Gotify-Key": token}},
        {"headers": {"Authorization": f"Bearer {token}"}},
    ]
    for place in places:
        assert (await served.post(json=body, **place)).status_code == 200
    wrong: list[dict[str, Any]] = [
        {"headers": {}},
        {"params": {"token": "Awrong"}, "headers": key(token)},
        {"headers": {"X-Gotify-Key": "Awrong", "Authorization": f"Bearer {token}"}},
        {"headers": key(token.lower())},
        {"headers": basic("ada", "wrong")},
    ]
    for place in wrong:
        assert problem(await served.post(json=body, **place)) == REFUSED
    assert await served.listed() == ["a"] * 3


async def test_with_an_applications_token_the_appid_in_the_body_does_not_count(served: Served) -> None:
    other, _ = await served.house.sender(served.ada, "Door")
    for appid in (0, other.application.id, 99, -1):
        assert (await served.post(json={"message": "a", "appid": appid})).json()["appid"] == 1


async def test_a_user_names_his_application(served: Served) -> None:
    for headers in (key(served.client), basic("ada", "ada"), {"Authorization": f"Bearer {served.client}"}):
        message = await served.post(json={"message": "a", "appid": 1}, headers=headers)
        assert (message.status_code, message.json()["appid"], message.json()["priority"]) == (200, 1, 4)
    form = await served.post(data={"message": "a", "appid": "1"}, headers=key(served.client))
    assert form.json()["appid"] == 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"message": "a"}, "appid is required when not authenticating with an application token"),
        ({"message": "a", "appid": None}, "appid is required when not authenticating with an application token"),
        ({"message": "a", "appid": 0}, "appid is required when not authenticating with an application token"),
        ({"message": "a", "appid": 99}, "appid not found"),
        ({"message": "a", "appid": 2}, "appid not found"),
        ({"message": "a", "appid": -1}, "appid not found"),
        ({"message": "a", "appid": 2**63 - 1}, "appid not found"),
        ({"message": "a", "appid": 2**64}, "json: cannot unmarshal into Go struct field appid of type int"),
        ({"appid": 1}, "Field 'message' is required"),
    ],
)
async def test_a_user_has_to_name_an_application_of_his_own(served: Served, body: dict[str, Any], text: str) -> None:
    """The application 2 is somebody else's."""
    await served.house.sender(await served.house.user("eve"), "Door")
    assert problem(await served.post(json=body, headers=key(served.client))) == (400, text)
    assert problem(await served.post(json=body, headers=basic("ada", "ada"))) == (400, text)
    assert await served.listed() == []


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "EOF"),
        (b"{}", "Field 'message' is required"),
        (b'{"message":""}', "Field 'message' is required"),
        (b'{"message":"a","priority":2147483648}', "priority must be a 32-bit number"),
        (b'{"message":"a","priority":"high"}', 'strconv.ParseInt: parsing "high": invalid syntax'),
    ],
)
async def test_what_is_refused_is_not_stored(served: Served, body: bytes, text: str) -> None:
    headers = {**key(served.application), "Content-Type": "application/json"}
    assert problem(await served.post(content=body, headers=headers)) == (400, text)
    assert await served.listed() == []


class TestSmall:
    """Where little is allowed."""

    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(request=300, text=100, title=20, json=50)

    async def test_what_is_too_large_is_refused(self, served: Served) -> None:
        assert (await served.post(json={"message": "x" * 100, "title": "y" * 20})).status_code == 200
        for body, text in (
            ({"message": "x" * 101}, "message is longer than 100 bytes"),
            ({"message": "ü" * 50 + "x"}, "message is longer than 100 bytes"),
            ({"message": "x", "title": "y" * 21}, "title is longer than 20 bytes"),
            ({"message": "x", "extras": {"k": "v" * 50}}, "extras is longer than 50 bytes"),
            ({"message": "x", "y": "z" * 300}, "the request is larger than 300 bytes"),
        ):
            assert problem(await served.post(json=body)) == (413, text)
        assert len(await served.listed()) == 1


async def test_a_zero_byte_and_foreign_bytes_arrive_as_far_as_they_can(served: Served) -> None:
    assert (await served.post(json={"message": "a\0b"})).json()["message"] == "a�b"
    headers = {**key(served.application), "Content-Type": "application/json"}
    assert (await served.post(content=b'{"message":"\xfc"}', headers=headers)).json()["message"] == "�"


# The same request again


async def test_the_same_request_under_one_key_is_one_message(served: Served) -> None:
    headers = {**key(served.application), "Idempotency-Key": "k"}
    first = await served.post(json={"message": "a"}, headers=headers)
    served.house.clock.advance(IDEMPOTENCY_MICROSECONDS - 1)
    again = await served.post(data={"message": "a"}, headers=headers)
    assert again.content == first.content
    other = await served.post(json={"message": "b"}, headers=headers)
    assert problem(other)[0] == 409
    assert await served.listed() == ["a"]
    served.house.clock.advance(1)
    later = await served.post(json={"message": "b"}, headers=headers)
    assert (later.status_code, later.json()["id"]) == (200, 2)


async def test_a_key_is_its_applications_alone(served: Served) -> None:
    _, other = await served.house.sender(served.ada, "Door")
    for token in (served.application, other):
        answer = await served.post(json={"message": "a"}, headers={**key(token), "Idempotency-Key": "k"})
        assert answer.status_code == 200
    assert await served.listed() == ["a", "a"]


async def test_an_empty_key_is_none_and_a_long_one_is_refused(served: Served) -> None:
    for idempotency, count in (("", 1), ("", 2), ("k" * 256, 3)):
        headers = {**key(served.application), "Idempotency-Key": idempotency}
        assert (await served.post(json={"message": "a"}, headers=headers)).status_code == 200
        assert len(await served.listed()) == count
    headers = {**key(served.application), "Idempotency-Key": "k" * 257}
    assert problem(await served.post(json={"message": "a"}, headers=headers))[0] == 413


# Stopping, failing, going away


async def test_who_stops_says_when_to_try_again(served: Served) -> None:
    served.house.publisher.stop()
    response = await served.post(json={"message": "a"})
    assert problem(response) == (503, "the server is stopping")
    assert response.headers["retry-after"] == "5"


async def test_to_a_client_that_went_away_nothing_is_answered(served: Served) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(event: Any) -> None:
        raise AssertionError("nobody is there")

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/message",
        "query_string": b"",
        "headers": [(b"x-gotify-key", served.application.encode())],
        "client": ("127.0.0.1", 1),
    }
    await served.front(scope, gone, send)
    assert await served.listed() == []


# Lists


async def test_all_of_250_messages_are_paged_through_by_since_and_by_next(served: Served) -> None:
    ids = await sent(served, 250)
    for path in ("/message", "/application/1/message"):
        seen, since, sizes = [], 0, []
        while True:
            page = (await served.get(path, params={"limit": 100, "since": since})).json()
            seen += [message["id"] for message in page["messages"]]
            sizes.append(page["paging"]["size"])
            since = page["paging"]["since"]
            if "next" not in page["paging"]:
                break
            assert page["paging"]["next"] == f"{path}?limit=100&since={since}"
            assert (await served.get(page["paging"]["next"])).status_code == 200
        assert (sizes, since) == ([100, 100, 50], 0)
        assert seen == ids[::-1]


async def test_all_messages_are_paged_through_forward(served: Served) -> None:
    _, door = await served.house.sender(served.ada, "Door")
    ids = await sent(served, 5)
    await served.post(json={"message": "ring"}, headers=key(door))
    for path, expected in (("/message", [*ids, 6]), ("/application/1/message", ids)):
        seen, sizes, following = [], [], f"{path}?limit=3&after=0"
        while following:
            page = (await served.get(following)).json()
            seen += [message["id"] for message in page["messages"]]
            sizes.append(page["paging"]["size"])
            assert page["paging"]["since"] == 0
            following = page["paging"].get("next", "")
            assert following in ("", f"{path}?limit=3&after={seen[-1]}")
        assert (seen, sizes[0]) == (expected, 3)


async def test_a_page_after_what_is_gone_or_not_there_yet(served: Served) -> None:
    await sent(served, 4)
    await served.delete("/message/2")
    for query, ids in (("after=2", [3, 4]), ("after=4", []), ("after=99", []), (f"after={2**63 - 1}", [])):
        page = (await served.get(f"/message?{query}&since=0")).json()
        assert [message["id"] for message in page["messages"]] == ids
    assert problem(await served.get("/application/99/message?after=0")) == (404, "application does not exist")


async def test_a_list_has_a_hundred_messages_unless_asked_for_others(served: Served) -> None:
    await sent(served, 201)
    for query, size in (("", 100), ("?limit=1&since=0", 1), ("?limit=200", 200), ("?since=2", 1), ("?since=1", 0)):
        page = (await served.get(f"/message{query}")).json()
        assert page["paging"]["size"] == len(page["messages"]) == size


async def test_next_is_an_address_for_clients_of_gotify_2(served: Served) -> None:
    for number in range(2):
        await served.post(json={"message": str(number)})
    kit = served.house.kit
    site = msgspec.structs.replace(kit.site, gotify_face=2)
    transport = httpx.ASGITransport(
        Front({"gotify": gotify.mount(msgspec.structs.replace(kit, site=site))}), client=("192.0.2.1", 1)
    )
    headers = key(served.client)
    proxied = {"X-Forwarded-Host": "bell.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/ring"}
    async with httpx.AsyncClient(transport=transport, base_url="http://inside:8080", headers=headers) as client:
        direct = (await client.get("/message?limit=1")).json()["paging"]
        assert direct["next"] == f"http://inside:8080/message?limit=1&since={direct['since']}"
        asked = (await client.get("/application/1/message?limit=1", headers=proxied)).json()["paging"]
        assert asked["next"] == f"https://bell.example/ring/application/1/message?limit=1&since={asked['since']}"


async def test_an_exact_page_has_no_next(served: Served) -> None:
    await sent(served, 3)
    assert (await served.get("/message?limit=3")).json()["paging"] == {"size": 3, "since": 0, "limit": 3}


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("limit=0", "Field 'limit' must be more or equal to 1"),
        ("limit=201", "Field 'limit' must be less or equal to 200"),
        ("limit=", "Field 'limit' must be more or equal to 1"),
        ("since=-1", 'strconv.ParseUint: parsing "-1": invalid syntax'),
        ("after=-1", 'strconv.ParseUint: parsing "-1": invalid syntax'),
        ("after=", 'strconv.ParseUint: parsing "": invalid syntax'),
        ("after=1&since=3", "since and after exclude each other"),
    ],
)
@pytest.mark.parametrize("path", ["/message", "/application/1/message"])
async def test_a_list_out_of_bounds_is_refused(served: Served, path: str, query: str, text: str) -> None:
    assert problem(await served.get(f"{path}?{query}")) == (400, text)


async def test_a_token_in_the_query_does_not_come_back_in_next(served: Served) -> None:
    await sent(served, 2)
    page = await served.here.get("/message", params={"token": served.client, "limit": 1})
    assert served.client not in page.text


# While a body comes


def slowly(change: Callable[[], Awaitable[object]], **fields: Any) -> dict[str, Any]:
    """A message in two pieces, with something else between them."""

    async def pieces() -> AsyncIterator[bytes]:
        body = msgspec.json.encode({"message": "a", **fields})
        yield body[:9]
        await change()
        yield body[9:]

    return {"content": pieces()}


async def test_a_message_whose_token_dies_before_it_is_whole_is_not_sent(served: Served) -> None:
    accounts = served.house.accounts
    ends: list[tuple[str, Callable[[], Awaitable[object]]]] = [
        (served.client, lambda: accounts.devices.delete(served.ada.id, 1)),
        (served.application, lambda: accounts.applications.regenerate(served.ada.id, 1)),
    ]
    for token, end in ends:
        asked = slowly(end, appid=1)
        assert problem(await served.post(headers=key(token), **asked)) == (401, UNAUTHENTICATED)
    assert await served.house.inbox.page(served.ada.id, limit=9) == []


async def test_a_message_reaches_who_is_a_member_when_it_is_whole(served: Served) -> None:
    house, (eve, bob) = served.house, [await served.house.user(name) for name in ("eve", "bob")]
    await house.accounts.applications.share(served.ada.id, 1, with_user=eve.id)

    async def change() -> None:
        await house.accounts.applications.unshare(served.ada.id, 1, with_user=eve.id)
        await house.accounts.applications.share(served.ada.id, 1, with_user=bob.id)

    assert (await served.post(**slowly(change))).status_code == 200
    found = [len(await house.inbox.page(user.id, limit=9)) for user in (served.ada, eve, bob)]
    assert found == [1, 0, 1]
    by_password = slowly(lambda: house.accounts.users.set_password(served.ada.id, "new"), appid=1)
    assert (await served.post(headers=basic("ada", "ada"), **by_password)).status_code == 200
    by_client = slowly(lambda: house.accounts.devices.add(served.ada.id, "desk"), appid=1)
    assert (await served.post(headers=key(served.client), **by_client)).status_code == 200


# Deletes


async def test_one_message_is_deleted_once(served: Served) -> None:
    await sent(served, 2)
    newer, _ = await served.listed()
    response = await served.delete("/message/1")
    assert (response.status_code, response.content) == (200, b"")
    assert problem(await served.delete("/message/1")) == (404, "message does not exist")
    assert await served.listed() == [newer]


async def test_all_messages_are_deleted_and_ids_go_on(served: Served) -> None:
    await sent(served, 3)
    response = await served.delete("/message")
    assert (response.status_code, response.content) == (200, b"")
    assert await served.listed() == []
    assert await sent(served, 1) == [4]


async def test_messages_of_one_application_are_deleted(served: Served) -> None:
    _, door = await served.house.sender(served.ada, "Door")
    await sent(served, 1)
    await served.post(json={"message": "ring"}, headers=key(door))
    response = await served.delete("/application/1/message")
    assert (response.status_code, response.content) == (200, b"")
    assert await served.listed() == ["ring"]
    assert (await served.get("/application/1/message")).json()["messages"] == []


async def test_what_is_anothers_is_as_what_does_not_exist(served: Served) -> None:
    eve = await served.house.user("eve")
    _, secret = await served.house.accounts.devices.add(eve.id, "phone")
    await sent(served, 1)
    for headers, application, message in ((key(secret), 1, 1), (key(served.client), 99, 99)):
        lists = await served.get(f"/application/{application}/message", headers=headers)
        assert problem(lists) == (404, "application does not exist")
        cleared = await served.delete(f"/application/{application}/message", headers=headers)
        assert problem(cleared) == (404, "application does not exists")
        deleted = await served.delete(f"/message/{message}", headers=headers)
        assert problem(deleted) == (404, "message does not exist")
    assert (await served.get("/message", headers=key(secret))).json()["messages"] == []
    assert (await served.delete("/message", headers=key(secret))).status_code == 200
    assert await served.listed() == ["0"]


# The last use


async def test_the_last_use_of_application_and_client_is_shown(served: Served) -> None:
    assert (await served.get("/application")).json()[0]["lastUsed"] is None
    await served.post(json={"message": "a"})
    await served.house.access.close()
    assert (await served.get("/application")).json()[0]["lastUsed"] == "2026-09-01T12:00:00Z"
    assert (await served.get("/client")).json()[0]["lastUsed"] == "2026-09-01T12:00:00Z"


# Who sends, and how often


async def test_a_token_goes_before_a_password(served: Served) -> None:
    """The other way round than where messages are read."""
    eve = await served.house.user("eve")
    await served.house.sender(eve, "Eve's")
    both = {**key(served.client), **basic("eve", "eve")}
    posted = await served.post(json={"message": "a", "appid": 1}, headers=both)
    assert (posted.status_code, posted.json()["appid"]) == (200, 1)
    assert problem(await served.post(json={"message": "a", "appid": 2}, headers=both)) == (400, "appid not found")
    by_application = {**key(served.application), **basic("eve", "eve")}
    assert (await served.post(json={"message": "a", "appid": 2}, headers=by_application)).json()["appid"] == 1
    wrong = {**key("Cwrong"), **basic("eve", "eve")}
    assert (await served.post(json={"message": "a", "appid": 2}, headers=wrong)).json()["appid"] == 2


async def test_a_page_sends_by_its_cookie_which_is_renewed(served: Served) -> None:
    await served.house.accounts.devices.update(served.ada.id, 1, expires_after=604800)
    headers = {"Cookie": f"a=b; gotify-client-token={served.client}"}
    first, second = [await served.post(json={"message": "a", "appid": 1}, headers=headers) for _ in range(2)]
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.headers["set-cookie"].startswith(f"gotify-client-token={served.client}; Path=/; Max-Age=604800;")
    assert "set-cookie" not in second.headers
    strange = {**headers, "Sec-Fetch-Site": "cross-site"}
    assert (await served.post(json={"message": "a", "appid": 1}, headers=strange)).status_code == 403


class TestRates:
    @pytest.fixture
    def rates(self) -> Publishing | None:
        return publishing(1, 5)

    async def test_a_noisy_sender_is_refused_and_no_other(self, served: Served) -> None:
        _, quiet = await served.house.sender(served.ada, "Door")
        answers = [await served.post(json={"message": "a"}) for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
        assert problem(answers[-1]) == (429, "this token sends too much; try again in 1 s")
        assert answers[-1].headers["retry-after"] == "1"
        assert (await served.post(json={"message": "b"}, headers=key(quiet))).status_code == 200
        served.house.clock.advance(SECOND)
        assert [(await served.post(json={"message": "a"})).status_code for _ in range(2)] == [200, 429]

    async def test_who_sends_himself_is_counted_too(self, served: Served) -> None:
        body = {"message": "a", "appid": 1}
        for headers, count in ((key(served.client), 5), (basic("ada", "ada"), 15)):
            answers = [await served.post(json=body, headers=headers) for _ in range(count + 1)]
            assert [answer.status_code for answer in answers] == [200] * count + [429]
        assert len(await served.listed()) == 20, "reading is not counted"

    async def test_what_is_too_much_is_refused_before_its_body_is_read(self, served: Served) -> None:
        for _ in range(5):
            await served.post(json={"message": "a"})
        events: list[Any] = []

        async def receive() -> Any:
            raise AssertionError("the body is not read")

        async def send(event: Any) -> None:
            events.append(event)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/message",
            "query_string": b"",
            "headers": [(b"x-gotify-key", served.application.encode())],
            "client": ("127.0.0.1", 4711),
        }
        await served.front(scope, receive, send)
        assert events[0]["status"] == 429
