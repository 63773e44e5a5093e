"""No pointer is touched."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.web.person import Person
from tests.web.test_inbox import card, cards, feed, fill, message


async def test_by_keys_alone_messages_are_read_kept_and_sent_again(mira: Person) -> None:
    page = mira.page
    await mira.send("ring", title="Bell", url="https://a.example/x", priority=5)
    await fill(mira, 3)
    await expect(cards(page)).to_have_count(4)
    press = page.keyboard.press
    await press("j")
    await press("ArrowDown")
    await expect(page.get_by_role("link", name="Unread: Message 001")).to_be_focused()
    await press("k")
    await press("Enter")
    await expect(message(page).get_by_role("heading", name="Message 002")).to_be_visible()
    await press("j")  # what is open goes along
    await expect(message(page).get_by_role("heading", name="Message 001")).to_be_visible()
    await press("u")
    await expect(page.get_by_role("link", name="Unread: Message 001")).to_be_visible()
    await press("p")
    await expect(card(page, "Message 001").get_by_role("img", name="Pinned")).to_be_visible()
    await press("m")
    await expect(page.get_by_role("heading", name="Mute Grafana")).to_be_visible()
    await press("Escape")
    await expect(page.get_by_role("heading", name="Mute Grafana")).to_be_hidden()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await press("l")
    await expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    assert re.search(r"/#/m/\w+$", await page.evaluate("navigator.clipboard.readText()"))
    await press("r")
    await expect(cards(page)).to_have_count(5)
    await press("Escape")
    await expect(page).to_have_url(re.compile("/#/$"))

    for _ in range(4):
        await press("j")
    await expect(page.get_by_role("link", name="Unread: Bell")).to_be_focused()
    await press("o")
    await expect(message(page).get_by_role("heading", name="Bell")).to_be_visible()
    async with page.context.expect_page() as leads:
        await press("o")
    await (await leads.value).close()


async def test_by_keys_alone_messages_are_picked_and_deleted_and_brought_back(mira: Person) -> None:
    page = mira.page
    await fill(mira, 6)
    await expect(cards(page)).to_have_count(6)
    press = page.keyboard.press
    await press("j")
    await press("x")
    await press("Shift+ArrowDown")
    await press("Shift+ArrowDown")
    bar = page.get_by_role("toolbar", name="3 selected")
    await expect(bar).to_be_visible()
    await expect(page.get_by_role("checkbox", name="Select: Message 003")).to_be_checked()
    await press("u")
    await expect(bar).to_be_hidden()
    await expect(feed(page).get_by_role("link", name=re.compile("^Unread"))).to_have_count(3)

    await press("#")
    await expect(page.get_by_role("article", name="Deleted: Message 003")).to_be_visible()
    await expect(feed(page).get_by_role("button", name="Undo")).to_be_focused()
    await press("Delete")  # the next one
    await expect(page.get_by_text("2 messages deleted")).to_be_visible()
    await press("z")
    await press("z")
    await expect(page.get_by_role("article", name=re.compile("^Deleted"))).to_have_count(0)
    await press("j")
    await press("x")
    await press("Escape")
    await expect(page.get_by_role("toolbar", name="1 selected")).to_be_hidden()
    await expect(cards(page)).to_have_count(6)


async def test_the_whole_inbox_is_in_reach_of_tab(mira: Person) -> None:
    page = mira.page
    await fill(mira, 2)
    await expect(cards(page)).to_have_count(2)
    await page.get_by_role("link", name="All", exact=True).focus()
    reached: list[str] = []
    for _ in range(20):
        await page.keyboard.press("Tab")
        reached.append(
            await page.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText.trim()")
        )
    for name in ("Unread", "High and up", "Mark all as read", "More for this list", "Message 001", "Pin"):
        assert any(one.endswith(name) for one in reached), reached
