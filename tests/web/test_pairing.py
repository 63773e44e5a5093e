"""A desk shows a code, and a phone comes by it: two browsers of one person."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person
from tests.web.test_applications_keyboard import press_until

COPIED = "navigator.clipboard.writeText = async (text) => { globalThis.copied = text }"
NOT_GOOD = "This code is not good, or not any more"
MINUTES = 10 * 60 * 1000  # ms that a code is good


async def test_a_phone_comes_by_the_code_and_the_desk_sees_it(mira: Person) -> None:
    desk = await mira.open("/devices")
    code = await code_of(desk, mira, name="pocket", expiry="after 30 days without use")
    await expect(desk.get_by_role("tabpanel")).to_contain_text(f"It is {mira.account.name} who signs in")
    await expect(desk.get_by_role("row", name="pocket")).to_have_count(0)
    await axe(desk)

    phone = await mira.open(f"/join/{code}", signed_in=False, viewport=NARROW)
    await expect(phone.get_by_role("heading", name=f"Connect this phone as {mira.account.name}?")).to_be_visible()
    await expect(phone.get_by_text("becomes the device “pocket”")).to_be_visible()
    assert phone.url == f"{mira.url}/#/", "the code is in no history"
    await axe(phone)
    await phone.reload()
    await expect(phone.get_by_label("Password")).to_be_visible()
    assert (await mira.api.get("/api/1/devices")).json()["devices"] == [], "looking at a code uses nothing up"

    await phone.goto(f"{mira.url}/#/join/{code}")
    await phone.get_by_role("button", name="Connect this phone").click()
    await expect(phone.get_by_role("navigation", name="Main").last).to_be_visible()
    await expect(desk.get_by_text("pocket is in.")).to_be_visible()
    await expect(desk.get_by_role("img", name="QR code that connects pocket")).to_have_count(0)
    row = desk.get_by_role("row", name="pocket")
    await expect(row).to_contain_text("Online now")
    await expect(row).to_contain_text("after 30 days without use")
    await axe(desk)

    late = await mira.open(f"/join/{code}", signed_in=False, viewport=NARROW)
    await expect(late.get_by_role("alert")).to_contain_text(NOT_GOOD)
    await axe(late)
    await row.get_by_role("button", name="More for pocket").click()
    await desk.get_by_role("menuitem", name="Revoke…").click()
    await desk.get_by_role("button", name="Revoke pocket").click()
    await expect(phone.get_by_label("Password")).to_be_visible()


async def test_a_code_is_withdrawn_or_too_late(mira: Person) -> None:
    desk = await mira.open("/devices")
    code = await code_of(desk, mira)
    early = await mira.open(f"/join/{code}", signed_in=False, viewport=NARROW)
    button = early.get_by_role("button", name="Connect this phone")
    await expect(button).to_be_enabled()
    await desk.get_by_role("button", name="Withdraw the code").click()
    await expect(desk.get_by_role("img", name="QR code of the address")).to_be_visible()
    await button.click()
    await expect(early.get_by_role("alert")).to_contain_text(NOT_GOOD)

    await desk.clock.install()
    await desk.reload()
    await code_of(desk, mira)
    await desk.clock.fast_forward(MINUTES + 1000)
    await expect(desk.get_by_text("nobody has come by it")).to_be_visible()
    await axe(desk)
    await desk.get_by_role("button", name="Make a new code").click()
    await expect(desk.get_by_role("dialog", name="Add a device")).to_be_visible()


async def test_who_is_signed_in_as_another_is_told(people: People) -> None:
    mira, noor = await people.add("mira"), await people.add("noor")
    code = await code_of(await mira.open("/devices"), mira)
    page = noor.page
    await page.evaluate(f"location.hash = '#/join/{code}'")
    await expect(page.get_by_role("heading", name=f"Connect this phone as {mira.account.name}?")).to_be_visible()
    await expect(page.get_by_text(f"You are signed in here as {noor.account.name}")).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("navigation", name="Main").first).to_be_visible()
    assert (await page.request.get(f"{mira.url}/api/1/user")).ok
    assert (await mira.api.get("/api/1/devices")).json()["devices"] == []


async def test_by_keys_alone_a_phone_is_connected(mira: Person) -> None:
    desk = await mira.open("/devices")
    await desk.evaluate(COPIED)
    await press_until(desk, desk.get_by_role("button", name="Add a device"))
    await desk.keyboard.press("Enter")
    await press_until(desk, desk.get_by_role("radio", name="By a QR code"))
    await desk.keyboard.press("ArrowRight")
    await expect(desk.get_by_role("button", name="Make its token")).to_be_visible()
    await desk.keyboard.press("ArrowLeft")
    await press_until(desk, desk.get_by_label("Name", exact=True))
    await desk.keyboard.type("pocket")
    await desk.keyboard.press("Enter")
    await press_until(desk, desk.get_by_role("button", name="Copy the link of the code"))
    await desk.keyboard.press("Enter")
    link = str(await desk.evaluate("copied"))
    phone = await mira.open(link.partition("#")[2], signed_in=False, viewport=NARROW)
    await press_until(phone, phone.get_by_role("button", name="Connect this phone"))
    await phone.keyboard.press("Enter")
    await expect(phone.get_by_role("navigation", name="Main").last).to_be_visible()
    await expect(desk.get_by_role("status").filter(has_text="pocket is in.")).to_be_visible()


async def code_of(desk: Page, person: Person, *, name: str = "phone", expiry: str = "never") -> str:
    """Made on the page of the devices: what the QR code on it holds, besides the address of the server."""
    await desk.evaluate(COPIED)
    await desk.get_by_role("button", name="Add a device").click()
    await desk.get_by_label("Name", exact=True).fill(name)
    await desk.get_by_label("Ends").select_option(label=expiry)
    await desk.get_by_role("button", name="Show the code").click()
    await expect(desk.get_by_role("img", name=f"QR code that connects {name}")).to_be_visible()
    await desk.get_by_role("button", name="the link of the code").click()
    link = str(await desk.evaluate("copied"))
    assert link.startswith(f"{person.url}/#/join/")
    return link.rpartition("/")[2]
