from __future__ import annotations

import re
import tarfile
from pathlib import Path

import httpx
from playwright.async_api import Page, expect

from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, PATIENCE, Person

PASSWORD = "a new bell, much louder"


async def elevate(page: Page, person: Person) -> None:
    """Answers the question for the password, which acts of an admin may ask."""
    ask = page.get_by_role("dialog").get_by_label("Password")
    await ask.fill(person.account.password)
    await page.get_by_role("button", name="Go on").click()


async def refresh(page: Page, path: str) -> None:
    await page.evaluate("path => { location.hash = path }", path)


async def test_the_printed_path_to_another_password(mira: Person) -> None:
    """User name → Settings → change password."""
    other = await mira.open()
    page = mira.page
    await page.get_by_role("button", name=f"{mira.account.name}: account").click()
    await page.get_by_role("menuitem", name="Settings").click()
    form = page.locator("form", has=page.get_by_role("heading", name="Change password"))
    await form.get_by_label("Password until now").fill("not mine")
    await form.get_by_label("New password").fill(PASSWORD)
    await form.get_by_role("button", name="Change password").click()
    await expect(form.get_by_text("This is not your password.")).to_be_visible()
    await form.get_by_label("Password until now").fill(mira.account.password)
    await form.get_by_role("button", name="Change password").click()
    await expect(page.get_by_text("Password changed.")).to_be_visible()
    await expect(other.get_by_label("Password")).to_be_visible()  # its session has ended, and it asks to sign in
    async with httpx.AsyncClient(base_url=mira.url, trust_env=False) as client:
        assert (await client.get("/api/1/user", auth=(mira.account.name, PASSWORD))).is_success


async def test_sessions_are_listed_and_ended(mira: Person) -> None:
    await mira.open()
    page = mira.page
    await refresh(page, "/settings/account")
    rows = page.get_by_role("region", name="Sessions", exact=True)
    await expect(rows.get_by_role("row", name="Chromium in a test")).to_have_count(2)
    await axe(page)
    await rows.get_by_role("button", name=re.compile("^End Chromium")).click()
    await expect(rows.get_by_role("row", name="Chromium in a test")).to_have_count(1)
    await expect(rows.get_by_text("This one")).to_be_visible()


async def test_appearance_is_this_browsers(mira: Person) -> None:
    page = await mira.open("/settings", viewport=NARROW)
    await page.get_by_role("link", name="Appearance").click()
    await page.get_by_role("button", name="Dark", exact=True).click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await axe(page)
    await page.get_by_label("Language").select_option("de")
    await expect(page.get_by_role("heading", name="Darstellung")).to_be_visible()
    await page.get_by_role("link", name="Alle Einstellungen").click()
    await expect(page.get_by_role("link", name="Konto")).to_be_visible()
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_a_limit_acts_at_once(people: People) -> None:
    ada = await people.add("ada", admin=True)
    page = ada.page
    await refresh(page, "/settings/limits")
    field = page.get_by_label("Longest message")
    try:
        await field.fill("1024")
        await expect(page.get_by_text("1 change", exact=True)).to_be_visible()
        await axe(page)
        await page.get_by_role("button", name="Save, applies at once").click()
        await expect(page.get_by_text("Saved")).to_be_visible()
        async with httpx.AsyncClient(base_url=ada.url, trust_env=False) as script:
            headers = {"Authorization": f"Bearer {ada.tokens['Grafana']}"}
            refused = await script.post("/api/1/messages", headers=headers, json={"message": "x" * 1025})
        assert refused.status_code == 413
        await field.fill("1")
        await page.get_by_role("button", name="Save, applies at once").click()
        await expect(page.get_by_text("It has to be between 1 KiB and")).to_be_visible()
        await page.get_by_role("button", name="Discard").click()
        await expect(field).to_have_value("1024")
    finally:
        (await ada.api.patch("/api/1/settings", json={"message_limit": None})).raise_for_status()
    await expect(field).to_have_value("65536")  # told by the stream


async def test_who_is_no_admin_sees_only_what_is_his(mira: Person) -> None:
    await refresh(mira.page, "/settings/users")
    await expect(mira.page.get_by_role("heading", name="Account")).to_be_visible()
    await expect(mira.page.get_by_role("link", name="Users")).to_have_count(0)


