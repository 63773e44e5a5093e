from __future__ import annotations

from io import BytesIO

import httpx
from PIL import Image
from playwright.async_api import FilePayload, Locator, Page, expect

from tests.walks.programs import client, run
from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person

CLIPBOARD = ["clipboard-read", "clipboard-write"]
SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"
LONG = "x" * 250


async def test_apps_new_application(mira: Person) -> None:
    """As the recipe page says it, until the first messages of real programs are there."""
    page = await mira.open("/", permissions=CLIPBOARD)
    await page.get_by_role("navigation", name="Applications").get_by_role("link", name="Apps").click()
    await page.get_by_role("link", name="New Application").click()
    await page.get_by_label("Name", exact=True).fill("Backups")
    await page.get_by_label("Description").fill("restic, nightly")
    await page.get_by_role("radio", name="Low").check()
    await page.get_by_label("Default priority, as a number").fill("3")
    await page.get_by_role("radio", name="Plain").check()
    await choose(page, "Choose a picture…", "bells.jpg", picture((900, 600), "JPEG"))
    await page.get_by_role("slider", name="Zoom").fill("2")
    await page.get_by_role("slider", name="Left or right").fill("100")
    await page.get_by_role("button", name="Use it").click()
    await page.get_by_label("Where is its first token used?").fill("nas-01")
    await axe(page)
    await page.get_by_role("button", name="Create").click()

    token = await page.get_by_role("region", name="Your new token “nas-01”").get_by_role("code").text_content() or ""
    assert await clipboard(page) == token
    made = (await mira.api.get("/api/1/applications")).json()["applications"][-1]
    told = {name: made[name] for name in ("name", "description", "default_priority", "content_type")}
    assert told == {
        "name": "Backups",
        "description": "restic, nightly",
        "default_priority": 3,
        "content_type": "text/plain",
    }
    stored = await mira.api.get(f"/{made['image']}")
    assert max(Image.open(BytesIO(stored.content)).size) <= 512
    await axe(page)

    await run("sh", "-ec", await snippet(page, "curl", token))
    await run(str(client("senders") / "python"), "-c", await snippet(page, "Python", token))
    await run("bash", "-ec", await snippet(page, "bash", token))
    for sender in ("Home Assistant", "Alertmanager", "Node-RED"):
        await snippet(page, sender, token)
    assert token not in await snippet(page, "GitLab CI", "")
    await page.get_by_role("button", name="Send a test message").click()
    await expect(page.get_by_role("status").filter(has_text="Test message sent")).to_be_visible()
    messages = (await mira.api.get("/api/1/inbox")).json()["messages"]
    assert [(one["title"], one["priority"]) for one in messages] == [("A test", 3), *[("Backup", 5)] * 3]
    await expect(page.get_by_role("region", name="Applications").get_by_role("link", name="Backups")).to_contain_text(
        "4"
    )


async def test_on_a_phone_an_application_is_made_and_deleted(mira: Person) -> None:
    page = await mira.open("/", viewport=NARROW, has_touch=True)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Apps").tap()
    await axe(page)
    await page.get_by_role("link", name="New Application").tap()
    await page.get_by_label("Web address").fill("nas.example")
    await page.get_by_role("button", name="Create").tap()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()
    await expect(page.get_by_text("It needs a name, such as Backups.")).to_be_visible()
    await expect(page.get_by_text("This is no web address")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill(LONG)
    await page.get_by_label("Web address").fill("https://nas.example/")
    await page.get_by_role("button", name="Create").tap()

    head = page.get_by_role("heading", name=LONG)
    await expect(head).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
    await axe(page)
    await page.get_by_role("button", name="Send a test message").tap()
    await expect(page.get_by_text("1 message", exact=True)).to_be_visible()
    await page.get_by_role("button", name="More for").first.tap()
    await page.get_by_role("menuitem", name="Delete…").tap()
    dialog = page.get_by_role("dialog", name=f"Delete {LONG} and its one message?")
    await expect(dialog).to_contain_text("Its token stops working at once: unnamed will be refused.")
    await axe(page)
    await dialog.get_by_role("button", name="Keep it").tap()
    await expect(head).to_be_visible()
    await page.get_by_role("button", name="More for").first.tap()
    await page.get_by_role("menuitem", name="Delete…").tap()
    await dialog.get_by_role("button", name="Delete").tap()
    await expect(page.get_by_role("link", name="New Application")).to_be_visible()
    await expect(page.get_by_role("listitem")).to_have_count(1)
    assert [one["name"] for one in (await mira.api.get("/api/1/applications")).json()["applications"]] == ["Grafana"]


async def test_tokens_come_and_go(mira: Person) -> None:
    page = await mira.open(f"/applications/{mira.applications['Grafana']}")
    await expect(page.get_by_text("<token> stands for a token that only you know")).to_be_visible()
    await page.get_by_role("button", name="Make a token").click()
    await page.get_by_label("Where is it used?").fill("nas-01")
    await page.get_by_role("button", name="Make the token").click()
    first = await shown_token(page)
    assert first in await page.get_by_role("tabpanel").inner_text()
    assert await accepted(mira, first)

    await token_act(page, "nas-01", "Rename…")
    await page.get_by_label("Where is it used?").fill("shed")
    await page.get_by_role("button", name="Save").click()
    await token_act(page, "shed", "Rotate")
    dialog = page.get_by_role("dialog", name="Rotate “shed”?")
    await expect(dialog).to_contain_text("The old one is dead at once")
    await dialog.get_by_role("button", name="Rotate").click()
    await expect(page.get_by_role("region", name="Your new token “shed”")).not_to_contain_text(first)
    second = await shown_token(page)
    assert (await accepted(mira, first), await accepted(mira, second)) == (False, True)

    await token_act(page, "shed", "Revoke")
    await page.get_by_role("dialog", name="Revoke “shed”?").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("row", name="shed")).to_have_count(0)
    await expect(page.get_by_role("region", name="Your new token")).to_have_count(0)
    assert not await accepted(mira, second)
    assert await accepted(mira, mira.tokens["Grafana"])


