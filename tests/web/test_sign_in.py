from __future__ import annotations

import httpx
from playwright.async_api import Page, expect

from tests.walks.server import Server
from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Account, Person

PUBLISHED = Account("admin", "admin")
ADMIN = Account("admin", "three bells of bronze")


async def sign_in(page: Page, account: Account) -> None:
    await page.get_by_label("Name").fill(account.name)
    await page.get_by_label("Password", exact=True).fill(account.password)
    await page.get_by_role("button", name="Sign in").click()


async def test_signing_in_and_out(mira: Person) -> None:
    page = await mira.open(signed_in=False, viewport=NARROW)
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await axe(page)
    await expect(page.get_by_role("button", name="Make an account")).to_have_count(0)
    await sign_in(page, Account(mira.account.name, "something else"))
    await expect(page.get_by_text("That name and password do not belong together.")).to_be_visible()
    await axe(page)
    await page.get_by_role("button", name="Deutsch").click()
    await expect(page.get_by_role("heading", name="Anmelden")).to_be_visible()
    await page.get_by_role("button", name="English").click()
    await sign_in(page, mira.account)
    await expect(page.get_by_text("All quiet")).to_be_visible()

    await page.get_by_role("navigation", name="Main").get_by_role("link", name="More").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.reload()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    await mira.api.delete("/api/1/sessions")  # ended from elsewhere
    await expect(mira.page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_the_published_password_registration_and_too_many_tries(newborn: Server, people: People) -> None:
    admin = await people.of(newborn.url, ADMIN, signed_in=False)
    page = await admin.open(signed_in=False)
    await page.get_by_role("button", name="I have an account here").click()
    await sign_in(page, PUBLISHED)
    await expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
    await axe(page)
    await page.reload()  # the server is the one that insists
    await page.get_by_label("The password until now").fill("admin")
    await page.get_by_label("New password", exact=True).fill(ADMIN.password)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()

    await _make_an_account(admin)
    await _try_too_often(admin)


async def _make_an_account(admin: Person) -> None:
    async with httpx.AsyncClient(base_url=admin.url, trust_env=False) as api:
        session = {"name": admin.account.name, "password": admin.account.password}
        (await api.post("/api/1/session", json=session)).raise_for_status()
        (await api.patch("/api/1/settings", json={"registration": True})).raise_for_status()
    page = await admin.open(signed_in=False, guided=False)
    await page.get_by_role("button", name="Make an account").click()
    await axe(page)
    await page.get_by_label("Name").fill("admin")
    await page.get_by_label("Password", exact=True).fill("a bell of my own")
    await page.get_by_role("button", name="Make an account").click()
    await expect(page.get_by_text("Somebody is called admin already.")).to_be_visible()
    await page.get_by_label("Name").fill("ada")
    await page.get_by_role("button", name="Make an account").click()
    await expect(page.get_by_role("heading", name="Ring your first bell")).to_be_visible()


async def _try_too_often(admin: Person) -> None:
    page = await admin.open(signed_in=False)
    for number in range(30):
        await sign_in(page, Account("eve", f"guess {number}"))
        told = page.get_by_text("That name and password").or_(page.get_by_text("Too many tries. Again in"))
        await expect(told).to_be_visible()
        if "Too many" in await told.inner_text():
            break
    await expect(page.get_by_role("button", name="Sign in")).to_be_disabled()
    await axe(page)


async def test_a_broken_link_for_a_device_says_so(mira: Person) -> None:
    page = await mira.open("/join/%E0%A4%A", signed_in=False)
    await expect(page.get_by_role("alert")).to_be_visible()
    await page.get_by_role("button").first.click()
    await expect(page.get_by_label("Password")).to_be_visible()
