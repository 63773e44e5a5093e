"""Phones keep places of the screen for themselves: around a camera, and where one swipes from."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from tests.web.person import Person

# What is to be read or pressed, at points 5 px from each other where the device has something of its own.
UNDER = """({ top = 0, bottom = 0, left = 0, right = 0 }) => {
    const found = new Set();
    for (let x = 0; x < innerWidth; x += 5)
        for (let y = 0; y < innerHeight; y += 5) {
            if (x >= left && x < innerWidth - right && y >= top && y < innerHeight - bottom) continue;
            const used = document.elementFromPoint(x, y)?.closest("a, button, input, textarea, h1, h2, p, article");
            if (used) found.add(used.outerHTML.slice(0, 200));
        }
    return [...found];
}"""


@pytest.mark.parametrize(
    ("width", "height", "insets"),
    [
        pytest.param(390, 844, {"top": 59, "bottom": 34}, id="upright"),
        pytest.param(844, 390, {"left": 59, "right": 59, "bottom": 21}, id="lying"),
    ],
)
async def test_nothing_stands_where_the_device_has_its_own(
    mira: Person, width: int, height: int, insets: dict[str, int]
) -> None:
    for number in range(8):
        await mira.send("text", title=f"Message {number}")
    phone: Any = {"viewport": {"width": width, "height": height}, "has_touch": True, "is_mobile": True}
    page = await mira.open(**phone)
    assert await page.evaluate(UNDER, insets), "without knowing of them, the page uses all of the screen"
    session = await page.context.new_cdp_session(page)
    await session.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
    for place, name in (("/", "Inbox"), ("/send", "Send"), ("/settings/appearance", "Appearance")):
        await page.goto(f"{mira.url}/#{place}")
        await expect(page.get_by_role("heading", name=name).first).to_be_visible()
        assert await page.evaluate(UNDER, insets) == [], place
