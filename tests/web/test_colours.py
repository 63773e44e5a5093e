"""Colours that the system forces, and a wish for more contrast: what is chosen and where the focus is stays visible."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.web.axe import axe
from tests.web.person import Person
from tests.web.test_inbox import card, cards

STEPS = 60  # of the Tab key, at most

# How what has the focus is outlined, with what holds it; the rest of the page is the same without focus.
OUTLINES = """(element) => {
    const found = [];
    for (let one = element, n = 0; one && n < 4; one = one.parentElement, n++) {
        const { outlineStyle, outlineWidth, outlineOffset, outlineColor } = getComputedStyle(one);
        if (outlineStyle !== "none" && parseFloat(outlineWidth) >= 2)
            found.push([n, outlineWidth, outlineOffset, outlineColor].join());
    }
    return found;
}"""
SEEN = f"""() => {{
    const outlines = {OUTLINES};
    const element = document.activeElement;
    if (element === document.body) return null;
    const focused = outlines(element);
    element.blur();
    const left = outlines(element);
    element.focus({{ focusVisible: true }});
    const seen = focused.some((outline) => !left.includes(outline));
    return seen ? "" : element.outerHTML.slice(0, 300);
}}"""


async def test_where_colours_are_forced_one_sees_the_focus_and_what_is_chosen(mira: Person) -> None:
    await mira.send("on nas-01", title="Disk almost full", priority=8)
    page = await mira.open(forced_colors="active")
    await expect(cards(page)).to_have_count(1)
    for path in ("/", "/send", "/search?q=disk", "/statistics", "/applications/new", "/settings/appearance"):
        await page.goto(f"{mira.url}/#{path}")
        await expect(page.locator("h1:visible").or_(page.get_by_role("search"))).not_to_have_count(0)
        await _walk(page)

    await page.goto(f"{mira.url}/#/")
    plain = "(element) => getComputedStyle(element).backgroundColor"
    shows = page.get_by_role("group", name="Show")
    all_of_it = await shows.get_by_role("link", name="All").evaluate(plain)
    assert all_of_it != await shows.get_by_role("link", name="Unread").evaluate(plain)
    dot = (
        await card(page, "Disk").locator(".l1").evaluate("(line) => getComputedStyle(line, '::after').backgroundColor")
    )
    assert dot != await page.locator("body").evaluate(plain)
    await page.goto(f"{mira.url}/#/settings/appearance")
    switch = page.get_by_role("switch").first
    before = await switch.evaluate(plain)
    await switch.click()
    # Asked until it has changed: a switch goes over from one colour to the other, and begins with the old one.
    await expect(switch).not_to_have_css("background-color", before)


async def test_who_wants_more_contrast_has_it(mira: Person) -> None:
    page = await mira.open(contrast="more")
    faint, text = await page.evaluate(
        "['--text-3', '--text-2'].map((name) => getComputedStyle(document.documentElement).getPropertyValue(name))"
    )
    assert faint == text
    await axe(page)


async def _walk(page: Page) -> None:
    """By Tab over the page, until it is left or long enough."""
    await page.evaluate("document.activeElement?.blur()")
    for _ in range(STEPS):
        await page.keyboard.press("Tab")
        lost = await page.evaluate(SEEN)
        if lost is None:
            return
        assert lost == "", f"{page.url}: the focus is not seen on {lost}"
