from __future__ import annotations

import re
from typing import Any

from playwright.async_api import Page, expect

from tests.walks.server import until
from tests.web.conftest import People
from tests.web.person import NARROW, Person

COPIED = """async () => {
    if (!(await indexedDB.databases()).some((base) => base.name === "carillon")) return null;
    const open = indexedDB.open("carillon");
    const base = await new Promise((done) => { open.onsuccess = () => done(open.result) });
    const get = base.transaction("copy").objectStore("copy").get("last");
    const copy = await new Promise((done) => { get.onsuccess = () => done(get.result ?? null) });
    base.close();
    return copy && copy.messages.map((message) => message.title);
}"""


async def test_without_the_server_it_shows_the_inbox_that_was_seen(mira: Person) -> None:
    page = await mira.open(viewport=NARROW, service_workers="allow")
    await _is_an_app(mira, page)
    for title in ("Disk almost full", "Washing machine is done"):
        await mira.send("text", title=title)
        await expect(page.get_by_role("heading", name=title)).to_be_visible()
    await page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    await page.reload()  # from now on the service worker answers
    await page.wait_for_function("navigator.serviceWorker.controller !== null")

    async def copied(titles: list[str] | None) -> None:
        async def so() -> bool:
            found = await page.evaluate(COPIED)
            return found == titles if titles is None else sorted(found or []) == sorted(titles)

        await until(so, f"the browser keeps {titles}")

    await copied(["Disk almost full", "Washing machine is done"])

    await page.context.set_offline(True)
    await page.reload()
    for title in ("Disk almost full", "Washing machine is done"):
        await expect(page.get_by_role("heading", name=title)).to_be_visible()
    await expect(page.get_by_text("You see what was here then.")).to_be_visible()
    await page.get_by_role("heading", name="Disk almost full").get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Disk almost full", level=2)).to_be_visible()
    await page.evaluate("location.hash = '#/'")

    await mira.send("text", title="Sent meanwhile")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Sent meanwhile")).to_be_visible()

    await page.evaluate("location.hash = '#/more'")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await copied(None)


async def test_a_proxy_that_answers_for_a_server_that_is_away_is_none(mira: Person) -> None:
    page = mira.page
    await mira.send("text", title="Disk almost full")
    await expect(page.get_by_role("heading", name="Disk almost full")).to_be_visible()

    async def copied() -> bool:
        return bool(await page.evaluate(COPIED) == ["Disk almost full"])

    await until(copied, "the browser keeps the message")
    await page.route("**/api/1/**", lambda route: route.fulfill(status=502, body="<h1>502 Bad Gateway</h1>"))
    await page.context.route_web_socket(re.compile("/api/1/stream"), lambda socket: socket.close())
    await page.reload()
    await expect(page.get_by_role("heading", name="Disk almost full")).to_be_visible()
    await page.unroute_all()
    await expect(page.get_by_text("Live").first).to_be_visible()


async def test_who_signs_in_sees_nothing_of_whoever_was_here(people: People) -> None:
    """In any tab of the browser, also in one that began with what the browser remembers."""
    mira, jonas = await people.add("mira"), await people.add("jonas", application="Doorbell")
    page = mira.page
    await mira.send("text", title="For Mira")
    await expect(page.get_by_role("heading", name="For Mira")).to_be_visible()
    other = await page.context.new_page()
    await other.goto(mira.url)
    await expect(other.get_by_role("heading", name="For Mira")).to_be_visible()
    signed_in = {"name": jonas.account.name, "password": jonas.account.password}

    await page.get_by_role("button", name=f"{mira.account.name}: account and settings").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.get_by_label("Name").fill(signed_in["name"])
    await page.get_by_label("Password").fill(signed_in["password"])
    await page.get_by_role("button", name="Sign in").click()
    for tab in (page, other):
        await expect(tab.get_by_role("link", name="Doorbell").first).to_be_visible()
        await expect(tab.get_by_role("heading", name="For Mira")).to_have_count(0)
        await expect(tab.get_by_role("link", name="Grafana")).to_have_count(0)


async def _is_an_app(mira: Person, page: Page) -> None:
    """What a browser wants to see before it installs a page."""
    address = await page.locator('link[rel="manifest"]').get_attribute("href")
    answer = await page.context.request.get(f"{mira.url}/{address}")
    assert answer.headers["content-type"].startswith("application/manifest+json")
    manifest: dict[str, Any] = await answer.json()
    assert (manifest["display"], manifest["start_url"]) == ("standalone", "./")
    purposes = {icon["purpose"] for icon in manifest["icons"]}
    assert purposes == {"any", "maskable"}
    assert {"192x192", "512x512"} <= {icon["sizes"] for icon in manifest["icons"]}
    for icon in manifest["icons"]:
        picture = await page.context.request.get(f"{mira.url}/{icon['src']}")
        assert picture.headers["content-type"].startswith(icon["type"])
