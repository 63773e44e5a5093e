"""A real Chromium before a real server: one of each for all walks, and a new person for each."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from tests.walks.server import Server, away
from tests.web.person import PATIENCE, Account, Person, admin_of, api_of

HERE = Path(__file__).parent

expect.set_options(timeout=PATIENCE)

expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """All on one event loop: the browser belongs to it."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as playwright:
        yield playwright


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium") or away("chromium")
    browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """A server whose admin has chosen a password."""
    folder = tmp_path_factory.mktemp("house")
    server = Server(folder / "data", folder / "log", env={"CARILLON_ADMIN_PASSWORD": admin_of().password})
    await server.start()
    yield server
    server.end()
    print(f"--- {server.log}\n{server.said()[-4000:]}")


@pytest_asyncio.fixture(loop_scope="session")
async def newborn(tmp_path: Path) -> AsyncIterator[Server]:
    """A server of one's own that nobody has signed in to yet."""
    server = Server(tmp_path / "data", tmp_path / "log")
    await server.start()
    yield server
    server.end()
    print(f"--- {server.log}\n{server.said()[-4000:]}")


@pytest_asyncio.fixture(loop_scope="session")
async def people(house: Server, browser: Browser) -> AsyncIterator[People]:
    """New people of the house, each in a browser of his own."""
    async with AsyncExitStack() as stack:
        yield People(house, browser, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def mira(people: People) -> Person:
    """Somebody with one application, signed in before an empty inbox."""
    return await people.add("mira")


class People:
    def __init__(self, house: Server, browser: Browser, stack: AsyncExitStack) -> None:
        self._house = house
        self._browser = browser
        self._stack = stack

    async def add(self, name: str, *, application: str | None = "Grafana", admin: bool = False) -> Person:
        """His name is made his own; his browser has the page open and is signed in."""
        person = await Person.new(self._house.url, self._browser, name=name, application=application, admin=admin)
        self._stack.push_async_callback(person.leave)
        return person

    async def of(self, url: str, account: Account, *, signed_in: bool = True) -> Person:
        """Somebody of another server."""
        person = Person(account, url, browser=self._browser, api=api_of(url, account))
        self._stack.push_async_callback(person.leave)
        if signed_in:
            person.page = await person.open()
        return person
