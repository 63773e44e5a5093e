from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from playwright.async_api import Locator, Page, Route, expect

from tests.web.axe import axe
from tests.web.person import NARROW, Person


async def fill(mira: Person) -> None:
    await mira.add_application("Night backups")
    await mira.send("2 files could not be read", title="Backup of nas-01 has errors", priority=8)
    await mira.send("host shed-pi", application="Night backups", title="Backup skipped", priority=8)
    far = "All is well with this one. " * 20
    await mira.send(f"{far}The needle stands here. {far}", application="Night backups", title="Report", priority=2)
    await mira.send("see https://nas.lan/ for more", title="Disk almost full", priority=10)


def field_of(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search all messages")


def results_of(page: Page) -> Locator:
    return page.get_by_role("feed", name="Results").get_by_role("article")


async def test_the_history_is_searched_as_one_types(mira: Person) -> None:
    await fill(mira)
    page = await mira.open("/search")
    field, results = field_of(page), results_of(page)
    await expect(field).to_be_focused()
    await expect(results).to_have_count(4)
    await field.press_sequentially("backup err")
    await expect(results).to_have_count(1)
    await expect(results.locator("mark")).to_have_text(["Backup", "errors"])
    await expect(page).to_have_url(re.compile(r"#/search\?q=backup%20err$"))
    await expect(page.get_by_text(re.compile(r"^1 message in \d"))).to_be_visible()
    await field.fill("needle")
    await expect(results).to_have_count(1)
    await expect(results.get_by_text("The needle stands here.")).to_be_in_viewport()
    await axe(page)


async def test_filters_are_chips_that_are_written_or_chosen(mira: Person) -> None:
    await fill(mira)
    page = await mira.open("/search")
    field, results = field_of(page), results_of(page)
    await field.press_sequentially("priority:hi")
    await page.get_by_role("option", name="priority:high+").click()
    await field.press_sequentially('backup app:"night backups"')
    chips = page.get_by_role("search").get_by_role("button", name="Remove")
    await expect(chips).to_have_count(2)
    await expect(page.get_by_role("button", name="Remove priority high and up")).to_be_visible()
    await expect(results).to_have_count(1)
    await expect(page).to_have_url(re.compile("priority:high%2B%20app:%22night%20backups%22%20backup$"))
    await page.reload()
    await expect(chips).to_have_count(2)
    await expect(results).to_have_count(1)
    await field.press("Home")
    await field.press("Backspace")
    await expect(chips).to_have_count(1)
    await expect(results).to_have_count(2)
    await page.get_by_role("button", name="Clear").click()
    await page.get_by_role("button", name="Has link").click()
    await expect(results).to_have_count(1)
    await expect(results.get_by_role("heading", name="Disk almost full")).to_be_visible()
    await page.get_by_role("button", name="Time").click()
    await page.get_by_role("menuitem", name="The last hour").click()
    await expect(chips).to_have_count(2)
    await expect(page).to_have_url(re.compile("since:1h"))
    await page.go_back()
    await expect(chips).to_have_count(1)


async def test_what_was_found_is_counted_beside_it(mira: Person) -> None:
    await fill(mira)
    page = await mira.open("/search")
    beside = page.get_by_role("complementary", name="Narrow down")
    await beside.get_by_role("button", name="Night backups 2").click()
    await expect(results_of(page)).to_have_count(2)
    await expect(page).to_have_url(re.compile("q=app:%22Night%20backups%22$"))
    await beside.get_by_role("button", name="Low 1").click()
    await expect(results_of(page)).to_have_count(1)
    await expect(page.get_by_role("button", name="Remove priority low")).to_be_visible()


async def test_a_span_of_time_is_chosen_by_dragging_or_by_keys(mira: Person) -> None:
    """The server's counts are replaced by those of a week: nobody can send into the past."""
    begin = datetime(2026, 3, 2, tzinfo=UTC)
    days = [(begin + timedelta(days=at)).isoformat().replace("+00:00", ".000000Z") for at in range(8)]
    time = [{"from": since, "to": until, "count": 3} for since, until in pairwise(days)]

    async def counted(route: Route) -> None:
        facets = {"total": 21, "capped": False, "applications": [], "priorities": [], "time": time}
        await route.fulfill(body=json.dumps(facets), content_type="application/json")

    await fill(mira)
    page = await mira.open("/", timezone_id="UTC")
    await page.route("**/search/facets?**", counted)
    await page.goto(f"{mira.url}/#/search")
    bars = page.get_by_role("group", name="Messages over time").get_by_role("button")
    await expect(bars).to_have_count(7)
    first, last = await bars.nth(1).bounding_box(), await bars.nth(3).bounding_box()
    assert first
    assert last
    await page.mouse.move(first["x"] + 4, first["y"] + 40)
    await page.mouse.down()
    await page.mouse.move(last["x"] + 4, last["y"] + 40)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile("q=since:2026-03-03%20before:2026-03-06$"))
    await page.get_by_role("button", name="Clear").click()
    await bars.first.focus()
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "Enter"):
        await page.keyboard.press(key)
    await expect(page).to_have_url(re.compile("q=since:2026-03-04%20before:2026-03-06$"))


