"""Zoomed to 400 % a window has room for 320 px; and text that is twice as large is not to be less."""

from __future__ import annotations

import shutil
from typing import Any

from playwright.async_api import Page, Playwright, ViewportSize, expect

from tests.web.conftest import People
from tests.web.person import Person, api_of
from tests.web.screenshots import PAGES

ZOOMED: ViewportSize = {"width": 320, "height": 256}
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
HEBREW = "שרת הבית 42 (nas)"

# What stands beyond the right edge, or is cut off by what holds it. What scrolls sideways by itself, a table or a row
# of tabs, may be wider; names that end in dots say all of it elsewhere.
LOST = """() => {
    const style = (element) => getComputedStyle(element);
    const scrolls = (element) => element && (["auto", "scroll"].includes(style(element).overflowX)
        && !element.matches(".scroll") || scrolls(element.parentElement));
    const hidden = (element) => element && (style(element).clipPath !== "none" || hidden(element.parentElement));
    const seen = (element) => element.checkVisibility({ visibilityProperty: true })
        && !element.closest("svg, .sprite") && !hidden(element) && !scrolls(element);
    return [...document.querySelectorAll("body *")].filter(seen).filter((element) => {
        const { overflowX, textOverflow, webkitLineClamp } = style(element);
        if (element.getBoundingClientRect().right > innerWidth + 1) return true;
        const dots = textOverflow === "ellipsis" || webkitLineClamp !== "none" || element.matches("input, select");
        return overflowX === "hidden" && !dots && element.scrollWidth > element.clientWidth + 1;
    }).map((element) => element.outerHTML.slice(0, 200));
}"""


async def test_nothing_is_lost_at_320_px(people: People) -> None:
    keeper = await people.add("keeper", application=LONG, admin=True)
    page = await _before(keeper, viewport=ZOOMED, has_touch=True, is_mobile=True)
    await _on_every_page(page, keeper)


async def test_nothing_is_lost_where_text_is_twice_as_large(people: People, playwright: Playwright) -> None:
    keeper = await people.add("keeper", application=LONG, admin=True)
    large = ["--no-sandbox", "--disable-gpu", "--blink-settings=defaultFontSize=32"]
    browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=large)
    reader = Person(keeper.account, keeper.url, browser=browser, api=api_of(keeper.url, keeper.account))
    reader.tokens = keeper.tokens
    page = await _before(reader, viewport={"width": 1280, "height": 800})
    assert await page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    await _on_every_page(page, reader)
    await reader.leave()
    await browser.close()


async def _before(reader: Person, **options: Any) -> Page:
    """In German, whose words are long, with names and texts that are longer."""
    await reader.add_application(HEBREW, description=LONG)
    link = f"https://a.example/{LONG}"
    actions = [{"label": LONG, "url": link}, {"label": "OK", "url": link}]
    await reader.send(
        LONG * 9, application=LONG, title=LONG, tags=[LONG, "nas"], url=link, priority=10, actions=actions
    )
    return await reader.open(locale="de-DE", **options)


async def _on_every_page(page: Page, reader: Person) -> None:
    message = (await reader.api.get("/api/1/inbox")).json()["messages"][0]
    for path in PAGES.values():
        place = path.format(disk=message["public_id"]).replace("/2", f"/{message['application']}")
        await page.goto(f"{reader.url}/#{place}")
        await expect(page.locator("h1:visible, h2:visible").first).to_be_visible()
        await expect(page.locator("[aria-busy=true], .skels")).to_have_count(0)
        lost = await page.evaluate(LOST)
        assert not lost, "\n".join([place, *lost])
