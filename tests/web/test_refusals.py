"""What the server says against something, in the language of who reads it."""

from __future__ import annotations

import json

from playwright.async_api import Route, expect

from tests.web.axe import axe
from tests.web.conftest import People
from tests.web.person import NARROW, Person


async def test_a_refusal_is_said_in_the_language_of_the_page(people: People) -> None:
    ada = await people.add("ada", admin=True)
    page = await ada.open("/settings/groups", locale="de-DE")
    dialog = page.get_by_role("dialog")
    for _ in range(2):
        await page.get_by_role("button", name="Neue Gruppe").click()
        await dialog.get_by_label("Name").fill(f"Familie {ada.account.name}")
        await dialog.get_by_role("button", name="Gruppe anlegen").click()
    await expect(dialog.get_by_text("Eine Gruppe mit diesem Namen gibt es schon.")).to_be_visible()
    await axe(page)
    english = await ada.open("/search?q=app:Cellar")
    await expect(english.get_by_text("There is no application “Cellar”")).to_be_visible()


async def test_what_has_no_reason_is_told_by_its_kind(mira: Person) -> None:
    problem = {"status": 409, "code": "conflict", "message": "the moon is in the way", "reason": "of_another_version"}

    async def refuse(route: Route) -> None:
        body = json.dumps({"error": problem})
        await route.fulfill(status=409, body=body, content_type="application/json")

    for locale, said in (
        ("de-DE", "Das widerspricht dem, was gespeichert ist: the moon is in the way"),
        ("en-GB", "the moon is in the way"),
    ):
        page = await mira.open("/statistics", locale=locale, viewport=NARROW)
        await page.route("**/api/1/statistics?**", refuse)
        await page.reload()
        await expect(page.get_by_text(said, exact=True)).to_be_visible()