async def test_mistakes_and_dead_ends_show_a_way_out(mira: Person) -> None:
    await fill(mira)
    page = await mira.open("/search")
    field, results = field_of(page), results_of(page)
    await field.press_sequentially("prio:high backup")
    await expect(page.get_by_text("There is no filter “prio:”. The nearest is “priority:”.")).to_be_visible()
    await expect(field).to_have_attribute("aria-invalid", "true")
    await axe(page, "light")
    await page.get_by_role("button", name='Search for "prio:high" as text').click()
    await expect(page.get_by_text('Nothing for “"prio:high" backup”')).to_be_visible()
    await page.get_by_role("link", name="backup 2").click()
    await expect(results).to_have_count(2)
    await field.fill("app:Nightbackup ")
    await page.get_by_role("button", name='Use app:"Night backups"').click()
    await expect(results).to_have_count(2)
    await field.fill("is:loud ")
    await expect(page.get_by_text("“loud” is nothing that “is:” takes.")).to_be_visible()


async def test_the_search_by_keyboard_alone(mira: Person) -> None:
    await fill(mira)
    page = mira.page
    keyboard = page.keyboard
    await keyboard.press("/")
    await expect(field_of(page)).to_be_focused()
    await keyboard.type("priority:")
    await expect(page.get_by_role("option").first).to_have_attribute("aria-selected", "true")
    await keyboard.press("ArrowDown")
    await keyboard.press("Enter")
    await keyboard.type("backup")
    results = results_of(page)
    await expect(results).to_have_count(2)
    await keyboard.press("ArrowDown")
    await expect(results.first.get_by_role("link")).to_be_focused()
    await keyboard.press("j")
    await expect(results.nth(1).get_by_role("link")).to_be_focused()
    await keyboard.press("Enter")
    detail = page.get_by_role("complementary", name="Message")
    await expect(detail.get_by_role("heading", name="Backup of nas-01 has errors")).to_be_visible()
    await keyboard.press("p")
    await expect(page.get_by_role("link", name=re.compile("Pinned"))).to_contain_text("1")
    await keyboard.press("Escape")
    await expect(detail).to_be_hidden()
    await expect(results.nth(1).get_by_role("link")).to_be_focused()
    await keyboard.press("Escape")
    await expect(field_of(page)).to_be_focused()
    await keyboard.press("Control+a")
    await keyboard.press("Backspace")
    await keyboard.press("Backspace")
    await expect(page).to_have_url(re.compile("#/search$"))


async def test_on_a_phone_a_message_found_is_a_page_of_its_own(mira: Person) -> None:
    await fill(mira)
    page = await mira.open("/search?q=is:unread", viewport=NARROW, has_touch=True)
    results = results_of(page)
    await expect(results).to_have_count(4)
    await mira.send("just now", title="One more")
    await expect(results).to_have_count(5)
    await axe(page, "dark")
    await page.get_by_role("button", name="Narrow down").click()
    await page.get_by_role("button", name="Urgent 1").click()
    await expect(results).to_have_count(1)
    await results.first.tap()
    await expect(page.get_by_role("heading", name="Disk almost full")).to_be_visible()
    await expect(field_of(page)).to_be_hidden()
    await axe(page, "light")
    await page.get_by_role("button", name="Back").click()
    await expect(field_of(page)).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_link_to_a_result_that_is_gone_says_so(mira: Person) -> None:
    sent = await mira.send("the bells", title="Bells")
    await mira.api.post("/api/1/inbox/delete", json={"ids": [sent["id"]]})
    page = await mira.open(f"/search/m/{sent['public_id']}?q=bells", viewport=NARROW)
    await expect(page.get_by_text("This message is not here")).to_be_visible()


async def test_a_result_that_is_deleted_elsewhere_while_it_is_read_says_so(mira: Person) -> None:
    sent = await mira.send("the bells", title="Bells")
    page = await mira.open("/search?q=bells", viewport=NARROW)
    await page.get_by_role("heading", name="Bells").get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Bells", level=2)).to_be_visible()
    await mira.api.post("/api/1/inbox/delete", json={"ids": [sent["id"]]})
    await expect(page.get_by_text("This message is not here")).to_be_visible()
    await page.get_by_role("button", name="Back to the results").click()
    await expect(page.get_by_text("Nothing for")).to_be_visible()
