from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
import pytest

from carillon.channels import apprise
from carillon.channels._apprise_worker import Answer, Question
from carillon.channels.apprise import Options, check, send
from carillon.core import forms
from carillon.core.channels import Outcome, Outside, Parcel, Reach
from carillon.ops.workers import Workers
from tests.channels.apprise_servers import json_server


class Beyond:
    """The part of `Outside` that asks; with an `answer`, it asks nobody."""

    reach: Reach = "any"

    def __init__(self, workers: Workers, answer: Answer | None = None) -> None:
        self._workers = workers
        self._answer = answer
        self.asked: list[Question] = []

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        self.asked.append(msgspec.json.decode(question, type=Question))
        if self._answer:
            return msgspec.json.encode(self._answer)
        return await self._workers.ask(program, question, seconds=seconds)


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers()
    yield workers
    await workers.close()


def parcel(**changes: Any) -> Parcel:
    return msgspec.structs.replace(Parcel(id="1", application="NAS", title="Disk", body="*full*", created=0), **changes)


async def sent(beyond: Beyond, parcel: Parcel, url: str = "json://bells.example/", **options: Any) -> Outcome:
    return await send(Options(url=url, **options), parcel, cast("Outside", beyond))


async def test_sends_for_real(workers: Workers) -> None:
    async with json_server() as server:
        beyond = Beyond(workers)
        url = f"json://127.0.0.1:{server.port}/"
        assert (await check(Options(url=url), cast("Outside", beyond))).code == "ok"
        assert server.bodies == []
        outcome = await sent(beyond, parcel(link="https://bells.example/#/m/1"), url)
        assert (type(outcome).__name__, outcome.code) == ("Sent", "ok")
        assert server.bodies[0]["message"] == "*full*\n\nhttps://bells.example/#/m/1"
        server.status = 404
        outcome = await sent(beyond, parcel(), url)
        assert (type(outcome).__name__, outcome.code, outcome.status) == ("Broken", "not_found", 404)


async def test_asks(workers: Workers) -> None:
    beyond = Beyond(workers, Answer(outcome="sent"))
    for level in (0, 8, 10):
        await sent(beyond, parcel(level=level, content_type="text/markdown"))
    await sent(
        beyond, parcel(body="", content_type="text/markdown", url="https://x.example", url_title="X"), format="text"
    )
    assert [each.kind for each in beyond.asked] == ["info", "warning", "failure", "info"]
    assert [each.markdown for each in beyond.asked] == [True, True, True, False]
    assert [each.reach for each in beyond.asked] == ["any"] * 4
    assert beyond.asked[3].body == "X\nhttps://x.example"


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (Answer(outcome="timeout"), "Retry", "timeout"),
        (Answer(outcome="options", text="no such thing"), "Broken", "options"),
        (Answer(outcome="private", text="not there"), "Broken", "private"),
        (Answer(outcome="failed", text="Failed: error=401."), "Broken", "auth"),
        (Answer(outcome="failed", text="Failed: error=400."), "Refused", "rejected"),
        (Answer(outcome="failed", text="Failed: error=413."), "Refused", "too_large"),
        (Answer(outcome="failed", text="Failed: error=429."), "Throttled", "rate_limited"),
        (Answer(outcome="failed", text="Failed: error=503."), "Retry", "server_error"),
        (Answer(outcome="failed", text="Failed: error=408."), "Retry", "unexpected"),
        (Answer(outcome="failed"), "Retry", "unexpected"),
    ],
)
async def test_outcomes(workers: Workers, answer: Answer, outcome: str, code: str) -> None:
    told = await sent(Beyond(workers, answer), parcel())
    assert (type(told).__name__, told.code) == (outcome, code)


async def test_without_apprise(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise, "AVAILABLE", False)
    beyond = Beyond(workers)
    told = await sent(beyond, parcel())
    assert (type(told).__name__, told.code, beyond.asked) == ("Broken", "options", [])
    assert "carillon[apprise]" in told.text


def test_the_address_is_a_secret() -> None:
    assert forms.secrets(Options) == ["url"]
    with pytest.raises(forms.BadOption):
        forms.read(Options, {"url": ""})