async def test_hostile_icons_are_refused_with_words(mira: Person) -> None:
    page = await mira.open(f"/applications/{mira.applications['Grafana']}/edit")
    alert = page.get_by_role("alert").filter(has_text="is")
    for name, content, words in (
        ("bell.svg", SCRIPT, "This is an SVG, which can hold scripts"),
        ("bell.png", SCRIPT, "This is an SVG, which can hold scripts"),
        ("bell.gif", b"<html><script>alert(1)</script>", "This is no picture, whatever its name says."),
        ("bell.png", b"\x89PNG\r\n\x1a\n" + SCRIPT, "This begins like a picture but is none"),
        ("bell.gif", b"GIF89a/*" + SCRIPT + b"*/=1;", "This begins like a picture but is none"),
    ):
        await choose(page, "Choose a picture…", name, content)
        await expect(alert).to_contain_text(words)
    await choose(page, "Choose a picture…", "bell.png", picture((64, 64), "PNG") + SCRIPT)
    await axe(page)
    await page.get_by_role("button", name="Use it").click()
    await page.get_by_label("Description").fill("bells")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="Edit")).to_be_visible()
    image = (await mira.api.get(f"/api/1/applications/{mira.applications['Grafana']}")).json()["image"]
    stored = await mira.api.get(f"/{image}")
    assert stored.headers["content-type"] == "image/png"
    assert b"<s" not in stored.content
    await page.get_by_role("link", name="Edit").click()
    await page.get_by_role("button", name="Remove it").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("link", name="Edit")).to_be_visible()
    assert (await mira.api.get(f"/api/1/applications/{mira.applications['Grafana']}")).json()["image"] is None


async def test_members_hear_it_until_they_leave(people: People, mira: Person) -> None:
    jonas = await people.add("jonas", application="Door")
    page = await mira.open(f"/applications/{mira.applications['Grafana']}")
    members = page.get_by_role("region", name="Members")
    his = await jonas.open("/applications")
    await members.get_by_label("Share with…").select_option(label=jonas.account.name)
    await members.get_by_role("button", name="Share").click()
    await expect(members.get_by_role("listitem").filter(has_text=jonas.account.name)).to_contain_text("member")
    side = his.get_by_role("navigation", name="Applications")
    await expect(side.get_by_role("link", name="Grafana")).to_be_visible()

    await members.get_by_role("button", name=f"Stop sharing with {jonas.account.name}").click()
    await expect(side.get_by_role("link", name="Grafana")).to_have_count(0)
    await page.get_by_role("button", name="Undo").click()
    await side.get_by_role("link", name="Grafana").wait_for()
    await mira.send("disk almost full")
    await his.goto(f"{jonas.url}/#/applications/{mira.applications['Grafana']}")
    await expect(his.get_by_role("button", name="Send a test message")).to_be_visible()
    for hidden in (
        his.get_by_role("link", name="Edit"),
        his.get_by_role("heading", name="Tokens"),
        his.get_by_role("heading", name="Members"),
    ):
        await expect(hidden).to_have_count(0)
    await axe(his)
    await his.get_by_role("button", name="More for Grafana").click()
    await his.get_by_role("menuitem", name="Leave…").click()
    await his.get_by_role("button", name="Leave Grafana").click()
    await expect(his.get_by_text("You have left Grafana")).to_be_visible()
    await expect(side.get_by_role("link", name="Grafana")).to_have_count(0)
    assert (await jonas.api.get("/api/1/inbox")).json()["messages"] == []
    await page.reload()
    await expect(members.get_by_role("listitem")).to_have_count(1)


