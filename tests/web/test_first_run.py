from __future__ import annotations

import asyncio
import re

from playwright.async_api import Page, expect

from tests.walks.server import Server
from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Account, Person

ADMIN = Account("admin", "three bells of bronze")
RANG = re.compile(r"\d+\s(ms|s) from sending to this page, and safely on disk")


async def test_from_an_empty_server_to_the_first_live_message(newborn: Server, people: People) -> None:
    """Without a form to fill in but for the password, and on to the phone."""
    admin = await people.of(newborn.url, ADMIN, signed_in=False)
    page = await admin.open(signed_in=False, guided=False, permissions=["notifications"])
    await _choose_the_password(page)
    await _paste_the_command(page)
    await page.get_by_role("button", name="Send it for me").click()
    await expect(page.get_by_role("article")).to_have_count(1)
    await axe(page)
    await page.get_by_role("button", name="Continue to your phone").click()
    await _sign_the_phone_in(admin, page)
    await page.get_by_role("button", name="Go on").click()
    await page.get_by_role("button", name="Let this browser ring").last.click()
    await expect(page.get_by_text("This browser rings")).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="Open the inbox").click()
    await expect(page.get_by_role("article")).to_have_count(2)
    await _the_guide_can_be_reached_again(page)


async def _choose_the_password(page: Page) -> None:
    await expect(page.get_by_role("heading", name="Welcome to Carillon")).to_be_visible()
    await axe(page)
    password = page.get_by_label("New password", exact=True)
    await password.fill("bells")
    await expect(page.get_by_text("Too short")).to_be_visible()
    await password.fill("password1")
    await expect(page.get_by_text("Weak")).to_be_visible()
    await password.fill(ADMIN.password)
    await expect(page.get_by_text("Strong")).to_be_visible()
    await page.get_by_role("button", name="Go on").click()


async def _paste_the_command(page: Page) -> None:
    await expect(page.get_by_text("Application “My first app” made")).to_be_visible()
    await expect(page.get_by_text("Listening…")).to_be_visible()
    await axe(page)
    command = await page.get_by_role("tabpanel").inner_text()
    curl = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.DEVNULL, stderr=-3)
    assert await curl.wait() == 0
    await expect(page.get_by_text("It rang.")).to_be_visible()
    await expect(page.get_by_text(RANG)).to_be_visible()
    card = page.get_by_role("article")
    await expect(card).to_contain_text("My first app")
    await expect(card).to_contain_text("Hello from my server")


async def _sign_the_phone_in(admin: Person, page: Page) -> None:
    await page.evaluate("navigator.clipboard.writeText = async (text) => { globalThis.copied = text }")
    await page.get_by_role("button", name="Show the code").click()
    await expect(page.get_by_role("img", name="QR code that connects Phone")).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="the link of the code").click()
    link = str(await page.evaluate("copied"))
    assert link.startswith(f"{admin.url}/#/join/")

    phone = await admin.open(link.partition("#")[2], signed_in=False, viewport=NARROW)
    await expect(phone.get_by_role("heading", name="Connect this phone as admin?")).to_be_visible()
    assert phone.url == f"{admin.url}/#/"
    await axe(phone)
    await phone.get_by_role("button", name="Connect this phone").click()
    await expect(phone.get_by_role("article")).to_have_count(2)
    await expect(page.get_by_text("Phone is in.")).to_be_visible()
    await axe(page)
    devices = (await admin.api.get("/api/1/devices")).json()["devices"]
    assert [device["name"] for device in devices] == ["Phone"]

    await admin.api.delete(f"/api/1/devices/{devices[0]['id']}")
    await expect(phone.get_by_role("heading", name="Sign in")).to_be_visible()
    again = await admin.open(link.partition("#")[2], signed_in=False, viewport=NARROW)
    await expect(again.get_by_text("This code is not good, or not any more")).to_be_visible()


async def _the_guide_can_be_reached_again(page: Page) -> None:
    """Its command is there as long as the tab is; later another token can be had."""
    await page.evaluate("location.hash = '#/welcome'")
    await expect(page.get_by_role("tabpanel")).to_contain_text("X-Gotify-Key")
    await page.evaluate("sessionStorage.clear()")
    await page.reload()
    await page.get_by_role("button", name="A command with a new token").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("X-Gotify-Key")
    await expect(page.get_by_text("Application “My first app” made")).to_be_visible()
