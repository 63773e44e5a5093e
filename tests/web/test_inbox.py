from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
from playwright.async_api import Locator, Page, expect

from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person

REPORT = """**/srv/media** has 38 GB left.
At this pace it is full on Tuesday.

| Volume | Free |
|---|--:|
| `/srv/media` | 38 GB |

- [x] look
- [ ] buy

![A chart](https://img.example.org/chart.png) and [the panel](https://grafana.example/d/1)
"""


def feed(page: Page) -> Locator:
    return page.get_by_role("feed")


def cards(page: Page) -> Locator:
    return feed(page).get_by_role("article")


def card(page: Page, title: str) -> Locator:
    return cards(page).filter(has=page.get_by_role("heading", name=title))


def message(page: Page) -> Locator:
    return page.get_by_role("region", name="Message", exact=True)


async def fill(person: Person, count: int) -> None:
    headers = {"Authorization": f"Bearer {person.tokens['Grafana']}"}
    async with httpx.AsyncClient(base_url=person.url, headers=headers, trust_env=False) as script:
        for n in range(count):
            body = {"message": f"line {n}", "title": f"Message {n:03}", "priority": 5}
            (await script.post("/api/1/messages", json=body)).raise_for_status()


async def settled(page: Page) -> str:
    """The title in the middle of the list, once nothing scrolls any more."""
    return str(
        await page.evaluate("""async () => {
            const list = document.getElementById("list");
            const frame = () => new Promise(requestAnimationFrame);
            const middle = () => {
                const box = list.getBoundingClientRect();
                return document.elementFromPoint(box.x + 100, box.y + box.height / 2).closest("article");
            };
            for (let still = 0, last = -1; still < 10 || !middle(); still = list.scrollTop === last ? still + 1 : 0) {
                last = list.scrollTop;
                await frame();
            }
            return middle().querySelector("h3").innerText.replace(/^Unread:\\s*/, "");
        }""")
    )


async def test_messages_come_live_and_what_is_read_here_is_read_everywhere(mira: Person) -> None:
    page, phone = mira.page, await mira.open(viewport=NARROW)
    await expect(page.get_by_text("All quiet")).to_be_visible()
    await axe(page)
    await mira.send("One", title="First bell", priority=2)
    sent = await mira.send("Two", title="Second bell", priority=9)
    for each in (page, phone):
        await expect(cards(each).first).to_contain_text("Second bell")
        await expect(cards(each).nth(1)).to_contain_text("First bell")
        await expect(each.get_by_role("main").get_by_text("2 unread", exact=True)).to_be_visible()
    await expect(feed(page).get_by_role("heading", name=re.compile("^Today, "))).to_be_attached()
    await expect(card(page, "Second bell").get_by_text("High 9")).to_be_visible()
    await expect(card(page, "First bell").get_by_text("Low priority")).to_be_attached()
    await expect(page).to_have_title("(2) Inbox · Carillon")

    await card(page, "Second bell").get_by_text("Two").click()  # the whole card leads there
    await expect(message(page).get_by_role("heading", name="Second bell")).to_be_visible()
    await expect(page).to_have_url(re.compile(f"/#/m/{sent['public_id']}$"))
    await expect(phone.get_by_role("link", name="Unread: First bell")).to_be_visible()
    await expect(phone.get_by_role("link", name="Second bell", exact=True)).to_be_visible()
    await expect(phone.get_by_role("main").get_by_text("1 unread", exact=True)).to_be_visible()
    await axe(page)

    await page.get_by_role("toolbar", name="Message").get_by_role("button", name="Mark as unread").click()
    await expect(phone.get_by_role("link", name="Unread: Second bell")).to_be_visible()
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(phone.get_by_role("main").get_by_text("All read")).to_be_visible()


