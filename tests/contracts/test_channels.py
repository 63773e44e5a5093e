"""One suite over every channel that is found: what a remote answers has the same meaning by all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from carillon.core.channels import Broken, Channel, Failure, Outcome, Refused, Retry, Sent, Throttled
from carillon.core.forms import form, read, secrets
from carillon.core.parcels import masked
from carillon.plugins import discover
from tests.channels.outside import Told, answer, parcel

CHANNELS: dict[str, Any] = {plugin.name: plugin.module for plugin in discover("channels")}
SECRET = "s3cr3tS3cr3tS3cr3tS3cr3tS3cr3t"

# What is filled in at least, of those that speak HTTP. E-mail speaks SMTP, Apprise has a process of its own; both have
# their outcomes tested beside them.
FILLED: dict[str, dict[str, Any]] = {
    "gotify": {"url": "https://gotify.example", "token": SECRET},
    "ntfy": {"url": "https://ntfy.example", "topic": "home", "login": "token", "token": SECRET},
    "pushbullet": {"token": SECRET},
    "pushover": {"user": "u" * 30, "token": SECRET},
    "webhook": {"url": "https://hook.example", "secret": SECRET},
}
OTHERWISE = {"email", "apprise"}

# A success as each remote tells it.
WELL: dict[str, Any] = {
    "gotify": {"id": 1},
    "ntfy": {"id": "x"},
    "pushbullet": {"iden": "x"},
    "pushover": {"status": 1, "request": "x"},
    "webhook": {},
}


def channel(kind: str) -> Channel:
    found: Channel = CHANNELS[kind]
    return found


async def sent(kind: str, told: Any) -> Outcome:
    options = read(CHANNELS[kind].Options, FILLED[kind])
    outcome = await channel(kind).send(options, parcel(), Told(told))
    return masked(outcome, channel(kind), FILLED[kind])


def test_no_channel_is_forgotten() -> None:
    assert set(CHANNELS) == set(FILLED) | OTHERWISE


@pytest.mark.parametrize("kind", FILLED)
async def test_a_success_is_one(kind: str) -> None:
    assert isinstance(await sent(kind, answer(200, WELL[kind])), Sent)


@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (400, Refused, "rejected"),
        (401, Broken, "auth"),
        (404, Broken, "not_found"),
        (410, Broken, "gone"),
        (413, Refused, "too_large"),
        (429, Throttled, "rate_limited"),
        (500, Retry, "server_error"),
        (503, Retry, "server_error"),
    ],
)
async def test_a_refusal_has_its_class_and_the_remotes_words(
    kind: str, status: int, expected: type[Outcome], code: str
) -> None:
    found = await sent(kind, answer(status, b"the remote's own words", retry_after="17"))
    assert (type(found), found.code, found.status) == (expected, code, status)
    if kind != "pushover":  # whose words stand in JSON
        assert found.text == "the remote's own words"
    if isinstance(found, Throttled):
        assert found.seconds == 17


@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize("body", [b"", b"[1]", b"<html>", b'"x"', b"\xff\xfe", b'{"error":7,"errors":{}}'])
@pytest.mark.parametrize("status", [200, 400, 500])
async def test_no_answer_is_too_strange(kind: str, status: int, body: bytes) -> None:
    assert isinstance(await sent(kind, answer(status, body)), Outcome)


@pytest.mark.parametrize("kind", FILLED)
@pytest.mark.parametrize(
    "failure",
    [Failure("timeout", "late", uncertain=True), Failure("connect", "reset", uncertain=True), Failure("tls", "no")],
    ids=lambda failure: failure.code,
)
async def test_without_an_answer_the_courier_judges(kind: str, failure: Failure) -> None:
    with pytest.raises(Failure) as caught:
        await sent(kind, failure)
    assert caught.value is failure


@pytest.mark.parametrize("kind", FILLED)
async def test_a_secret_that_the_remote_repeats_is_not_told(kind: str) -> None:
    told = {"errors": [f"{SECRET} is wrong"], "error": f"{SECRET} is wrong", "errorDescription": f"{SECRET} is wrong"}
    assert SECRET not in (await sent(kind, answer(401, told))).text
    assert SECRET not in (await sent(kind, answer(401, f"{SECRET} is wrong".encode()))).text


@pytest.mark.parametrize("kind", CHANNELS)
def test_everything_has_its_words_in_both_languages_and_its_sign(kind: str) -> None:
    module = CHANNELS[kind]
    texts = [module.TITLE, module.ABOUT]
    for each in form(module.Options):
        texts += [each.look.label, *(choice.label for choice in each.look.choices if choice.value)]
        texts += [column.look.label for column in each.columns]
        assert bool(each.look.help[0]) == bool(each.look.help[1])
    assert all(english and german for english, german in texts)
    icons = (Path(__file__).parents[2] / "web/src/parts/icons.svg").read_text()
    assert f'id="{module.ICON}"' in icons


@pytest.mark.parametrize("kind", FILLED)
def test_its_secrets_are_known_as_such(kind: str) -> None:
    named = {name for name, value in FILLED[kind].items() if value == SECRET}
    assert named <= set(secrets(CHANNELS[kind].Options))
