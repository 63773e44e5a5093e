"""Somebody who uses the web app, and the scripts that send to him."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
from msgspec import Struct
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.walks.server import NO_TLS

NUMBERS = itertools.count(1)
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
AWAY = ("Failed to load resource", "WebSocket connection to")  # what browsers say of a server that is away
PATIENCE = 10_000  # ms: against hanging only


class Account(Struct, frozen=True):
    name: str
    password: str


def admin_of() -> Account:
    return Account("admin", "a bell for the tests")


def api_of(url: str, account: Account) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, auth=(account.name, account.password), trust_env=False, verify=NO_TLS)


class Person:
    """`page` is what he has before him; `api` asks the server as he would by script."""

    def __init__(self, account: Account, url: str, *, browser: Browser, api: httpx.AsyncClient) -> None:
        self.account = account
        self.url = url
        self.api = api
        self.tokens: dict[str, str] = {}
        self.applications: dict[str, int] = {}
        self.complaints: list[str] = []
        self.page: Page
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    @classmethod
    async def new(
        cls, url: str, browser: Browser, *, name: str, application: str | None = None, admin: bool = False
    ) -> Person:
        account = Account(f"{name}-{next(NUMBERS)}", "three bells of bronze")
        body = {"name": account.name, "password": account.password, "admin": admin}
        keeper = admin_of()
        async with httpx.AsyncClient(
            base_url=url, auth=(keeper.name, keeper.password), trust_env=False, verify=NO_TLS
        ) as api:
            (await api.post("/api/1/users", json=body)).raise_for_status()
        return await cls.known(url, browser, account=account, application=application)

    @classmethod
    async def known(cls, url: str, browser: Browser, *, account: Account, application: str | None = None) -> Person:
        """Somebody who has an account, signed in. Without an application he is welcomed as on his first day."""
        person = cls(account, url, browser=browser, api=api_of(url, account))
        if application:
            await person.add_application(application)
        person.page = await person.open()
        return person

    async def open(self, path: str = "/", *, signed_in: bool = True, guided: bool = True, **options: Any) -> Page:
        """Another browser of his, at a place of the app. `guided`: he knows the guide for new users already. `options`
        are those of a context of Playwright, which by default has no service worker.
        """
        usual = {"viewport": WIDE, "locale": "en-GB", "service_workers": "block"}
        context = await self._browser.new_context(**{**usual, **options})
        self._contexts.append(context)
        context.set_default_timeout(PATIENCE)
        if guided:
            await context.add_init_script("localStorage.setItem('carillon.guided', 'true')")
        page = await context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._heard)
        if signed_in:
            body = {"name": self.account.name, "password": self.account.password, "device": "Chromium in a test"}
            answer = await context.request.post(f"{self.url}/api/1/session", data=body)
            assert answer.ok, await answer.text()
        await page.goto(f"{self.url}/#{path}")
        if signed_in:
            await expect(page.get_by_role("status").filter(has_text="Live").first).to_be_attached()
        return page

    async def add_application(self, name: str, **fields: Any) -> int:
        answer = await self.api.post("/api/1/applications", json={"name": name, **fields})
        assert answer.is_success, answer.text
        made = answer.json()
        self.tokens[name], self.applications[name] = made["token"], made["id"]
        return int(made["id"])

    async def send(self, message: str = "done", *, application: str = "Grafana", **fields: Any) -> dict[str, Any]:
        """As a script does."""
        headers = {"Authorization": f"Bearer {self.tokens[application]}"}
        async with httpx.AsyncClient(trust_env=False, verify=NO_TLS) as script:
            answer = await script.post(
                f"{self.url}/api/1/messages", headers=headers, json={"message": message, **fields}
            )
        assert answer.is_success, answer.text
        sent: dict[str, Any] = answer.json()
        return sent

    async def leave(self) -> None:
        for context in self._contexts:
            await context.close()
        await self.api.aclose()
        assert self.complaints == [], self.complaints

    def _heard(self, message: Any) -> None:
        """What the browser complains about: scripts that fail, and what the Content-Security-Policy forbids."""
        if message.type == "error" and not message.text.startswith(AWAY):
            self.complaints.append(message.text)