async def test_applications_are_put_in_order_and_silenced(mira: Person) -> None:
    for name in ("Backups", "Front door"):
        await mira.add_application(name)
    page = await mira.open("/applications")
    grips = page.get_by_title("Drag to reorder")
    await expect(grips).to_have_count(3)
    async with page.expect_response("**/applications/order"):
        await drag(page, grips.nth(2), grips.nth(0))
    assert await order(mira) == ["Front door", "Grafana", "Backups"]
    side = page.get_by_role("navigation", name="Applications")
    await expect(side.get_by_role("link").nth(1)).to_contain_text("Front door")
    await drag(page, grips.nth(2), grips.nth(0), key="Escape")
    await page.get_by_role("region", name="Applications").get_by_role("link", name="Grafana").click()
    await page.get_by_role("button", name="More for Grafana").click()
    async with page.expect_response("**/applications/order"):
        await page.get_by_role("menuitem", name="Move up").click()
    assert await order(mira) == ["Grafana", "Front door", "Backups"]

    hearing = page.get_by_role("region", name="When it rings for you")
    await hearing.get_by_role("button", name="Mute").click()
    await page.get_by_role("menuitem", name="For good").click()
    await expect(hearing).to_contain_text("Muted for good")
    await hearing.get_by_role("radio", name="High").check()
    await page.reload()
    await expect(hearing.get_by_role("radio", name="High")).to_be_checked()
    found = (await mira.api.get(f"/api/1/applications/{mira.applications['Grafana']}")).json()
    assert (found["min_level"], found["muted_until"][:4]) == (8, "9999")
    await hearing.get_by_role("button", name="Let it ring").click()
    await expect(hearing).to_contain_text("It rings.")


async def test_small_charts_show_how_much_came(mira: Person) -> None:
    await mira.add_application("Backups")
    for _ in range(2):
        await mira.send("one")
    page = await mira.open("/applications")
    shown = page.get_by_role("region", name="Applications").get_by_role("img")
    await expect(shown).to_have_count(1)
    await expect(shown).to_have_accessible_name("2 messages in 22 days, 2 of them today")
    await mira.send("another")
    await mira.send("the first", application="Backups")
    await expect(shown.first).to_have_accessible_name("3 messages in 22 days, 3 of them today")
    await expect(shown.last).to_have_accessible_name("1 message in 22 days, 1 of them today")
    await axe(page, "dark")


def picture(size: tuple[int, int], kind: str) -> bytes:
    file = BytesIO()
    Image.radial_gradient("L").resize(size).convert("RGB").save(file, kind)
    return file.getvalue()


async def choose(page: Page, button: str, name: str, content: bytes) -> None:
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name=button).click()
    await (await chooser.value).set_files(FilePayload(name=name, mimeType="image/png", buffer=content))


async def clipboard(page: Page) -> str:
    text: str = await page.evaluate("navigator.clipboard.readText()")
    return text


async def snippet(page: Page, sender: str, token: str) -> str:
    """What is copied: the text as it stands there, with the token in it."""
    await page.get_by_role("tab", name=sender).click()
    await page.get_by_role("button", name=f"Copy the text for {sender}").click()
    text = await clipboard(page)
    assert token in text
    assert text.strip() == (await page.get_by_role("tabpanel").get_by_role("code").first.inner_text()).strip()
    return text


async def shown_token(page: Page) -> str:
    return await page.get_by_role("region", name="Your new token").get_by_role("code").text_content() or ""


async def token_act(page: Page, name: str, act: str) -> None:
    await page.get_by_role("button", name=f"More for the token {name}").click()
    await page.get_by_role("menuitem", name=act).click()


async def accepted(person: Person, token: str) -> bool:
    async with httpx.AsyncClient(base_url=person.url, trust_env=False) as script:
        answer = await script.post("/message", headers={"X-Gotify-Key": token}, json={"message": "done"})
    return answer.is_success


async def order(person: Person) -> list[str]:
    return [one["name"] for one in (await person.api.get("/api/1/applications")).json()["applications"]]


async def drag(page: Page, what: Locator, to: Locator, *, key: str | None = None) -> None:
    """To the upper half of another row; a key pressed on the way."""
    start, end = await what.bounding_box(), await to.bounding_box()
    assert start
    assert end
    await page.mouse.move(start["x"] + 4, start["y"] + start["height"] / 2)
    await page.mouse.down()
    await page.mouse.move(end["x"] + 4, end["y"] + 4, steps=5)
    if key:
        await page.keyboard.press(key)
    await page.mouse.up()
