from __future__ import annotations

import httpx
from playwright.async_api import Page, expect

from tests.web.axe import axe
from tests.web.person import NARROW, Person


async def test_a_device_is_added_listens_and_is_revoked(mira: Person) -> None:
    page = await mira.open("/devices")
    await add(page, "screen", expiry="after 30 days without use")
    token = await page.get_by_role("region", name="The token of “screen”").get_by_role("code").text_content() or ""
    assert token in await page.get_by_role("tabpanel", name="Other clients").inner_text()
    await axe(page)
    row = page.get_by_role("row", name="screen")
    await expect(row).to_contain_text("after 30 days without use")

    await act(page, "screen", "Edit…")
    await page.get_by_label("Name", exact=True).fill("hall")
    await page.get_by_label("Ends").select_option(label="never")
    await page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="hall")
    await expect(row.get_by_role("cell").nth(1)).to_have_text("never")
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
    async with httpx.AsyncClient(base_url=mira.url, headers=headers, trust_env=False) as screen:
        async with screen.stream("GET", "/api/1/stream") as stream:
            assert stream.status_code == 200
            await page.reload()
            await expect(row).to_contain_text("Online now")
            await act(page, "hall", "Revoke…")
            dialog = page.get_by_role("dialog", name="Revoke hall?")
            await expect(dialog).to_contain_text("its stream ends now, and its token is dead at once")
            await axe(page)
            await dialog.get_by_role("button", name="Revoke hall").click()
            await expect(row).to_have_count(0)
            assert [line async for line in stream.aiter_lines()]  # and then it ended
        assert (await screen.get("/api/1/user")).status_code == 401


async def test_what_a_phone_and_a_client_need_to_know(mira: Person) -> None:
    page = await mira.open("/devices", viewport=NARROW)
    await expect(page.get_by_role("img", name=f"QR code of the address {mira.url}")).to_be_visible()
    await expect(page.get_by_text("A phone cannot reach")).to_be_visible()
    await axe(page)
    await page.get_by_role("tab", name="Gotify for Android").click()
    await expect(page.get_by_role("tabpanel", name="Gotify for Android")).to_contain_text(mira.account.name)
    assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


async def test_a_browser_is_signed_out_from_another(mira: Person) -> None:
    page = await mira.open("/devices")
    rows = page.get_by_role("row").filter(has_text="Chromium in a test")
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("This browser")
    await rows.last.get_by_role("button", name="Sign Chromium in a test out").click()
    await expect(rows).to_have_count(1)
    await expect(mira.page.get_by_label("Password")).to_be_visible()


async def add(page: Page, name: str, *, expiry: str = "never") -> None:
    await page.get_by_role("button", name="Add a device").click()
    await page.get_by_role("radio", name="By a token").check()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Ends").select_option(label=expiry)
    await page.get_by_role("button", name="Make its token").click()


async def act(page: Page, name: str, what: str) -> None:
    await page.get_by_role("button", name=f"More for {name}").click()
    await page.get_by_role("menuitem", name=what).click()
