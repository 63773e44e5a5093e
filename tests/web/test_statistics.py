from __future__ import annotations

import asyncio
import re

from playwright.async_api import expect

from tests.web.axe import axe
from tests.web.person import NARROW, PATIENCE, Person


async def counted(mira: Person, messages: int) -> None:
    """Until the server, which counts behind the publishing, has done so."""
    async with asyncio.timeout(PATIENCE / 1000):
        while (await mira.api.get("/api/1/statistics")).json()["total"] != messages:
            pass


async def test_what_came_is_drawn_and_tabled(mira: Person) -> None:
    await mira.add_application("Backups")
    for priority in (0, 2, 5, 5, 8, 10):
        await mira.send(priority=priority)
    await mira.send(priority=5, application="Backups")
    await counted(mira, 7)
    page = await mira.open("/statistics")
    figures = page.get_by_role("main").get_by_role("definition")
    await expect(figures.first).to_have_text("7")
    await expect(figures.nth(1)).to_have_text("0.5 a day, none before")
    days = page.get_by_role("region", name="Messages per day")
    await expect(days.get_by_role("img", name=re.compile("^Messages per day. All 7 on "))).to_be_visible()
    await expect(page.get_by_text("Grafana sent 86 % of it.")).to_be_visible()
    await expect(page.get_by_text("29 % rang high or urgent.")).to_be_visible()
    await axe(page)
    while await page.get_by_role("button", name=re.compile("as a table$")).count():
        await page.get_by_role("button", name=re.compile("as a table$")).first.click()
    await expect(days.get_by_role("row").nth(1).get_by_role("cell")).to_have_text(["1", "1", "3", "1", "1", "7"])
    senders = page.get_by_role("region", name="Who rings").get_by_role("row")
    await expect(senders.nth(2).get_by_role("cell")).to_have_text(["0", "0", "1", "0", "0", "1", re.compile("now|min")])
    await axe(page, "light")
    await page.get_by_role("link", name="1 year").click()
    await expect(page).to_have_url(re.compile(r"#/statistics\?days=364$"))
    await expect(page.get_by_role("region", name="Messages per week").get_by_role("row")).to_have_count(53)


async def test_it_follows_what_comes_and_leads_to_the_messages(mira: Person) -> None:
    await mira.send("one", title="First")
    await counted(mira, 1)
    page = await mira.open("/", viewport=NARROW, has_touch=True)
    await page.clock.install()
    await page.goto(f"{mira.url}/#/statistics?days=1")
    await page.reload()
    total = page.get_by_role("main").get_by_role("definition").first
    await expect(total).to_have_text("1")
    await expect(page.get_by_role("region", name="Messages per hour")).to_be_visible()
    await mira.send("two", title="Second")
    await counted(mira, 2)
    await page.clock.run_for(61_000)
    await expect(total).to_have_text("2")
    await axe(page, "dark")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("list", name="Who rings").get_by_role("link", name="Grafana").click()
    await expect(page).to_have_url(re.compile(r"#/search\?q=app:Grafana$"))
