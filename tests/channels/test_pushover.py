from __future__ import annotations

from typing import Any

import pytest

from carillon.channels import pushover
from carillon.core.channels import Broken, Failure, Followed, Picture, Refused, Retry, Sent, Throttled
from carillon.core.forms import BadOption, read
from tests.builders import NOON, SECOND
from tests.channels.outside import Told, answer, parcel

KEYS = {"user": "u" * 30, "token": "a" * 30}
OK = answer(200, {"status": 1, "request": "r1"}, x_limit_app_remaining="9937")


def options(**given: Any) -> pushover.Options:
    found: pushover.Options = read(pushover.Options, KEYS | given)
    return found


async def told(chosen: pushover.Options, **given: Any) -> dict[str, str]:
    outside = Told(OK)
    assert await pushover.send(chosen, parcel(**given), outside) == Sent(status=200, remote="r1", quota_left=9937)
    (request,) = outside.asked
    assert (request.method, request.url) == ("POST", "https://api.pushover.net/1/messages.json")
    return request.form


async def test_a_message_arrives_with_priority_and_sound() -> None:
    assert await told(options(), sound="pushover") == {
        **KEYS,
        "title": "Transfer Complete: Daily Backup",
        "message": "all is well",
        "priority": "0",
        "sound": "pushover",
        "timestamp": str(NOON // SECOND),
    }


async def test_several_lines_a_siren_and_an_address_arrive_with_all_their_fields() -> None:
    body = "Source: nas\nTarget: cloud\nError: connection reset"
    found = await told(
        options(devices=["phone", "tablet"]),
        title="Transfer Failed: Daily Backup",
        body=body,
        level=8,
        sound="siren",
        url="https://gomft.example/jobs/7",
        url_title="View log",
    )
    assert (found["message"], found["priority"], found["sound"]) == (body, "1", "siren")
    assert (found["url"], found["url_title"]) == ("https://gomft.example/jobs/7", "View log")
    assert found["device"] == "phone,tablet"
    assert not {"retry", "expire"} & set(found)


@pytest.mark.parametrize(("level", "priority"), [(0, -2), (1, -1), (3, -1), (4, 0), (7, 0), (8, 1), (10, 1)])
async def test_levels_are_priorities_and_none_is_an_emergency_by_itself(level: int, priority: int) -> None:
    assert (await told(options(), level=level))["priority"] == str(priority)


async def test_an_emergency_is_what_the_table_says_and_never_without_retry_and_expire() -> None:
    table = {"urgent": {"priority": "2", "sound": "siren"}, "high": {"sound": "bike"}}
    found = await told(options(levels=table, ttl=60), level=10, ttl=90)
    assert (found["priority"], found["retry"], found["expire"], found["sound"]) == ("2", "60", "3600", "siren")
    assert "ttl" not in found
    assert (await told(options(levels=table), level=8))["sound"] == "bike"
    assert (await told(options(priority="2", retry=30, expire=90), level=1))["retry"] == "30"


async def test_a_number_of_pushovers_own_scale_stays_and_silence_is_low() -> None:
    assert (await told(options(), dialect="pushover", priority=-2, level=0))["priority"] == "-2"
    assert (await told(options(), level=10, silent=True))["priority"] == "-1"


async def test_a_long_text_is_cut_with_a_link_or_split() -> None:
    found = await told(options(), body="x" * 3000, link="http://bell.example/#/m/1")
    assert len(found["message"]) <= 1024
    assert found["message"].endswith("…\nhttp://bell.example/#/m/1")
    outside = Told(OK)
    await pushover.send(options(split=True), parcel(body="word " * 500), outside)
    assert [len(each.form["message"]) <= 1024 for each in outside.asked] == [True] * 3


async def test_an_emergency_is_not_split() -> None:
    outside = Told(OK)
    await pushover.send(options(split=True, priority="2"), parcel(body="word " * 500), outside)
    (request,) = outside.asked
    assert request.form["priority"] == "2"
    assert len(request.form["message"]) <= 1024


async def test_a_part_that_fails_is_where_the_next_attempt_goes_on() -> None:
    outside = Told(OK, answer(500))
    found = await pushover.send(options(split=True), parcel(body="word " * 500), outside)
    assert isinstance(found, Retry)
    assert found.progress == "1"
    again = Told(OK)
    await pushover.send(options(split=True), parcel(body="word " * 500, progress="1"), again)
    assert len(again.asked) == 2


async def test_a_picture_goes_along() -> None:
    outside = Told(OK, picture=Picture("image/png", b"\x89PNG"))
    await pushover.send(options(), parcel(picture="https://a.example/x.png"), outside)
    (request,) = outside.asked
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="attachment"; filename="picture.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in request.body
    assert b'name="message"\r\n\r\nall is well' in request.body


async def test_the_remotes_own_words_and_the_field_at_fault_are_told() -> None:
    said = "application token is invalid, see https://pushover.net/api"
    outside = Told(answer(400, {"token": "invalid", "errors": [said], "status": 0, "request": "r"}))
    found = await pushover.send(options(), parcel(), outside)
    assert found == Broken(code="auth", status=400, text=said, field="token")
    outside = Told(answer(400, {"message": "cannot be blank", "errors": ["message cannot be blank"], "status": 0}))
    assert await pushover.send(options(), parcel(), outside) == Refused(
        code="rejected", status=400, text="message cannot be blank"
    )


async def test_a_quota_that_is_used_up_rests_until_the_month_ends() -> None:
    outside = Told(answer(429, {"errors": ["over quota"], "status": 0}, x_limit_app_reset=str(NOON // SECOND + 500)))
    found = await pushover.send(options(), parcel(), outside)
    assert isinstance(found, Throttled)
    assert (found.seconds, found.text) == (500, "over quota")


async def test_a_receipt_is_followed() -> None:
    outside = Told(answer(200, {"status": 1, "request": "r", "receipt": "R" * 30}))
    sent = await pushover.send(options(priority="2"), parcel(), outside)
    assert isinstance(sent, Sent)
    assert sent.receipt == "R" * 30
    at, by = NOON // SECOND, "pixel8"
    acknowledged = {"status": 1, "acknowledged": 1, "acknowledged_at": at, "acknowledged_by_device": by, "expired": 0}
    outside = Told(answer(200, acknowledged))
    assert await pushover.follow(options(), "R", outside) == Followed(acknowledged=NOON, by=by)
    assert outside.asked[0].url == f"https://api.pushover.net/1/receipts/R.json?token={'a' * 30}"
    for told_, expected in (
        ({"status": 1, "acknowledged": 0, "expired": 0}, Followed()),
        ({"status": 1, "acknowledged": 0, "expired": 1}, Followed(over=True)),
        ({"status": 0, "receipt": "not found", "errors": ["receipt not found"]}, Followed(over=True)),
        ({}, Followed()),
    ):
        assert await pushover.follow(options(), "R", Told(answer(200, told_))) == expected


async def test_a_check_sends_nothing() -> None:
    outside = Told(answer(200, {"status": 1, "devices": ["pixel8", "ipad"], "request": "r"}))
    found = await pushover.check(options(), outside)
    assert (type(found), found.text) == (Sent, "The key is known. Devices: pixel8, ipad")
    assert outside.asked[0].url == "https://api.pushover.net/1/users/validate.json"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"token": "a" * 28}, "token"),
        ({"retry": 5}, "retry"),
        ({"priority": "7"}, "priority"),
        ({"base_url": "x"}, "base_url"),
    ],
)
def test_options_that_cannot_be(given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadOption) as caught:
        options(**given)
    assert caught.value.field == field


async def test_what_is_not_answered_is_the_couriers_to_judge() -> None:
    with pytest.raises(Failure):
        await pushover.send(options(), parcel(), Told(Failure("timeout", "late", uncertain=True)))
