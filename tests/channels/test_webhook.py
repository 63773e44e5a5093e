from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256

import pytest

from carillon.channels import webhook
from carillon.core.channels import Sent
from carillon.core.forms import BadOption
from tests.builders import NOON, SECOND
from tests.channels.outside import Told, answer, parcel


async def test_a_message_as_json() -> None:
    outside = Told(answer(204))
    options = webhook.Options(
        url="https://hook.example/in", method="PUT", authorization="Bearer x", headers={"X-Team": "ops"}
    )
    assert await webhook.send(options, parcel(tags=("disk",), url="https://a.example"), outside) == Sent(status=204)
    (request,) = outside.asked
    assert (request.method, request.url) == ("PUT", "https://hook.example/in")
    assert request.headers == {
        "x-team": "ops",
        "content-type": "application/json",
        "webhook-id": "k3X9-4",
        "webhook-timestamp": str(NOON // SECOND),
        "authorization": "Bearer x",
    }
    assert request.json == {
        "id": "k3X9-4",
        "application": "Backup",
        "title": "Transfer Complete: Daily Backup",
        "body": "all is well",
        "content_type": "text/plain",
        "level": 5,
        "url": "https://a.example",
        "url_title": "",
        "sound": "",
        "tags": ["disk"],
        "link": "",
        "test": False,
        "created": NOON / SECOND,
    }


@pytest.mark.parametrize("secret", ["plain words", "whsec_" + b64encode(b"k" * 24).decode()])
async def test_the_signature_is_that_of_standard_webhooks(secret: str) -> None:
    outside = Told(answer(200))
    await webhook.send(webhook.Options(url="https://hook.example", secret=secret), parcel(), outside)
    (request,) = outside.asked
    key = b64decode(secret[6:]) if secret.startswith("whsec_") else secret.encode()
    signed = f"k3X9-4.{NOON // SECOND}.".encode() + request.body
    expected = b64encode(hmac.new(key, signed, sha256).digest()).decode()
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_a_secret_with_the_prefix_must_be_base64() -> None:
    with pytest.raises(BadOption):
        webhook.signature("whsec_%%", b"")
