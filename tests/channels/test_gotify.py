from __future__ import annotations

from msgspec.structs import replace

from carillon.channels import gotify
from carillon.core.channels import Broken, Sent
from tests.channels.outside import Told, answer, parcel

OPTIONS = gotify.Options(url="https://gotify.example/", token="Atoken")


async def test_a_message_with_all_that_gotify_knows() -> None:
    outside = Told(answer(200, {"id": 7}))
    message = parcel(level=8, content_type="text/markdown", url="https://a.example", picture="https://b.example/x.png")
    assert await gotify.send(OPTIONS, message, outside) == Sent(status=200, remote="7")
    (request,) = outside.asked
    assert (request.method, request.url) == ("POST", "https://gotify.example/message")
    assert request.headers["x-gotify-key"] == "Atoken"
    assert request.json == {
        "title": "Transfer Complete: Daily Backup",
        "message": "all is well",
        "priority": 8,
        "extras": {
            "client::display": {"contentType": "text/markdown"},
            "client::notification": {"click": {"url": "https://a.example"}, "bigImageUrl": "https://b.example/x.png"},
        },
    }


async def test_priorities() -> None:
    for options, given, expected in (
        (OPTIONS, {"dialect": "gotify", "priority": 42, "level": 10}, 42),
        (replace(OPTIONS, priority=3), {"dialect": "gotify", "priority": 42, "level": 10}, 3),
        (gotify.Options(url="https://g.example", token="A", priority=3), {"level": 8}, 3),
        (OPTIONS, {"level": 8, "silent": True}, 0),
    ):
        outside = Told()
        await gotify.send(options, parcel(**given), outside)
        assert outside.asked[0].json["priority"] == expected


async def test_a_token_that_is_not_known() -> None:
    outside = Told(answer(401, {"error": "Unauthorized", "errorDescription": "you need a valid token"}))
    expected = Broken(code="auth", status=401, text="you need a valid token", field="token")
    assert await gotify.send(OPTIONS, parcel(), outside) == expected
    assert await gotify.check(OPTIONS, Told(answer(200, {"version": "2.9"}), answer(401, {}))) != Sent()


async def test_a_check_posts_nothing_that_is_taken() -> None:
    outside = Told(answer(200, {"version": "3.0.0"}), answer(400, {"errorDescription": "message is required"}))
    assert await gotify.check(OPTIONS, outside) == Sent(status=200, text="Gotify 3.0.0 knows the token")
    assert outside.asked[1].body == b"{}"
