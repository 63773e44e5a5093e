"""No pointer is touched."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.web.person import Person

REACH = 60  # presses of Tab, after which something cannot be reached


async def test_by_keys_alone_an_application_is_made_and_put_first(mira: Person) -> None:
    page = await mira.open("/")
    await press_until(page, page.get_by_role("link", name="Apps: manage applications"))
    await page.keyboard.press("Enter")
    await press_until(page, page.get_by_role("link", name="New Application"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await page.keyboard.type("Backups")
    await press_until(page, page.get_by_role("radio", name="Normal"))
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("radio", name="High")).to_be_checked()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Backups")).to_be_focused()
    await press_until(page, page.get_by_role("region", name="Your new token").get_by_role("button", name="Close"))
    await page.keyboard.press("Enter")

    row = page.get_by_role("region", name="Applications").get_by_role("link", name="Backups")
    await press_until(page, row, key="Shift+Tab")
    async with page.expect_response("**/applications/order"):
        await page.keyboard.press("Alt+ArrowUp")
        await page.keyboard.press("Alt+ArrowDown")
        await page.keyboard.press("Alt+ArrowUp")
        await expect(page.get_by_role("status").filter(has_text="Backups is now 1 of 2")).to_be_attached()
    await expect(row).to_be_focused()
    found = (await mira.api.get("/api/1/applications")).json()["applications"]
    assert [(one["name"], one["default_priority"]) for one in found] == [("Backups", 8), ("Grafana", 0)]


async def press_until(page: Page, wanted: Locator, *, key: str = "Tab") -> None:
    """Goes on by a key until something has the focus."""
    await wanted.wait_for()
    for _ in range(REACH):
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
        await page.keyboard.press(key)
    await expect(wanted).to_be_focused()
