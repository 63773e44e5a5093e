from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.walks.server import until
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
