"""What the pages of channels say is true: options and defaults, levels, the request of a webhook, its signature."""

from __future__ import annotations

import json
import re
import runpy
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from carillon.channels import webhook
from carillon.channels._text import NTFY, PUSHOVER, band
from carillon.core.forms import form
from carillon.plugins import discover
from tests.channels.outside import Request, Told, parcel

PAGES = Path(__file__).parents[2] / "docs/channels"
CHANNELS: dict[str, Any] = {plugin.name: plugin.module for plugin in discover("channels", extra=[])}
KINDS = ["gotify", "ntfy", "pushbullet", "pushover", "webhook"]  # a row for each option; the others join some
SECRETS = ["plain words", "whsec_" + b64encode(b"k" * 24).decode()]


def page(kind: str) -> str:
    return (PAGES / f"{kind}.md").read_text()


def rows(kind: str, first: str) -> list[list[str]]:
    """The cells of the table whose head begins so."""
    table = re.split(rf"^\| {first} \|.*\n\|[-|]+\|\n", page(kind), flags=re.MULTILINE)[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_option_has_its_row_and_its_default(kind: str) -> None:
    fields = form(CHANNELS[kind].Options)
    told = rows(kind, "option")
    assert [label for label, *_ in told] == [each.look.label[0] for each in fields]
    for each, (*_, default) in zip(fields, told, strict=True):
        assert (default == "has to be there") == each.required
        if isinstance(each.default, bool):
            assert default == ("on" if each.default else "off")
        elif each.default and each.default != "none":
            assert default.strip("`").replace("−", "-") == str(each.default)
    number = sum(each.look.advanced for each in fields)
    last = {0: "", 1: "The last one stands", 2: "The last two stand", 3: "The last three\nstand"}[number]
    assert last.replace("\n", " ") in page(kind).replace("\n", " ")
    assert all(each.look.advanced for each in fields[len(fields) - number :])


@pytest.mark.parametrize(("kind", "scale"), [("ntfy", NTFY), ("pushover", PUSHOVER)])
def test_the_table_of_priorities(kind: str, scale: dict[str, int]) -> None:
    told: dict[int, int] = {}
    for levels, there in rows(kind, "priority"):
        first, _, last = levels.partition("–")
        number = int(there.split(",")[0].replace("−", "-"))
        told |= dict.fromkeys(range(int(first), int(last or first) + 1), number)
    assert told == {level: scale[band(level)] for level in range(11)}


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", page("webhook"), re.DOTALL)
    return str(found)


async def test_a_webhook_is_told_what_its_page_shows() -> None:
    shown = json.loads(block("json"))
    given = {name: value for name, value in shown.items() if name not in ("tags", "created")}
    message = parcel(**given, tags=tuple(shown["tags"]), created=round(shown["created"] * 1_000_000))
    outside = Told()
    await webhook.send(webhook.Options(url="https://hook.example"), message, outside)
    assert list(outside.asked[0].json.items()) == list(shown.items())
    assert re.findall(r"`(\w+)`", " ".join(name for name, _ in rows("webhook", "field"))) == list(shown)


class Now(Told):
    def now(self) -> int:
        return time.time_ns() // 1000


async def signed(secret: str, outside: Told) -> Request:
    await webhook.send(webhook.Options(url="https://hook.example", secret=secret), parcel(body="Grüße"), outside)
    return outside.asked[0]


@pytest.fixture
def verify(tmp_path: Path) -> Callable[..., None]:
    """The example of the page."""
    path = tmp_path / "example.py"
    path.write_text(block("python"))
    found: Callable[..., None] = runpy.run_path(str(path))["verify"]
    return found


@pytest.mark.parametrize("secret", SECRETS)
async def test_the_example_takes_what_is_signed(verify: Callable[..., None], secret: str) -> None:
    request = await signed(secret, Now())
    verify(secret, request.headers, request.body)
    signatures = f"v1,{b64encode(b'of an older secret').decode()} {request.headers['webhook-signature']}"
    verify(secret, {**request.headers, "webhook-signature": signatures}, request.body)


@pytest.mark.parametrize("secret", SECRETS)
async def test_the_example_refuses_everything_else(verify: Callable[..., None], secret: str) -> None:
    request, old = await signed(secret, Now()), await signed(secret, Told())
    unsigned = {name: value for name, value in request.headers.items() if name != "webhook-signature"}
    refused: list[tuple[str, dict[str, str], bytes]] = [
        ("another", {**request.headers}, request.body),
        (secret, {**request.headers}, request.body + b" "),
        (secret, {**request.headers, "webhook-id": "another"}, request.body),
        (secret, {**request.headers, "webhook-timestamp": str(int(time.time()) - 60)}, request.body),
        (secret, {**request.headers, "webhook-signature": "v1,é"}, request.body),
        (secret, unsigned, request.body),
        (secret, {}, request.body),
        (secret, {**old.headers}, old.body),
    ]
    for attempt in refused:
        with pytest.raises(ValueError, match=r"old|changed|invalid literal"):
            verify(*attempt)