async def test_a_list_can_be_narrowed_and_grouped(people: People) -> None:
    mira = await people.add("mira", application="Backups")
    await mira.add_application("Front door")
    page = mira.page
    for n in range(3):
        await mira.send(f"copy {n}", application="Backups", title=f"Copy {n}", priority=2)
    await mira.send("ring", application="Front door", title="Somebody rings", priority=8)
    await page.get_by_role("link", name="High and up").click()
    await expect(cards(page)).to_have_count(1)
    await mira.send("again", application="Front door", title="Rings again", priority=10)
    await mira.send("calm", application="Front door", title="Gone", priority=3)
    await expect(cards(page)).to_have_count(2)
    await expect(cards(page).first).to_contain_text("Urgent 10")

    await page.get_by_role("navigation").get_by_role("link", name="Backups").click()
    await expect(page.get_by_role("heading", name="Backups", level=1)).to_be_visible()
    await expect(cards(page)).to_have_count(3)
    await page.get_by_role("link", name="Unread", exact=True).click()
    await card(page, "Copy 1").get_by_role("link").first.click()
    await expect(message(page).get_by_role("heading", name="Copy 1")).to_be_visible()
    await expect(cards(page)).to_have_count(3)  # what one opens does not run away
    await page.reload()
    await expect(message(page).get_by_role("heading", name="Copy 1")).to_be_visible()
    await expect(cards(page)).to_have_count(2)

    await page.get_by_role("link", name="Inbox").first.click()
    await page.get_by_role("button", name="More for this list").click()
    await page.get_by_role("menuitem", name="Group by application").click()
    await expect(cards(page)).to_have_count(2)
    await page.reload()
    await page.get_by_role("button", name="2 more from Backups").click()
    await expect(cards(page)).to_have_count(4)
    await axe(page, "light")


async def test_a_message_shows_what_it_says_and_where_it_leads(mira: Person) -> None:
    page = mira.page
    actions = [{"label": "Silence for 2 h", "url": "https://grafana.example/silence"}]
    sent = await mira.send(
        REPORT,
        title="Disk almost full",
        content_type="text/markdown",
        priority=8,
        url="https://grafana.example/d/1",
        url_title="Open panel",
        actions=actions,
        tags=["storage"],
    )
    await expect(card(page, "Disk almost full").locator("b")).to_have_text("/srv/media")
    await page.goto(f"{mira.url}/#/m/{sent['public_id']}")
    shown = message(page)
    await expect(shown.get_by_role("cell", name="38 GB")).to_be_visible()
    await expect(shown.locator(".prose br")).to_have_count(1)  # the end of a line stays one
    await expect(shown.get_by_text("☑ look")).to_be_visible()
    link = shown.get_by_role("link", name="the panel")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(shown.get_by_role("link", name="Open panel")).to_have_attribute("href", "https://grafana.example/d/1")
    await expect(shown.get_by_role("link", name="Silence for 2 h")).to_be_visible()
    await expect(shown.get_by_text("Picture from img.example.org. A chart")).to_be_visible()
    await expect(shown.locator("img")).to_have_count(0)
    await shown.get_by_role("button", name="Show", exact=True).click()  # no such host: it says so
    await expect(shown.get_by_text("The picture from img.example.org could not be fetched.")).to_be_visible()
    await expect(shown.get_by_text(re.compile(r"^Today, \d\d:\d\d:\d\d$"))).to_be_visible()
    await axe(page)

    log = "\n".join(f"line {n} of https://log.example/{n}." for n in range(64))
    await mira.send(log, title="A long log", priority=5)
    await card(page, "A long log").get_by_role("link").first.click()
    await expect(shown.get_by_role("link", name="https://log.example/3", exact=True)).to_be_visible()
    await expect(shown.get_by_text("line 63")).to_be_hidden()
    await shown.get_by_role("button", name="Show all, 64 lines").click()
    await expect(shown.get_by_text("line 63")).to_be_visible()


async def test_nothing_moves_what_one_reads_and_the_place_is_found_again(mira: Person) -> None:
    page = mira.page
    await fill(mira, 70)
    await expect(cards(page).first).to_have_attribute("aria-setsize", "70")
    await expect(card(page, "Message 069")).to_have_attribute("aria-posinset", "1")
    await card(page, "Message 062").hover()
    await page.mouse.wheel(0, 3000)
    title = await settled(page)
    reading = card(page, title)
    before = await reading.bounding_box()
    for n in range(3):
        await mira.send("new", title=f"New {n}", priority=5)
    await expect(page.get_by_role("button", name="Show 3 new messages")).to_be_visible()
    assert await reading.bounding_box() == before
    await axe(page, "light")

    await page.reload()
    await expect(reading).to_be_in_viewport()
    await reading.get_by_role("link").first.click()
    await page.get_by_role("link", name="Settings").first.click()
    await expect(feed(page)).to_have_count(0)
    await page.go_back()
    await expect(reading).to_be_in_viewport()
    await expect(message(page).get_by_role("heading", name=title)).to_be_visible()
    await mira.send("new", title="Newest", priority=5)
    await page.get_by_role("button", name="Show 1 new message").click()
    await expect(card(page, "Newest")).to_be_in_viewport()


