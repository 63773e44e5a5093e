from __future__ import annotations

import re

from playwright.async_api import expect

from tests.web.axe import axe
from tests.web.person import NARROW, Person


async def test_a_message_is_composed_and_seen_before_it_is_sent(mira: Person) -> None:
    await mira.add_application("Backups", default_priority=2)
    page = await mira.open("/send?application=" + str(mira.applications["Backups"]))
    form = page.get_by_role("form", name="Send")
    await expect(form.get_by_label("To", exact=True)).to_have_value(str(mira.applications["Backups"]))
    await expect(form.get_by_role("radio", name="Low")).to_be_checked()
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_text("A message needs a text.")).to_be_visible()
    await expect(form.get_by_label("Message", exact=True)).to_be_focused()
    await page.keyboard.type("took **3 h**")
    await form.get_by_label("Title").fill("Nightly")
    await form.get_by_role("switch", name="Markdown").click()
    await form.get_by_role("radio", name="High").click()
    await form.get_by_label("Priority as a number").fill("9")
    await form.get_by_label("Link", exact=True).fill("https://nas.lan/status")
    await form.get_by_label("Text of the link").fill("Status page")
    preview = page.get_by_role("group", name="Preview")
    await expect(preview.get_by_role("heading", name="Nightly").last).to_be_visible()
    await expect(preview.locator("strong", has_text="3 h")).to_be_visible()
    await expect(preview.get_by_role("link", name="Status page").last).to_be_visible()
    await expect(preview.get_by_text("High 9").last).to_be_visible()
    await axe(page)
    await page.evaluate("location.hash = '/statistics'")
    await expect(page.get_by_role("heading", name="Statistics")).to_be_visible()
    await page.go_back()
    await expect(form.get_by_label("Title")).to_have_value("Nightly")
    await form.get_by_label("Title").press("Control+Enter")
    await expect(page.get_by_text("Sent to Backups")).to_be_visible()
    await expect(form.get_by_label("Message", exact=True)).to_have_value("")
    await page.get_by_role("button", name="Open", exact=True).click()
    await expect(page).to_have_url(re.compile("#/m/"))
    await expect(page.get_by_role("heading", name="Nightly").last).to_be_visible()
    sent = (await mira.api.get("/api/1/inbox")).json()["messages"][0]
    assert (sent["message"], sent["priority"], sent["content_type"]) == ("took **3 h**", 9, "text/markdown")


async def test_a_message_is_sent_again_changed(mira: Person) -> None:
    first = await mira.send("412 GB", title="Done", priority=8, tags=["nas"], sound="bell", key="nightly", ttl=7200)
    page = await mira.open(f"/send?again={first['public_id']}", viewport=NARROW, has_touch=True)
    await expect(page.get_by_label("Title")).to_have_value("Done")
    await expect(page).to_have_url(re.compile("#/send$"))
    await expect(page.get_by_label("Tags")).to_have_value("nas")
    await expect(page.get_by_label("Key", exact=True)).to_have_value("")
    await expect(page.get_by_label("Deletes itself after")).to_have_value("2")
    await page.get_by_role("button", name="Send it without the sound bell").click()
    await page.get_by_label("Link", exact=True).fill("x" * 3000)
    await page.get_by_role("textbox", name="Message").fill("413 GB")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_label("Link", exact=True)).to_have_attribute("aria-invalid", "true")
    await page.get_by_label("Link", exact=True).fill("")
    await axe(page, "dark")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_text("Sent to Grafana")).to_be_visible()
    sent = (await mira.api.get("/api/1/inbox")).json()["messages"]
    assert [message["message"] for message in sent] == ["413 GB", "412 GB"]
    assert sent[0]["tags"] == ["nas"]
    assert "sound" not in sent[0]


async def test_emptying_a_field_hides_none(mira: Person) -> None:
    page = await mira.open("/send")
    await page.get_by_text("More: tags, key").click()
    await page.get_by_label("Tags").fill("n")
    await page.get_by_label("Tags").press("Backspace")
    await expect(page.get_by_label("Tags")).to_be_focused()
    await page.get_by_label("Tags").press_sequentially("nas")
    await expect(page.get_by_label("Tags")).to_have_value("nas")


async def test_without_an_application_the_page_leads_to_one(mira: Person) -> None:
    for number in mira.applications.values():
        await mira.api.delete(f"/api/1/applications/{number}")
    page = await mira.open("/send")
    await expect(page.get_by_text("Nothing to send to yet")).to_be_visible()
    await axe(page, "light")
    await page.get_by_role("link", name="Create an application").click()
    await expect(page).to_have_url(re.compile("#/applications/new"))
