from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from carillon.channels import ntfy
from carillon.core.channels import Broken, Sent
from carillon.core.forms import read
from tests.channels.outside import Told, answer, parcel


def options(**given: Any) -> ntfy.Options:
    found: ntfy.Options = read(ntfy.Options, {"topic": "home"} | given)
    return found


async def test_a_message_goes_to_the_root_as_json() -> None:
    outside = Told(answer(200, {"id": "x1"}))
    message = parcel(level=10, tags=("disk",), link="http://bell.example/#/m/1", picture="https://a.example/x.png")
    assert await ntfy.send(options(tags=["nas"]), message, outside) == Sent(status=200, remote="x1")
    (request,) = outside.asked
    assert (request.method, request.url) == ("POST", "https://ntfy.sh/")
    assert request.json == {
        "topic": "home",
        "title": "Transfer Complete: Daily Backup",
        "message": "all is well",
        "markdown": False,
        "priority": 5,
        "tags": ["disk", "nas"],
        "click": "http://bell.example/#/m/1",
        "attach": "https://a.example/x.png",
    }


@pytest.mark.parametrize(("level", "priority"), [(0, 1), (2, 2), (5, 3), (9, 4), (10, 5)])
async def test_levels(level: int, priority: int) -> None:
    outside = Told()
    await ntfy.send(options(), parcel(level=level), outside)
    assert outside.asked[0].json["priority"] == priority


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, None),
        ({"login": "token", "token": "tk_1"}, "Bearer tk_1"),
        ({"login": "basic", "user": "ada", "password": "pw"}, "Basic " + b64encode(b"ada:pw").decode()),
    ],
)
async def test_logins(given: dict[str, Any], expected: str | None) -> None:
    outside = Told()
    await ntfy.send(options(**given), parcel(), outside)
    assert outside.asked[0].headers.get("authorization") == expected


async def test_a_long_text_is_cut_before_it_becomes_a_file() -> None:
    outside = Told()
    await ntfy.send(options(), parcel(body="ä" * 5000, link="http://b.example/1"), outside)
    message = outside.asked[0].json["message"]
    assert len(message.encode()) <= ntfy.LONGEST
    assert message.endswith("http://b.example/1")


async def test_a_check_asks_whether_the_topic_may_be_used() -> None:
    outside = Told()
    assert (await ntfy.check(options(), outside)).text == "The topic may be used"
    assert outside.asked[0].url == "https://ntfy.sh/home/auth"
    forbidden = Told(answer(403, {"error": "forbidden"}))
    assert await ntfy.check(options(), forbidden) == Broken(code="auth", status=403, text="forbidden", field="topic")


async def test_a_login_that_may_not_read_passes_a_check_as_it_may_still_write() -> None:
    given = options(login="token", token="tk_1")
    found = await ntfy.check(given, Told(answer(403, {"error": "forbidden"})))
    assert found == Sent(status=403, text="The login is right, and may not read the topic")
    assert isinstance(await ntfy.check(given, Told(answer(401, {"error": "unauthorized"}))), Broken)
