from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from typing import Any

from carillon.core.kit import Build
from carillon.core.limits import Limits
from carillon.dialects.native.manual import STYLE, curl, render
from carillon.dialects.native.openapi import describe
from carillon.dialects.native.operations import OPERATIONS
from tests.dialects.native.conftest import Api

DESCRIBED = describe(OPERATIONS, Limits(), Build("1.2.3"))
VOID = {"meta", "!doctype"}


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
    assert "//" not in re.sub(r"<style>.*</style>", "", response.text, flags=re.DOTALL)
    assert response.headers["x-content-type-options"] == "nosniff"


def test_every_operation_and_shape_has_its_place() -> None:
    page = Page(render(DESCRIBED))
    assert len(page.ids) == len(set(page.ids))
    shapes = set(DESCRIBED["components"]["schemas"])
    names = {operation["operationId"] for methods in DESCRIBED["paths"].values() for operation in methods.values()}
    assert set(page.ids) == shapes | names | {"refusals"}
    assert {link.removeprefix("#") for link in page.links if link.startswith("#")} <= set(page.ids)
    assert {link for link in page.links if not link.startswith("#")} == {"/api/openapi.json"}


def test_the_page_shows_every_parameter_status_and_field() -> None:
    text = unescape(re.sub(r"<[^>]+>", " ", render(DESCRIBED)))
    for methods in DESCRIBED["paths"].values():
        for operation in methods.values():
            for one in operation.get("parameters", ()):
                assert one["name"] in text
            assert operation.get("description", "") in text
    for shape in DESCRIBED["components"]["schemas"].values():
        for name, field in shape["properties"].items():
            assert name in text
            assert field.get("description", "") in text


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
