from __future__ import annotations

from playwright.async_api import Page, expect

from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person
from tests.web.test_inbox import card, cards, feed, fill, message

UNDO = 12_000  # ms: what is deleted can be brought back for 8 s


async def titles(person: Person) -> list[str]:
    """Of what the server has, newest first."""
    return [one["title"] for one in (await person.api.get("/api/1/inbox")).json()["messages"]]


async def choose(page: Page, name: str) -> None:
    await page.get_by_role("button", name="More for this list").click()
    await page.get_by_role("menuitem", name=name).click()


async def test_one_is_deleted_where_it_was_and_can_be_brought_back(mira: Person) -> None:
    page = mira.page
    await fill(mira, 3)
    await card(page, "Message 001").get_by_role("link").first.click()
    await page.get_by_role("toolbar", name="Message").get_by_role("button", name="Delete").click()
    strip = page.get_by_role("article", name="Deleted: Message 001")
    await expect(strip.get_by_role("button", name="Undo")).to_be_focused()
    await expect(message(page).get_by_text("Pick a message")).to_be_visible()
    await axe(page)
    await strip.get_by_role("button", name="Undo").click()
    await expect(card(page, "Message 001").get_by_role("link").first).to_be_focused()
    assert len(await titles(mira)) == 3

    await card(page, "Message 002").hover()
    await card(page, "Message 002").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("article", name="Deleted: Message 002")).to_be_visible()
    await page.mouse.move(0, 0)
    await card(page, "Message 000").get_by_role("link").first.click()
    await expect(page.get_by_role("article", name="Deleted: Message 002")).to_be_hidden(timeout=UNDO)
    assert await titles(mira) == ["Message 001", "Message 000"]


async def test_several_share_one_way_back_and_a_closed_page_means_it(mira: Person) -> None:
    await fill(mira, 5)
    phone = await mira.open(viewport=NARROW, has_touch=True)
    await card(phone, "Message 004").evaluate(  # a long press
        """(card) => new Promise((done) => {
            card.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true, pointerType: "touch" }));
            setTimeout(done, 600);
        })"""
    )
    await expect(phone.get_by_role("toolbar", name="1 selected")).to_be_visible()
    await phone.get_by_role("checkbox", name="Select: Message 003").tap()
    await card(phone, "Message 001").get_by_text("line 1").tap()
    bar = phone.get_by_role("toolbar", name="3 selected")
    await axe(phone)
    await bar.get_by_role("button", name="Delete").tap()
    await expect(cards(phone)).to_have_count(2)
    await expect(phone.get_by_text("3 messages deleted")).to_be_visible()
    await expect(phone.get_by_role("button", name="Undo")).to_be_focused()
    await phone.get_by_role("button", name="Undo").tap()
    await expect(cards(phone)).to_have_count(5)

    await phone.get_by_role("button", name="Show: All").tap()
    await phone.get_by_role("menuitem", name="Delete all").tap()
    await expect(phone.get_by_text("All quiet")).to_be_visible()
    await mira.send("late", title="Came later")
    await expect(cards(phone)).to_have_count(1)
    assert len(await titles(mira)) == 6
    await phone.goto(f"{mira.url}/api/docs")
    await expect(feed(mira.page).get_by_role("article")).to_have_count(1)
    assert await titles(mira) == ["Came later"]


async def test_all_of_an_application_and_what_is_old_goes_and_nothing_else(people: People) -> None:
    mira = await people.add("mira")
    await mira.add_application("Backups")
    page = mira.page
    await mira.send("kept", application="Backups", title="Copy")
    await fill(mira, 3)
    await page.get_by_role("navigation").get_by_role("link", name="Grafana").click()
    await expect(cards(page)).to_have_count(3)
    await choose(page, "Delete all of Grafana")
    await expect(page.get_by_text("Nothing from Grafana yet")).to_be_visible()
    await expect(page.get_by_text("Messages deleted")).to_be_visible()
    await mira.send("late", title="Came later")
    await expect(cards(page)).to_have_count(1)
    await page.get_by_role("button", name="Undo").click()
    await expect(cards(page)).to_have_count(4)

    await choose(page, "Delete older…")
    await axe(page, "light")
    await page.get_by_label("Older than").select_option("1 day")
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(cards(page)).to_have_count(4)  # nothing is as old
    await choose(page, "Delete all of Grafana")
    await page.goto(f"{mira.url}/api/docs")
    await page.goto(mira.url)
    await expect(cards(page)).to_have_count(1)
    assert await titles(mira) == ["Copy"]


async def test_the_way_back_goes_along_wherever_one_goes(mira: Person) -> None:
    """Also where the message stood in no list, and below what else is said."""
    page = mira.page
    await fill(mira, 2)
    await expect(cards(page)).to_have_count(2)  # the second to come moves the first from below the pointer
    await card(page, "Message 000").hover()
    await card(page, "Message 000").get_by_role("button", name="Delete").click()
    await page.get_by_role("link", name="Devices").click()
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("button", name="Undo")).to_be_hidden()

    other = await mira.open("/?show=high")
    await expect(other.get_by_text("Nothing urgent")).to_be_visible()
    public_id = (await mira.api.get("/api/1/inbox")).json()["messages"][0]["public_id"]
    await other.goto(f"{mira.url}/#/m/{public_id}?show=high")
    await message(other).get_by_role("button", name="Delete").click()
    await expect(other.get_by_text("1 message deleted")).to_be_visible()
    await expect(other.get_by_role("button", name="Undo")).to_be_focused()
    await other.keyboard.press("Enter")
    assert await titles(mira) == ["Message 001", "Message 000"]


async def test_who_signs_out_means_what_he_has_deleted(mira: Person) -> None:
    page = mira.page
    await fill(mira, 2)
    await card(page, "Message 001").hover()
    await card(page, "Message 001").get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name=f"{mira.account.name}: account and settings").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await titles(mira) == ["Message 000"]


async def test_what_is_gone_is_picked_no_more(mira: Person) -> None:
    page = mira.page
    await fill(mira, 3)
    for title in ("Message 002", "Message 001"):
        await page.get_by_role("checkbox", name=f"Select: {title}").click()
    await expect(page.get_by_role("toolbar", name="2 selected")).to_be_visible()
    newest = (await mira.api.get("/api/1/inbox")).json()["messages"][0]["id"]
    await mira.api.post("/api/1/inbox/delete", json={"ids": [newest]})
    await expect(page.get_by_role("toolbar", name="1 selected")).to_be_visible()
