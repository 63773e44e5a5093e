from __future__ import annotations

from carillon.channels import pushbullet
from carillon.core.channels import Broken, Sent, Throttled
from tests.builders import NOON, SECOND
from tests.channels.outside import Told, answer, parcel

OPTIONS = pushbullet.Options(token="o.token")


async def test_a_note_and_a_link() -> None:
    outside = Told(answer(200, {"iden": "i1"}))
    assert await pushbullet.send(OPTIONS, parcel(), outside) == Sent(status=200, remote="i1")
    (request,) = outside.asked
    assert (request.method, request.url) == ("POST", "https://api.pushbullet.com/v2/pushes")
    assert request.headers["access-token"] == "o.token"
    assert request.json == {
        "type": "note",
        "title": "Transfer Complete: Daily Backup",
        "body": "all is well",
        "guid": "k3X9-4",
    }
    outside = Told()
    await pushbullet.send(OPTIONS, parcel(url="https://a.example"), outside)
    assert (outside.asked[0].json["type"], outside.asked[0].json["url"]) == ("link", "https://a.example")


async def test_a_target() -> None:
    outside = Told()
    await pushbullet.send(pushbullet.Options(token="o", target="channel_tag", name="news"), parcel(), outside)
    assert outside.asked[0].json["channel_tag"] == "news"


async def test_what_it_answers() -> None:
    pro = answer(400, {"error": {"code": "pushbullet_pro_required", "message": "over the limit"}})
    assert await pushbullet.send(OPTIONS, parcel(), Told(pro)) == Broken(
        code="quota", status=400, text="over the limit"
    )
    much = answer(429, {"error": {"message": "slow"}}, x_ratelimit_reset=str(NOON // SECOND + 30))
    found = await pushbullet.send(OPTIONS, parcel(), Told(much))
    assert isinstance(found, Throttled)
    assert found.seconds == 30
    wrong = answer(401, {"error": {"message": "Access token is missing or invalid."}})
    assert (await pushbullet.check(OPTIONS, Told(wrong))).field == "token"
    me = answer(200, {"email": "ada@example.org"})
    assert (await pushbullet.check(OPTIONS, Told(me))).text == "The token is that of ada@example.org"
