from __future__ import annotations

import logging
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from carillon.core.channels import Parcel, Refused
from carillon.core.forms import BadOption
from carillon.core.models import Message
from carillon.core.outgoing import Delivery, Rules, Service
from carillon.core.parcels import Packing, Safe, masked, tags_of
from carillon.core.secrets import Vault
from tests.builders import NOON, SECOND, Bell, message

BELL: Any = Bell()
SERVICE = Service(id=3, name="Phone", kind="bell", scope="user", user_id=1)


def parcel(sent: Message, **options: Any) -> Parcel:
    packing = Packing(link=lambda public_id: f"http://bell.example/#/m/{public_id}", monotonic=lambda: 0.0)
    rules = Rules(**{name: options.pop(name) for name in ("title_template", "body_template") if name in options})
    return packing.parcel(replace(SERVICE, rules=rules), sent, application="Backup", now=NOON, **options)


def test_a_parcel_says_what_the_message_says() -> None:
    found = parcel(
        message(url="https://nas.example", url_title="NAS", sound="siren", tags=Raw(b'["disk","full"]'), level=9),
        ident="m-3",
        silent=True,
        confirmed=["ada@example.org"],
    )
    assert (found.id, found.application, found.title, found.body) == ("m-3", "Backup", "Backup", "done")
    assert (found.url, found.url_title, found.sound, found.tags) == (
        "https://nas.example",
        "NAS",
        "siren",
        ("disk", "full"),
    )
    assert (found.level, found.silent, found.link) == (9, True, "http://bell.example/#/m/000000000042")
    assert found.confirmed == frozenset({"ada@example.org"})


def test_templates_make_the_texts() -> None:
    found = parcel(message(), title_template="{{ service }}: {{ title }}", body_template="{{ body|upper }}")
    assert (found.title, found.body) == ("Phone: Backup", "DONE")


def test_a_template_that_fails_leaves_the_text_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = parcel(message(), body_template="{{ 2 ** 99999999 }}")
    assert found.body == "done"
    assert "a template of service 3 (Phone) fails" in caplog.text


def test_nothing_is_made_of_an_encrypted_message() -> None:
    assert parcel(message(encrypted=True), title_template="{{ title }}!").title == "Backup"


def test_what_gotify_keeps_in_extras_is_found() -> None:
    extras = Raw(
        b'{"client::notification":{"click":{"url":"https://a.example"},"bigImageUrl":"https://b.example/x.png"}}'
    )
    found = parcel(message(extras=extras))
    assert (found.url, found.picture) == ("https://a.example", "https://b.example/x.png")


@pytest.mark.parametrize("extras", [b"[]", b'{"client::notification":7}', b'{"client::notification":{"click":"x"}}'])
def test_extras_of_another_shape_are_left_alone(extras: bytes) -> None:
    found = parcel(message(extras=Raw(extras)))
    assert (found.url, found.picture) == ("", "")


def test_what_is_left_of_its_life_goes_along() -> None:
    assert parcel(message(expires=NOON + 90 * SECOND)).ttl == 90
    assert parcel(message()).ttl is None


def test_an_attempt_knows_what_the_one_before_left() -> None:
    delivery = Delivery(id=1, message_id=42, service_id=3, application_id=7, level=5, created=NOON, progress='["ada"]')
    assert parcel(message(), delivery=delivery).progress == '["ada"]'


def test_tags_are_words_in_a_list() -> None:
    assert tags_of(Raw(b'["a",1]')) == ("a", "1")
    assert tags_of(Raw(b'{"a":1}')) == tags_of(None) == ()


def test_secrets_are_masked_and_short_ones_would_take_words_apart() -> None:
    told = Refused(code="rejected", text="hush-hush is no key, nor is tower")
    assert masked(told, BELL, {"secret": "hush-hush", "place": "tower"}).text == "••• is no key, nor is tower"
    assert masked(told, BELL, {"secret": "is"}) is told


def test_options_are_sealed_and_opened_with_the_same_key_only() -> None:
    safe = Safe(lambda: Vault(b"k" * 32))
    sealed = safe.seal({"secret": "hush-hush"})
    assert b"hush" not in sealed
    opened = safe.open(sealed, BELL)
    assert opened is not None
    assert (opened.options.secret, opened.options.place) == ("hush-hush", "tower")
    assert Safe(lambda: Vault(b"x" * 32)).open(sealed, BELL) is None
    with pytest.raises(BadOption):
        safe.open(safe.seal({"secret": "hush-hush", "gone": 1}), BELL)
