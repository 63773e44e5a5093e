from __future__ import annotations

from playwright.async_api import expect

from tests.web.person import Person


async def test_the_frame_shows_who_is_there_and_what_he_has(mira: Person) -> None:
    side = mira.page.get_by_role("navigation", name="Applications")
    await expect(side.get_by_role("link", name="Grafana")).to_be_visible()
    await expect(mira.page.get_by_role("button", name=f"{mira.account.name}: account")).to_be_visible()


async def test_what_comes_is_counted_without_a_reload(mira: Person) -> None:
    await mira.send("disk almost full")
    link = mira.page.get_by_role("navigation", name="Main").get_by_role("link", name="Inbox").first
    await expect(link).to_contain_text("1 unread")