async def test_on_the_phone_a_message_is_a_page_of_its_own(mira: Person) -> None:
    await fill(mira, 25)
    phone = await mira.open(viewport=NARROW, has_touch=True)
    await expect(card(phone, "Message 024")).to_be_visible()
    await phone.mouse.move(200, 500)
    await phone.mouse.wheel(0, 900)
    title = await settled(phone)
    reading = card(phone, title)
    before = await reading.bounding_box()
    await reading.get_by_role("link").first.tap()
    await expect(phone.get_by_role("heading", name=title, level=2)).to_be_focused()
    await expect(feed(phone)).to_be_hidden()
    await axe(phone)
    await phone.get_by_role("button", name="Back").tap()
    await expect(feed(phone)).to_be_visible()
    assert await reading.bounding_box() == before
    await expect(reading.get_by_role("link")).to_be_focused()
    await axe(phone, "dark")

    await phone.get_by_role("button", name="Show: All").tap()
    await phone.get_by_role("menuitem", name="Unread").tap()
    await expect(phone).to_have_url(re.compile("show=unread$"))


async def test_a_message_is_pinned_sent_again_and_its_application_muted(mira: Person) -> None:
    page = mira.page
    await mira.send("ding", title="Bell", priority=5)
    await card(page, "Bell").get_by_role("link").first.click()
    tools = page.get_by_role("toolbar", name="Message")
    await tools.get_by_role("button", name="Pin").click()
    await expect(card(page, "Bell").get_by_role("img", name="Pinned")).to_be_visible()
    await tools.get_by_role("button", name="Send again").click()
    await expect(cards(page)).to_have_count(2)
    await tools.get_by_role("button", name="Mute Grafana").click()
    await axe(page, "light")
    await page.get_by_role("button", name="For good").click()
    await expect(page.get_by_text("Muted for good")).to_be_visible()
    muted = (await mira.api.get(f"/api/1/applications/{mira.applications['Grafana']}")).json()["muted_until"]
    assert muted.startswith("9999")


async def test_the_roll_tells_the_day_and_leads_to_its_messages(mira: Person) -> None:
    page = mira.page
    await mira.send("ding", title="Bell", priority=10)
    await mira.send("dong", title="Gong", priority=1)
    await expect(page.get_by_role("figure")).to_contain_text(
        re.compile("^2 messages since .*, 1 urgent, 2 unread"), use_inner_text=False
    )
    drum = page.locator("figure .drum")
    box = await drum.bounding_box()
    assert box
    await page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 15)
    await expect(drum.get_by_text("Bell")).to_be_visible()
    await page.mouse.down()
    await page.mouse.up()
    await expect(message(page).get_by_role("heading", name="Bell")).to_be_visible()

    await page.mouse.move(box["x"] + box["width"] * 0.609, box["y"] + 60)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * 0.816, box["y"] + 60, steps=3)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile("/#/search"))
    since, before = re.findall(r"(?:since|before)%3A(\S+?)Z", page.url)
    spans = [datetime.now(UTC) - datetime.fromisoformat(one.replace("%3A", ":") + "+00:00") for one in (since, before)]
    assert abs(spans[0] - timedelta(hours=1)) < timedelta(minutes=2)
    assert abs(spans[1] - timedelta(minutes=15)) < timedelta(minutes=1)


async def test_a_message_that_takes_the_place_of_the_open_one_is_opened(mira: Person) -> None:
    page = mira.page
    await mira.send("10 %", title="Backup", key="nightly")
    await card(page, "Backup").get_by_role("link").first.click()
    await expect(message(page).get_by_text("10 %")).to_be_visible()
    await mira.send("20 %", title="Backup", key="nightly")
    await expect(message(page).get_by_text("20 %")).to_be_visible()
    await expect(cards(page)).to_have_count(1)
    await page.go_back()
    await expect(message(page).get_by_text("Pick a message")).to_be_visible()
