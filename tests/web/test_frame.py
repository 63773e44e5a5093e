from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta

from playwright.async_api import Page, ViewportSize, expect

from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import Person

RAIL: ViewportSize = {"width": 900, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
LONG = "Backups of everything that matters in this house and in the next one"


async def test_the_frame_at_every_width(people: People) -> None:
    mira = await people.add("mira", application=LONG)
    page = mira.page
    side = page.get_by_role("navigation", name="Applications")
    await expect(side.get_by_role("link", name=LONG)).to_be_visible()
    await expect(page.get_by_role("button", name=f"{mira.account.name}: account")).to_be_visible()
    inbox = page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox")
    await expect(inbox).to_have_attribute("aria-current", "page")
    await mira.send("disk almost full", application=LONG)
    await expect(inbox).to_contain_text("1 unread")
    await expect(page).to_have_title(re.compile(r"^\(1\) "))
    icon = page.locator('link[rel="icon"]')
    await expect(icon).to_have_attribute("href", "./favicon-unread.svg")
    await mira.api.post("/api/1/inbox/mark_all", json={"up_to": 2**53, "read": True})
    await expect(page).not_to_have_title(re.compile(r"^\("))
    await expect(icon).to_have_attribute("href", "./favicon.svg")

    for size in (RAIL, PHONE):
        await page.set_viewport_size(size)
        await page.evaluate("location.hash = '#/more'")
        await expect(page.get_by_role("heading", name="More")).to_be_visible()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        await axe(page)
    await page.evaluate("location.hash = '#/nothing/here'")
    await page.get_by_role("link", name="To the inbox").click()
    bar = page.get_by_role("navigation", name="Main")
    await bar.get_by_role("link", name="Apps").click()
    await expect(bar.get_by_role("link", name="Apps")).to_have_attribute("aria-current", "page")


async def test_it_is_operated_by_keys(mira: Person) -> None:
    page = mira.page
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
    await _press(page, "g", "t", place="/statistics")
    await _press(page, "g", "i", place="/")
    await _press(page, "c", place="/send")
    field = page.get_by_role("textbox").first
    await field.fill("")
    await field.press("g")
    await field.press("t")
    await expect(field).to_have_value("gt")
    await _press(page, "Escape", place="/send")

    await page.get_by_role("main").focus()
    await page.keyboard.press("?")
    table = page.get_by_role("dialog", name="Keyboard")
    await expect(table.get_by_text("Write a message")).to_be_visible()
    await axe(page)
    await table.get_by_label("Use keys that type a character").uncheck()
    await page.keyboard.press("Escape")
    await expect(table).to_have_count(0)
    await page.get_by_role("main").focus()
    await _press(page, "g", "t", place="/send")
    await page.keyboard.press("?")
    await expect(table).to_have_count(0)


async def _press(page: Page, *keys: str, place: str) -> None:
    for key in keys:
        await page.keyboard.press(key)
    await expect(page).to_have_url(re.compile(f"#{re.escape(place)}$"))


async def test_what_comes_is_said_aloud_one_sentence_at_a_time(mira: Person) -> None:
    page = mira.page
    told = page.locator("[aria-live=polite]")
    await page.clock.install()
    await page.clock.pause_at(datetime.now(UTC) + timedelta(minutes=1))
    await mira.send("on nas-01", title="Disk almost full", priority=8)
    await _counts(page, 1)
    await expect(told).to_have_text("Grafana, High: Disk almost full")
    for number in range(3):
        await mira.send("again", title=f"Number {number}", priority=8 if number else 5)
    await _counts(page, 4)
    await expect(told).to_have_text("Grafana, High: Disk almost full")
    await page.clock.run_for(5000)
    await expect(told).to_have_text("3 new messages, 2 high")


async def _counts(page: Page, messages: int) -> None:
    """Lets the page's clock run until it has counted them: by 4 seconds at most, the next sentence comes after 5."""
    for _ in range(40):
        await page.clock.run_for(100)
        if (await page.title()).startswith(f"({messages})"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{await page.title()} does not count {messages}")


async def test_the_title_counts_what_is_unread_once(mira: Person) -> None:
    await mira.page.route(
        "**/api/1/inbox/counts",
        lambda route: route.fulfill(json={"unread": 1234, "pinned": 0, "total": 1234, "applications": {}}),
    )
    await mira.page.reload()
    await expect(mira.page).to_have_title("(1234) Inbox · Carillon")
