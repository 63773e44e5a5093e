from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.walks.pushover import TOKEN, USER, Pushover
from tests.walks.receivers import receiver
from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person


async def test_pushover_is_set_up_by_the_way_that_guides_print(people: People) -> None:
    mira = await people.add("mira", admin=True)
    await allow(mira)
    remote = Pushover()
    async with receiver(remote) as url:
        page = await mira.open("/")
        await page.get_by_role("link", name="Settings").click()
        await page.get_by_role("link", name="Notification Services").click()
        await page.get_by_role("button", name="Add New").click()
        await axe(page)
        await page.get_by_role("menuitem", name="Pushover").click()
        await expect(page.get_by_role("heading", name="New Pushover service")).to_be_visible()
        await page.get_by_label("Name", exact=True).fill("Mira’s phone")
        await fill(page, token="w" * 30, server=url)
        await axe(page)

        await page.get_by_role("button", name="Check").click()
        answers = page.get_by_role("region", name="What Pushover answered")
        await expect(answers).to_contain_text("application token is invalid")
        await expect(answers).to_contain_text("What to change: Application token.")
        await expect(page.get_by_label("Application token", exact=True)).to_be_focused()
        await axe(page)
        await page.get_by_label("Application token", exact=True).fill(TOKEN)
        await page.get_by_role("button", name="Check").click()
        await expect(answers).to_contain_text("It works")
        assert remote.got == []
        await page.get_by_role("button", name="Send test notification").click()
        await expect(answers).to_contain_text("The test has arrived")
        assert len(remote.got) == 1

        await page.get_by_role("button", name="Save service").click()
        card = page.get_by_role("article", name="Mira’s phone")
        await expect(card).to_contain_text("Nothing sent yet.")
        await mira.send("99 %", title="Disk almost full")
        await expect(card).to_contain_text("Last success")
        assert remote.got[-1]["title"] == "Disk almost full"
        await axe(page)


async def test_a_kind_whose_glyph_is_not_ours_shows_its_initial(people: People) -> None:
    mira = await people.add("mira")
    page = mira.page
    channel = {"kind": "bell", "title": {"en": "Tower bell", "de": "Turmglocke"}, "about": {"en": "", "de": ""}}
    rest = {"icon": "tower", "available": True, "checks": False, "fields": []}
    await page.route("**/api/1/channels", lambda route: route.fulfill(json={"channels": [{**channel, **rest}]}))
    await page.goto(f"{mira.url}/#/services")
    tile = page.get_by_role("link", name="Tower bell").first
    await expect(tile).to_be_visible()
    await expect(tile.locator(".tile")).to_have_text("T")
    await axe(page)


async def test_a_service_is_changed_switched_off_and_deleted(people: People) -> None:
    mira = await people.add("mira", admin=True)
    await allow(mira)
    remote = Pushover()
    async with receiver(remote) as url:
        await add_service(mira, url)
        page = await mira.open("/services", viewport=NARROW)
        card = page.get_by_role("article", name="Phone")
        await card.get_by_role("switch").click()
        await expect(card).to_contain_text("Off. Messages pass it by")
        await card.get_by_role("switch").click()
        await card.get_by_role("button", name="Send test").click()
        await expect(page.get_by_text("Phone took the test")).to_be_visible()

        await act(page, "Edit…")
        await expect(page.get_by_label("Application token", exact=True)).to_have_attribute("readonly", "")
        await page.get_by_label("Name", exact=True).fill("")
        await page.get_by_role("button", name="Save service").click()
        await expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-invalid", "true")
        await page.get_by_label("Name", exact=True).fill("Tablet")
        await page.get_by_role("switch", name="Quiet hours").click()
        await page.get_by_text("Texts", exact=True).click()
        await page.get_by_label("Title", exact=True).fill("{{ application }}!")
        await expect(page.get_by_role("region", name="Preview")).to_contain_text("!")
        await axe(page)
        assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
        await page.get_by_role("button", name="Save service").click()
        await expect(page.get_by_role("article", name="Tablet")).to_be_visible()
        [service] = (await mira.api.get("/api/1/services")).json()["services"]
        assert (service["name"], service["rules"]["title_template"]) == ("Tablet", "{{ application }}!")
        assert service["rules"]["quiet"]["windows"][0]["start"] == "22:30"

        await act(page, "Delete…", name="Tablet")
        dialog = page.get_by_role("dialog", name="Delete Tablet?")
        await axe(page)
        await dialog.get_by_role("button", name="Delete Tablet").click()
        await expect(page.get_by_text("No service yet: your messages stay here.")).to_be_visible()


@pytest.mark.parametrize("signed_in", [True, False])
async def test_a_code_that_nobody_sent_confirms_nothing(mira: Person, *, signed_in: bool) -> None:
    page = await mira.open("/", signed_in=signed_in)
    await page.goto(f"{mira.url}/#/confirm/abc")
    await page.reload()
    await page.get_by_role("button", name="Yes, send them to me").click()
    await expect(page.get_by_role("alert")).not_to_be_empty()
    await axe(page)


async def allow(admin: Person) -> None:
    """Services may reach this machine."""
    (await admin.api.patch("/api/1/settings", json={"service_addresses": "any"})).raise_for_status()


async def add_service(person: Person, url: str, *, group: str | None = None) -> int:
    options = {"user": USER, "token": TOKEN, "base_url": url}
    body = {"kind": "pushover", "name": "Phone", "options": options}
    body |= {"scope": "group", "group": group} if group else {}
    answer = await person.api.post("/api/1/services", json=body)
    assert answer.is_success, answer.text
    return int(answer.json()["id"])


async def fill(page: Page, *, token: str, server: str) -> None:
    await page.get_by_label("User or group key", exact=True).fill(USER)
    await page.get_by_label("Application token", exact=True).fill(token)
    await page.get_by_text("Advanced", exact=True).click()
    await page.get_by_label("Server", exact=True).fill(server)


async def act(page: Page, what: str, *, name: str = "Phone") -> None:
    await page.get_by_role("button", name=f"More for {name}").click()
    await page.get_by_role("menuitem", name=what).click()
