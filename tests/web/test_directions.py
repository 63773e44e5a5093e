"""Texts that run from right to left, and marks that turn what follows around: each keeps to itself."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.web.axe import axe
from tests.web.person import Person
from tests.web.test_inbox import card, message

ARABIC, HEBREW = "تنبيهات الخادم 42", "הגיבוי הסתיים: nas-01"
TURNED = "\u202eturned"  # and never turned back

# Whether each of the words stands further to the right than the one before.
IN_ORDER = """(element, words) => {
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const places = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode())
        for (const word of words) {
            const at = node.data.indexOf(word);
            if (at < 0) continue;
            const range = new Range();
            range.setStart(node, at);
            range.setEnd(node, at + word.length);
            places.push([words.indexOf(word), range.getBoundingClientRect().left]);
        }
    places.sort(([one], [other]) => one - other);
    return places.length === words.length && places.every(([, left], n) => !n || left > places[n - 1][1]);
}"""


async def test_a_text_runs_as_its_letters_do(mira: Person) -> None:
    page = mira.page
    await mira.add_application(ARABIC, description="وصف")
    lines = "First\nשורה שנייה 12:30\nhttps://a.example/عربي (x)"
    await mira.send(lines, application=ARABIC, title=HEBREW, tags=["خادم"])
    await mira.send("# כותרת\n\nEnglish\n\n- פריט\n\n`a --b`", title="Mixed", content_type="text/markdown")
    assert await page.evaluate("getComputedStyle(document.documentElement).direction") == "ltr"

    side = page.get_by_role("navigation", name="Applications").get_by_text(ARABIC)
    assert await _direction(side) == "rtl"
    await card(page, HEBREW).get_by_role("link").first.click()
    await expect(message(page).get_by_role("heading")).to_have_css("direction", "rtl")
    name = message(page).get_by_text(ARABIC)
    assert await _direction(name) == "rtl"
    assert await name.evaluate("(name) => getComputedStyle(name).textAlign") in {"left", "start"}, "beside its tile"
    await expect(message(page).locator(".prose a")).to_have_css("direction", "ltr")
    await axe(page, "light")

    await card(page, "Mixed").get_by_role("link").first.click()
    prose = message(page).locator(".prose")
    await expect(prose.locator("h3, ul").first).to_have_css("direction", "rtl")
    await expect(prose.locator("ul")).to_have_css("direction", "rtl")
    await expect(prose.locator("p").first).to_have_css("direction", "ltr")
    await expect(prose.locator("code")).to_have_css("direction", "ltr")


async def test_what_turns_a_text_around_turns_nothing_beside_it(mira: Person) -> None:
    page = mira.page
    number = await mira.add_application(TURNED)
    await mira.send("hidden", application=TURNED, title=TURNED)
    tile = page.get_by_role("navigation", name="Applications").get_by_role("link", name="turned").locator(".initial")
    await expect(tile).to_have_text("T")
    await card(page, "turned").get_by_role("button", name="Delete").press("Enter")
    strip = page.get_by_role("article", name="Deleted")
    assert await strip.evaluate(IN_ORDER, ["Deleted", "turned", "Undo"])
    await page.keyboard.press("z")

    await page.goto(f"{mira.url}/#/applications/{number}")
    await page.get_by_role("button", name="More").last.click()
    await page.get_by_role("menuitem", name="Delete").click()
    title = page.get_by_role("dialog").get_by_role("heading")
    await expect(title).to_contain_text("message")
    assert await title.evaluate(IN_ORDER, ["Delete", "turned", "and its"])


async def _direction(element: Locator) -> str:
    await expect(element).to_be_visible()
    return str(await element.evaluate("(element) => getComputedStyle(element).direction"))
