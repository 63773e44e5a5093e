"""Pictures of every page of the web app in the folder screenshots, to be looked at: `make screenshots`.

With `--docs` the two of README are drawn anew.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page, async_playwright

from tests.walks.server import Server
from tests.web.believable import JONAS, MIRA, furnish
from tests.web.person import NARROW, WIDE, Person

ROOT = Path(__file__).parents[2]
TARGET, PICTURES = ROOT / "screenshots", ROOT / "docs/pictures"
THEMES = ("light", "dark")
SETTLED = 700  # ms until pictures, charts and the roll stand

PAGES = {
    "inbox": "/",
    "message": "/m/{disk}",
    "application": "/a/2",
    "search": "/search?q=backup%20priority%3Ahigh%2B%20since%3A30d",
    "pinned": "/search?q=is%3Apinned",
    "send": "/send",
    "applications": "/applications",
    "applications-one": "/applications/2",
    "applications-new": "/applications/new",
    "services": "/services",
    "services-new": "/services/new/pushover",
    "deliveries": "/deliveries",
    "devices": "/devices",
    "statistics": "/statistics",
    "more": "/more",
    "welcome": "/welcome",
    "settings": "/settings",
    **{
        f"settings-{name}": f"/settings/{name}"
        for name in (
            "account",
            "appearance",
            "notifications",
            "services",
            "users",
            "groups",
            "limits",
            "server",
            "logs",
        )
    },
}


async def picture(page: Page, theme: str, path: Path) -> None:
    await page.evaluate("theme => localStorage.setItem('carillon.theme', JSON.stringify(theme))", theme)
    await page.reload()
    await page.get_by_role("heading").first.wait_for()
    await page.wait_for_timeout(SETTLED)
    await page.screenshot(path=path)


async def every_page(mira: Person, disk: str) -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    for width, viewport in (("desk", WIDE), ("phone", NARROW)):
        page = await mira.open(viewport=viewport)
        for name, path in PAGES.items():
            await page.goto(f"{mira.url}/#{path.format(disk=disk)}")
            for theme in THEMES:
                await picture(page, theme, TARGET / f"{name}-{width}-{theme}.png")
    page = await mira.open(signed_in=False)
    await picture(page, "light", TARGET / "sign-in-desk-light.png")


async def for_readme(mira: Person, disk: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page = await mira.open(f"/m/{disk}")
    await picture(page, "light", PICTURES / "inbox.png")
    page = await mira.open(viewport=NARROW, device_scale_factor=2)
    await picture(page, "dark", PICTURES / "phone.png")


async def main(*, docs: bool) -> None:
    with TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        await furnish(data, time.time_ns() // 1000)
        server = Server(data, Path(folder) / "log")
        await server.start()
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
                )
                await _draw(browser, server.url, docs=docs)
                await browser.close()
        finally:
            server.end()


async def _draw(browser: Browser, url: str, *, docs: bool) -> None:
    mira = await Person.known(url, browser, account=MIRA)
    jonas = await Person.known(url, browser, account=JONAS)  # so that lists of people and devices have somebody
    found = (await mira.api.get("/api/1/search", params={"q": 'app:Grafana "almost full"'})).json()
    disk = found["messages"][0]["public_id"]
    await (for_readme if docs else every_page)(mira, disk)
    for person in (mira, jonas):
        await person.leave()


if __name__ == "__main__":
    asyncio.run(main(docs="--docs" in sys.argv))
    sys.stdout.write(f"{PICTURES if '--docs' in sys.argv else TARGET}\n")