async def test_users_come_and_go(people: People) -> None:
    ada = await people.add("ada", admin=True)
    page = ada.page
    eve = f"eve-of-{ada.account.name}"
    await refresh(page, "/settings/users")
    await page.get_by_role("button", name="New User").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill(eve)
    password = dialog.get_by_label("Password")
    await password.fill("admin")
    await dialog.get_by_role("button", name="Create user").click()
    await expect(password).to_have_accessible_description("Everybody knows this password: choose another.")
    await password.fill("a little bell")
    await axe(page)
    await dialog.get_by_role("button", name="Create user").click()
    row = page.get_by_role("row", name=eve)
    await expect(row).to_be_visible()
    await axe(page)
    for name, said in ((ada.account.name, "taken"), (f"{eve}-too", "")):
        await row.get_by_role("button", name=f"{eve}: more").click()
        await page.get_by_role("menuitem", name="Edit").click()
        await dialog.get_by_label("Name").fill(name)
        await dialog.get_by_role("switch", name="Administrator").click()
        await dialog.get_by_role("button", name="Save").click()
        if said:
            await expect(dialog.locator(".err")).to_be_visible()
            await dialog.get_by_role("button", name="Cancel").click()
    row = page.get_by_role("row", name=f"{eve}-too")
    await expect(row.get_by_text("Administrator")).to_be_visible()
    await row.get_by_role("button", name=f"{eve}-too: more").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await expect(dialog.get_by_text("No message and no device")).to_be_visible()
    await dialog.get_by_role("button", name=f"Delete {eve}-too").click()
    await expect(row).to_have_count(0)


async def test_groups_are_filled_and_emptied(people: People) -> None:
    ada, eve = await people.add("ada", admin=True), await people.add("eve")
    page, name = ada.page, f"Family of {ada.account.name}"
    await refresh(page, "/settings/groups")
    await page.get_by_role("button", name="New Group").click()
    await page.get_by_role("dialog").get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Create group").click()
    group = page.get_by_role("region", name=name)
    await group.get_by_label(f"Add somebody to {name}").select_option(eve.account.name)
    await group.get_by_role("button", name="Add", exact=True).click()
    await expect(group.get_by_text("1 member", exact=True)).to_be_visible()
    await axe(page)
    await group.get_by_role("button", name=f"Remove {eve.account.name}").click()
    await expect(group.get_by_text("nobody yet")).to_be_visible()
    await group.get_by_role("button", name=f"{name}: more").click()
    await page.get_by_role("menuitem", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name=f"Delete {name}").click()
    await expect(group).to_have_count(0)


async def test_admin_tools_logs_filter(people: People) -> None:
    ada = await people.add("ada", admin=True)
    page = ada.page
    async with httpx.AsyncClient(base_url=ada.url, trust_env=False) as stranger:
        await stranger.post("/message", params={"token": "nobody"}, json={"message": "x"})
    await refresh(page, "/settings")
    await expect(page.get_by_role("heading", name="Admin tools")).to_be_visible()
    await page.get_by_role("link", name="Logs").click()
    lines = page.locator("ol > li")
    await page.get_by_label("Filter by text").fill("no such token")
    await expect(lines.first).to_contain_text("no such token")
    await page.get_by_label("Component").select_option("carillon.access")
    await expect(lines.first).to_contain_text("carillon.access")
    await axe(page)
    await page.get_by_label("Level").select_option("error")
    await expect(lines).to_have_text(["No line fits this filter."])


async def test_the_server_tells_how_it_is_and_gives_a_backup(people: People, tmp_path: Path) -> None:
    ada = await people.add("ada", admin=True)
    page = ada.page
    await refresh(page, "/settings/server")
    await expect(page.get_by_role("region", name="Health").get_by_text("data folder").first).to_be_visible()
    await expect(page.get_by_role("region", name="This server").get_by_text("SQLite")).to_be_visible()
    await axe(page)
    async with page.expect_download(timeout=PATIENCE) as awaited:
        await page.get_by_role("button", name="Download a backup").click()
    file = tmp_path / "backup.tar"
    await (await awaited.value).save_as(file)
    with tarfile.open(file) as tar:
        assert {"manifest.json", "carillon.db"} <= set(tar.getnames())
