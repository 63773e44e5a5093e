from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, WebSocketRoute, expect

from tests.walks.server import Server
from tests.web.conftest import People
from tests.web.person import NARROW, Account, Person

LATER = re.compile(r"Reconnecting in ([4-9]|\d\d)\ss")
ADMIN = Account("admin", "three bells of bronze")


async def state(page: Page, text: str) -> None:
    await expect(page.get_by_role("status").filter(has_text=text).first).to_be_attached()


async def test_the_server_is_killed_under_two_open_pages_and_comes_again(newborn: Server, people: People) -> None:
    """Both say so, offer to try at once, miss nothing, and agree on what has been read."""
    mira = await _settled(newborn, people)
    phone = await mira.open(viewport=NARROW)
    await mira.send("before", title="Before")
    await newborn.kill()
    for page in (mira.page, phone):
        await state(page, "Connection lost")
    banner = mira.page.get_by_text(re.compile(r"Offline since .*\. You see what was here then\."))
    assert await banner.count() == 0  # nobody is bothered for a moment's loss
    await expect(mira.page.get_by_role("heading", name="Before")).to_be_visible()
    for page in (mira.page, phone):
        await expect(page.get_by_text("You see what was here then.")).to_be_visible()

    await newborn.start()
    for title in ("First", "Second"):
        await mira.send("meanwhile", title=title)
    for page in (mira.page, phone):
        # A page that comes again by itself may be faster than the hand.
        await page.get_by_role("button", name="Try now").or_(page.get_by_text("Back.")).first.click()
        await state(page, "Live")
        for title in ("First", "Second"):
            await expect(page.get_by_role("heading", name=title)).to_have_count(1)
    await expect(mira.page.get_by_text("Back.")).to_be_visible()
    await expect(banner).to_have_count(0)
    await _agree(mira, phone)


async def _settled(server: Server, people: People) -> Person:
    mira = await people.of(server.url, Account("admin", "admin"), signed_in=False)
    body = {"current": "admin", "new": ADMIN.password}
    (await mira.api.put("/api/1/user/password", json=body)).raise_for_status()
    await mira.leave()
    mira = await people.of(server.url, ADMIN, signed_in=False)
    await mira.add_application("Grafana")
    mira.page = await mira.open()
    return mira


async def _agree(mira: Person, phone: Page) -> None:
    await mira.page.get_by_role("heading", name="First").get_by_role("link").click()
    inbox = phone.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox")
    await expect(inbox).to_contain_text("2 unread")


async def test_it_comes_again_at_once_with_the_network(mira: Person) -> None:
    page = mira.page
    await page.context.set_offline(True)
    await state(page, "Connection lost")
    await mira.send("meanwhile", title="Sent meanwhile")
    # The next try by itself is further away than what is expected below.
    await expect(page.get_by_role("banner").get_by_text(LATER)).to_be_visible(timeout=20_000)
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Sent meanwhile")).to_be_visible(timeout=2000)
    await state(page, "Live")


async def test_a_window_behind_others_which_draws_nothing_gets_its_messages(mira: Person) -> None:
    await mira.page.evaluate("globalThis.requestAnimationFrame = () => 0")
    await mira.send("text", title="Behind all")
    await expect(mira.page).to_have_title(re.compile(r"^\(1\)"))
    await expect(mira.page.get_by_role("heading", name="Behind all")).to_be_visible()


async def test_where_websockets_are_forbidden_it_listens_to_events(mira: Person) -> None:
    refused: list[Any] = []

    async def refuse(socket: WebSocketRoute) -> None:
        refused.append(socket.url)
        await socket.close()

    page = await mira.open()
    await page.context.route_web_socket(re.compile("/api/1/stream"), refuse)
    await page.reload()
    await state(page, "Live")
    await mira.send("by event", title="By event")
    await expect(page.get_by_role("heading", name="By event")).to_be_visible()
    assert refused


async def test_a_page_whose_files_a_newer_server_does_not_have_says_so(mira: Person) -> None:
    page = mira.page
    await mira.send("## Bells\n\n**ring**", title="In Markdown", content_type="text/markdown")
    await page.route(re.compile(r"/assets/"), lambda route: route.fulfill(status=404))
    await page.get_by_role("heading", name="In Markdown").get_by_role("link").click()
    await expect(page.get_by_text("**ring**")).to_be_visible()
    alert = page.get_by_role("alert").filter(has_text="A part of this page could not be loaded")
    await expect(alert.get_by_role("button", name="Reload")).to_be_visible()
    await page.get_by_role("link", name="Statistics").click()
    await expect(page.get_by_role("heading", name="This page could not be loaded")).to_be_visible()

    await mira.api.delete("/api/1/sessions")
    await expect(page.get_by_role("navigation")).to_have_count(0)
    await expect(page.get_by_role("heading", name="This page could not be loaded")).to_be_visible()
    await page.unroute_all()
    await page.get_by_role("button", name="Reload").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    told = ("Failed to fetch dynamically", "Unable to preload")
    mira.complaints[:] = [text for text in mira.complaints if not text.startswith(told)]
