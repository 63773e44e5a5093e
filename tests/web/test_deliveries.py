from __future__ import annotations

from playwright.async_api import expect

from tests.walks.pushover import Pushover
from tests.walks.receivers import receiver
from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person
from tests.web.test_services import add_service, allow


async def test_what_failed_is_found_and_sent_again(people: People) -> None:
    mira = await people.add("mira", admin=True)
    await allow(mira)
    remote = Pushover()
    async with receiver(remote) as url:
        await once(mira, await add_service(mira, url))
        await mira.send("all well", title="Backup finished")
        page = await mira.open("/deliveries")
        sent = page.get_by_role("row").filter(has_text="Backup finished")
        await expect(sent).to_contain_text("Sent")
        remote.away = True
        message = await mira.send("99 %", title="Disk almost full", priority=8)
        failed = page.get_by_role("row").filter(has_text="Disk almost full")
        await expect(failed).to_contain_text("Failed")
        await expect(failed).to_contain_text("the belfry is closed")

        await page.get_by_role("button", name="State").click()
        await page.get_by_role("menuitem", name="Dead letters").click()
        await expect(sent).to_have_count(0)
        assert page.url.endswith("/deliveries?state=failed,expired")
        await page.get_by_role("button", name="Reason").click()
        await axe(page)
        await page.get_by_role("menuitem", name="It has trouble of its own").click()
        await expect(failed).to_be_visible()
        await page.get_by_role("button", name="Remove Reason It has trouble of its own").click()
        await failed.get_by_role("button").click()
        await expect(page.get_by_role("row", name="Try 1")).to_contain_text("500")
        await axe(page)

        remote.away = False
        await page.get_by_role("button", name="Resend 1 failed").click()
        await expect(page.get_by_text("1 delivery goes out again")).to_be_visible()
        await expect(page.get_by_text("Nothing matches these filters.")).to_be_visible()
        await page.get_by_role("button", name="Remove State Dead letters").click()
        await page.get_by_label("Message, reason or service").fill("pushover")
        await expect(failed).to_contain_text("Sent")
        await expect(sent).to_be_visible()

        await page.goto(f"{mira.url}/#/m/{message['public_id']}")
        went = page.get_by_role("region", name="Where it went")
        await expect(went).to_contain_text("Stored")
        await expect(went).to_contain_text("Phone Sent")
        await axe(page)


async def test_a_card_says_where_its_message_did_not_get_and_sends_it_again(people: People) -> None:
    mira = await people.add("mira", admin=True)
    jonas = await people.add("jonas")
    await allow(mira)
    remote = Pushover()
    async with receiver(remote) as url:
        service = await add_service(mira, url, group=await _family(mira, jonas))
        await once(mira, service)
        remote.away = True
        await mira.send("99 %", title="Disk almost full", priority=8)
        card, seen = (one.page.get_by_role("article", name="Disk almost full") for one in (mira, jonas))
        await expect(card).to_contain_text("Phone not delivered")
        await axe(mira.page)
        await expect(seen).to_contain_text("Phone not delivered")
        assert await seen.get_by_role("button", name="Resend").count() == 0, "that is for admins"

        remote.away = False
        await card.get_by_role("button", name="Resend to Phone").focus()
        await mira.page.keyboard.press("Enter")
        for one in (card, seen):
            await expect(one).not_to_contain_text("not delivered")
        assert [given["title"] for given in remote.got] == ["Disk almost full"]

        remote.away = True
        await mira.send("no answer", title="Router away")
        card = mira.page.get_by_role("article", name="Router away")
        await expect(card).to_contain_text("Phone not delivered")
        assert (await mira.api.delete(f"/api/1/services/{service}")).is_success
        await expect(card).not_to_contain_text("not delivered")


async def test_a_phone_shows_the_log_and_an_empty_one_says_so(mira: Person) -> None:
    page = await mira.open("/more", viewport=NARROW)
    await page.get_by_role("link", name="Deliveries").click()
    await expect(page.get_by_text("What goes to your services stands here.")).to_be_visible()
    await axe(page)
    await page.get_by_role("link", name="To the services").click()
    await expect(page.get_by_role("heading", name="Add a service")).to_be_visible()
    await axe(page)


async def _family(keeper: Person, member: Person) -> str:
    """The name of a new group of both, with which the keeper's application is shared."""
    name = f"family of {member.account.name}"
    group = (await keeper.api.post("/api/1/groups", json={"name": name})).json()
    shares = f"/api/1/applications/{keeper.applications['Grafana']}/shares"
    for path, body in (
        (f"/api/1/groups/{group['id']}/members", {"user": member.account.name}),
        (shares, {"group": name}),
    ):
        answer = await keeper.api.post(path, json=body)
        assert answer.is_success, answer.text
    return name


async def once(person: Person, service: int) -> None:
    """What fails there is not tried again."""
    answer = await person.api.patch(f"/api/1/services/{service}", json={"rules": {"retry": "none"}})
    assert answer.is_success, answer.text
