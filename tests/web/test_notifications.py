from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect

from tests.walks.server import until
from tests.web.axe import axe
from tests.web.person import Person

SHOWN = """async () => {
    const worker = await navigator.serviceWorker.ready;
    const shown = await worker.getNotifications();
    return shown.map(({ title, body, silent, requireInteraction }) => [title, body, silent, requireInteraction]);
}"""

# What rings is heard by nobody here: the page's own oscillators are counted.
HEAR = """() => {
    globalThis.strikes = 0;
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
        globalThis.strikes += 1;
        return start.apply(this, when);
    };
}"""

# What a tab goes by when it decides whether to show a notification.
MIND = "[told, document.hasFocus(), document.visibilityState, Notification.permission, {...localStorage}]"


async def shown(page: Page) -> list[Any]:
    return list(await page.evaluate(SHOWN))


async def look_elsewhere(page: Page) -> None:
    """The tests' browser gives each page the focus; now this one has none, as if another window were before it."""
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
    await page.evaluate("Document.prototype.hasFocus = () => false")


async def test_a_message_rings_as_its_priority_says_and_the_person_wants(mira: Person) -> None:
    page = await mira.open("/settings/notifications", service_workers="allow", permissions=["notifications"])
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await page.evaluate(HEAR)
    await axe(page)
    for name in ("Show notifications of the desktop", "Ring"):
        await page.get_by_role("switch", name=name, exact=True).click()
    await until(lambda: _rung(page), "it rings when it is let")
    await page.evaluate("strikes = 0")
    await axe(page)

    await look_elsewhere(page)
    await mira.send("at 100 %", title="Battery full", priority=0)
    await mira.send("and dry", title="Laundry done", priority=2)
    await until(lambda: _shows(page, ["Laundry done", "Grafana\nand dry", True, False]), "Low is shown without a sound")
    assert len(await shown(page)) == 1
    assert await page.evaluate("strikes") == 0
    sent = await mira.send("on nas-01", title="Disk almost full", priority=8)
    await until(
        lambda: _shows(page, ["Disk almost full", "Grafana\non nas-01", True, True]), "High stays, and the page rings"
    )
    assert await page.evaluate("strikes") == 16, "both strokes of High, so soon after the one of the switch"
    await mira.api.patch(f"/api/1/inbox/{sent['id']}", json={"read": True})  # on another device
    await until(lambda: _count(page, 1), "what has been read elsewhere needs no notification")
    await _less_of_it(mira, page)


async def _less_of_it(mira: Person, page: Page) -> None:
    await page.get_by_label("Grafana", exact=True).select_option("High and up")
    await expect(page.get_by_label("Grafana", exact=True)).to_have_value("8")
    application = mira.applications["Grafana"]
    await until(lambda: _level(mira, application, 8), "the server knows")
    before = await shown(page)
    await mira.send("not loud enough", title="Quiet", priority=7)
    await expect(page).to_have_title(re.compile(r"^\(3\)"))
    await page.get_by_role("button", name="Mute").click()
    await page.get_by_role("menuitem", name=re.compile("hour")).first.click()
    await expect(page.get_by_text(re.compile("Muted until"))).to_be_visible()
    await mira.send("muted", title="Muted", priority=9)
    await expect(page).to_have_title(re.compile(r"^\(4\)"))
    await page.get_by_role("button", name="Let it ring").click()
    await expect(page.get_by_text(re.compile("Muted until"))).to_have_count(0)
    await mira.send("again", title="Loud again", priority=9)
    await until(lambda: _count(page, len(before) + 1), "only the last of three is shown")
    assert [title for title, *_ in await shown(page)][-1] == "Loud again"


async def test_of_two_tabs_one_rings(mira: Person) -> None:
    one = await mira.open(service_workers="allow", permissions=["notifications"])
    await one.evaluate("localStorage.setItem('carillon.desktop', 'true')")
    await one.reload()
    await one.evaluate("navigator.serviceWorker.ready.then(() => null)")
    two = await one.context.new_page()
    await two.goto(f"{mira.url}/#/")
    for page in (one, two):
        await expect(page.get_by_role("status").filter(has_text="Live")).to_be_attached()
        await page.evaluate(
            """() => {
                globalThis.told = 0;
                const show = ServiceWorkerRegistration.prototype.showNotification;
                ServiceWorkerRegistration.prototype.showNotification = function (...what) {
                    globalThis.told += 1;
                    return show.apply(this, what);
                };
            }"""
        )
        await look_elsewhere(page)
    for number in range(3):
        await mira.send("text", title=f"Number {number}", priority=5)
        try:
            await until(lambda count=number + 1: _told(one, two, count), f"one tab tells of message {number}")
        except AssertionError as failed:
            failed.add_note(f"{[await page.evaluate(MIND) for page in (one, two)]}")
            raise
    await until(lambda: _count(one, 3), "the browser shows them")
    assert await _told(one, two, 3)


async def _told(one: Page, two: Page, wanted: int) -> bool:
    return bool(await one.evaluate("told") + await two.evaluate("told") == wanted)


async def _rung(page: Page) -> bool:
    return bool(await page.evaluate("strikes > 0"))


async def _shows(page: Page, wanted: list[Any]) -> bool:
    return wanted in await shown(page)


async def _count(page: Page, wanted: int) -> bool:
    return len(await shown(page)) == wanted


async def _level(mira: Person, application: int, wanted: int) -> bool:
    answer = await mira.api.get(f"/api/1/applications/{application}")
    return bool(answer.json()["min_level"] == wanted)
