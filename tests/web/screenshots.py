"""Pictures of every page for people to look at: `python -m tests.web.screenshots [PAGE …]` fills screenshots/."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
import time
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.walks.server import Server
from tests.web.household import SAID, SENDERS, Said, Sender, routine
from tests.web.person import NARROW, WIDE, Account, Person, api_of

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "screenshots"
ICONS = (ROOT / "web/src/parts/icons.svg").read_text()
MIRA = Account("Mira", "three bells of bronze")
ADMIN = Account("admin", "a bell for the pictures")
DEVICES = ("Pixel 8", "iPad in the kitchen", "Firefox on desk")

# Until nothing has moved for a moment.
SETTLED = """() => new Promise((settled) => {
    let timer = setTimeout(settled, 700);
    new MutationObserver(() => {
        clearTimeout(timer);
        timer = setTimeout(settled, 400);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
})"""

PAGES = {
    "inbox": "/",
    "message": "/m/{message}",
    "application-inbox": "/a/{application}",
    "search": "/search?q=backup error",
    "send": "/send",
    "applications": "/applications",
    "application": "/applications/{application}",
    "devices": "/devices",
    "statistics": "/statistics",
    "settings-account": "/settings/account",
    "settings-appearance": "/settings/appearance",
    "settings-notifications": "/settings/notifications",
    "settings-users": "/settings/users",
    "settings-limits": "/settings/limits",
    "settings-server": "/settings/server",
    "settings-logs": "/settings/logs",
    "more": "/more",
    "welcome": "/welcome",
}


async def main(wanted: list[str]) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("the pictures take Debian's chromium")
    with TemporaryDirectory() as folder:
        env = {"CARILLON_ADMIN_PASSWORD": ADMIN.password, "CARILLON_PUBLISH_RATE": "0"}
        server = Server(Path(folder) / "data", Path(folder) / "log", env=env)
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                mira, places = await _household(server, browser)
                await _take(mira, places, wanted)
                await mira.leave()
                await browser.close()
        finally:
            server.end()


async def _household(server: Server, browser: Browser) -> tuple[Person, dict[str, str]]:
    """Somebody with all that the pictures show, and the ids that stand in their addresses."""
    await server.start()
    async with api_of(server.url, ADMIN) as admin:
        user = {"name": MIRA.name, "password": MIRA.password, "admin": True}
        (await admin.post("/api/1/users", json=user)).raise_for_status()
    mira = Person(MIRA, server.url, browser=browser, api=api_of(server.url, MIRA))
    for sender in SENDERS:
        await _move_in(mira, browser, sender)
    said = sorted([*SAID, *routine(Random(4))], key=lambda one: one.ago, reverse=True)
    sent = [await _send(mira, one) for one in said]
    for name in DEVICES:
        (await mira.api.post("/api/1/devices", json={"name": name})).raise_for_status()
    await server.stop()
    _backdate(server.data / "carillon.db", dict(zip(sent, said, strict=True)))
    await server.start()
    disk = (await mira.api.get("/api/1/inbox?limit=2")).json()["messages"][1]
    return mira, {"message": disk["public_id"], "application": str(mira.applications["Backups"])}


async def _move_in(mira: Person, browser: Browser, sender: Sender) -> None:
    number = await mira.add_application(sender.name, description=sender.description, default_priority=5)
    page = await browser.new_page(viewport={"width": 128, "height": 128})
    await page.set_content(
        f"<style>body{{margin:0;display:grid;place-items:center;height:128px;background:oklch(0.52 0.09 {sender.hue})}}"
        "svg{fill:none;stroke:#fff;stroke-width:1.7;stroke-linecap:round;stroke-linejoin:round}</style>"
        f'<div hidden>{ICONS}</div><svg width="72" height="72"><use href="#{sender.glyph}"/></svg>'
    )
    picture = await page.screenshot()
    await page.close()
    answer = await mira.api.put(
        f"/api/1/applications/{number}/image", content=picture, headers={"Content-Type": "image/png"}
    )
    answer.raise_for_status()


async def _send(mira: Person, said: Said) -> int:
    """Its id."""
    fields = {"url": said.url, "url_title": said.url_title} if said.url else {}
    kind = "text/markdown" if said.markdown else "text/plain"
    sent = await mira.send(
        said.message, application=said.sender, title=said.title, priority=said.priority, content_type=kind, **fields
    )
    mark = {"ids": [sent["id"]], "read": said.read, "pinned": said.pinned}
    (await mira.api.post("/api/1/inbox/mark", json=mark)).raise_for_status()
    return int(sent["id"])


def _backdate(database: Path, said: dict[int, Said]) -> None:
    """Lets the messages have come when they are meant to have; what is counted from them is counted anew."""
    now = time.time()
    times = [(int((now - one.ago.total_seconds()) * 1e6), number) for number, one in said.items()]
    base = sqlite3.connect(database)
    with base:
        base.executemany("UPDATE messages SET created = ? WHERE id = ?", times)
        base.execute("DELETE FROM statistics")
        base.execute("UPDATE filled SET reached = 0 WHERE name = 'statistics'")
    base.close()


async def _take(mira: Person, places: dict[str, str], wanted: list[str]) -> None:
    TARGET.mkdir(exist_ok=True)
    for size, viewport in (("desktop", WIDE), ("phone", NARROW)):
        for theme in ("light", "dark"):
            page = await mira.open(viewport=viewport, color_scheme=theme, reduced_motion="reduce")
            stranger = await mira.open(signed_in=False, viewport=viewport, color_scheme=theme)
            for name, path in PAGES.items():
                if not wanted or name in wanted:
                    await page.goto(f"{mira.url}/#{path.format(**places)}")
                    await _picture(page, f"{name}-{size}-{theme}")
            if not wanted or "sign-in" in wanted:
                await _picture(stranger, f"sign-in-{size}-{theme}")
            await page.context.close()


async def _picture(page: Page, name: str) -> None:
    await expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
    await page.evaluate(SETTLED)
    await page.screenshot(path=TARGET / f"{name}.png")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
