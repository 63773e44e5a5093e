from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from string import Template
from typing import Any

import pytest

from carillon.core.kit import Build
from carillon.core.limits import KIB, MIB, Limits
from carillon.dialects.native.asks import ACTIONS, TAGS, NewMessage
from carillon.dialects.native.manual import STYLE, curl, render
from carillon.dialects.native.openapi import describe
from carillon.dialects.native.operations import OPERATIONS
from tests.dialects.native.conftest import Api

DESCRIBED = describe(OPERATIONS, Limits(), Build("1.2.3"))
VOID = {"meta", "!doctype"}
TUTORIAL = Path(__file__).parents[3] / "docs/native.md"


@pytest.fixture
def tutorial() -> str:
    return TUTORIAL.read_text()


class Page(HTMLParser):
    """Checks that tags nest, and gathers what the page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def test_the_page_lets_nothing_foreign_in(api: Api) -> None:
    response = await api.client.get("/api/docs")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    style = re.search(r"<style>(.*)</style>", response.text, re.DOTALL)
    assert style is not None
    hashed = b64encode(sha256(style[1].encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{hashed}'"]
    page = Page(response.text)
    assert not page.tags & {"script", "iframe", "img", "link", "form", "object"}
    assert page.attributes <= {"lang", "charset", "name", "content", "id", "href", "aria-label"}
    assert "//" not in re.sub(r"<(style|pre)>.*?</\1>", "", response.text, flags=re.DOTALL)
    assert response.headers["x-content-type-options"] == "nosniff"


def test_every_operation_and_shape_has_its_place() -> None:
    page = Page(render(DESCRIBED))
    assert len(page.ids) == len(set(page.ids))
    shapes = set(DESCRIBED["components"]["schemas"])
    names = {operation["operationId"] for methods in DESCRIBED["paths"].values() for operation in methods.values()}
    assert set(page.ids) == shapes | names | {"refusals"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"openapi.json"}, (
        "relative, for a proxy's prefix"
    )


def test_the_page_shows_every_parameter_status_and_field() -> None:
    text = _bare(unescape(re.sub(r"<[^>]+>", " ", render(DESCRIBED))))
    assert "`" not in render(DESCRIBED)
    for methods in DESCRIBED["paths"].values():
        for operation in methods.values():
            for one in operation.get("parameters", ()):
                assert one["name"] in text
            assert _bare(operation.get("description", "")) in text
    for shape in DESCRIBED["components"]["schemas"].values():
        for name, field in shape.get("properties", {}).items():
            assert name in text
            assert _bare(field.get("description", "")) in text


def _bare(text: str) -> str:
    return re.sub(r"[`\s]", "", text)


def test_texts_are_escaped() -> None:
    evil = json.loads(json.dumps(DESCRIBED).replace("Newest first.", "<script>'&"))
    page = render(evil)
    assert "<script>" not in page
    assert "&lt;script&gt;&#x27;&amp;" in page


def test_it_is_for_phones_and_for_the_dark() -> None:
    assert 'name="viewport" content="width=device-width, initial-scale=1"' in render(DESCRIBED)
    assert "prefers-color-scheme: dark" in STYLE
    assert "color-scheme: light dark" in STYLE


async def test_programs_get_the_description(api: Api) -> None:
    described = (await api.client.get("/api/openapi.json")).json()
    assert (await api.client.get("/api/docs", headers={"Accept": "application/json"})).json() == described
    browser = await api.client.get("/api/docs", headers={"Accept": "text/html,application/json;q=0.9"})
    assert browser.headers["content-type"].startswith("text/html")
    assert browser.headers["vary"] == "Accept"


def command(name: str) -> list[str]:
    found: Any = None
    for path, methods in DESCRIBED["paths"].items():
        for method, operation in methods.items():
            if operation["operationId"] == name:
                found = curl(f"{method.upper()} {path}", operation)
    return shlex.split(found)


def test_examples_for_a_shell() -> None:
    sent = command("send_a_message")
    assert sent[:4] == ["curl", "-H", "Authorization: Bearer $TOKEN", "--json"]
    assert json.loads(sent[4])["message"]
    assert sent[5] == "$SERVER/api/1/messages"
    assert command("clear_the_inbox")[1:3] == ["-X", "DELETE"]
    assert command("clear_the_inbox")[-1] == "$SERVER/api/1/inbox?all=true"
    assert command("mark_a_message")[-1] == "$SERVER/api/1/inbox/42"
    assert command("follow_what_changes")[1] == "-N"


async def test_the_tutorial_is_true(api: Api, tutorial: str) -> None:
    """Its commands, run one after the other, are answered as it shows."""
    await api.house.accounts.users.add("admin", "secret")
    names = {"SENDER": api.application_token, "TOKEN": api.token, "SERVER": ""}
    blocks = re.findall(r"```sh\n(.*?)```\n(?:```json\n(.*?)```)?", tutorial, re.DOTALL)
    assert len(blocks) > 8
    for commands, shown in blocks:
        answer: Any = None
        for line in commands.splitlines():
            answer = await run(api, shlex.split(Template(line).safe_substitute(names)))
        if shown:
            assert like(answer, json.loads(shown)), (commands, answer)


async def run(api: Api, words: list[str]) -> Any:
    """A curl command, and what it answers."""
    _, *rest = words
    method, path, headers, options = "", "", dict[str, str](), dict[str, Any]()
    while rest:
        match rest.pop(0):
            case "-H":
                name, _, value = rest.pop(0).partition(": ")
                headers[name] = value
            case "-X":
                method = rest.pop(0)
            case "-u":
                name, _, password = rest.pop(0).partition(":")
                options["auth"] = (name, password)
            case "--json":
                options["json"] = json.loads(rest.pop(0))
            case path:
                continue
    answered = await api.client.request(
        method or ("POST" if "json" in options else "GET"), path, headers=headers, **options
    )
    return answered.json() if answered.content else None


def like(answer: Any, shown: Any, name: str = "") -> bool:
    """Equal but for what is another in each installation."""
    if isinstance(shown, dict):
        return list(answer) == list(shown) and all(like(answer[key], shown[key], key) for key in shown)
    if isinstance(shown, list):
        return len(answer) == len(shown) and all(map(like, answer, shown))
    if name in {"public_id", "token"}:
        return isinstance(answer, str) and bool(answer)
    return bool(answer == shown) or name == "priority"


def test_the_tutorials_limits_are_the_real_ones(tutorial: str) -> None:
    table = tutorial.partition("## Limits")[2]
    real = Limits()
    for name, most in (
        ("request", f"{real.request // MIB} MiB"),
        ("`message`", f"{real.text // KIB} KiB"),
        ("`title`, `url_title`", f"{real.title // KIB} KiB"),
        ("`url`, `icon`", f"{real.url // KIB} KiB"),
        ("`sound`, `key`, `Idempotency-Key`", f"{real.short} bytes"),
        ("`tags`, `actions`, `extras`", f"{real.json // KIB} KiB each; {TAGS} tags, {ACTIONS} actions"),
        ("messages of a page, changes of an answer, ids of a request", f"{real.page}, {real.changes}, {real.batch}"),
        ("open streams and waiting requests of a user", f"{real.streams_per_user}"),
    ):
        assert f"| {name} | {most} |" in table
    fields = set(re.findall(r"`(\w+)`", tutorial.partition("| field |")[2].partition("\n\n")[0]))
    assert set(NewMessage.__struct_fields__) - {"message"} <= fields
