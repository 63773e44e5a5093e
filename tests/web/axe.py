"""Accessibility as far as a program can judge it: axe-core's rules for WCAG 2.0 to 2.2, levels A and AA."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

SOURCE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
THEMES = ("light", "dark")

RUN = """async (rules) => {
    const found = await axe.run(document, { runOnly: rules, resultTypes: ["violations"] });
    return found.violations.map(({ id, help, nodes }) => [
        `${id}: ${help}`,
        nodes.slice(0, 5).map((node) => `${node.html.slice(0, 300)}\\n    ${node.failureSummary}`),
    ]);
}"""


async def axe(page: Page, *themes: str) -> None:
    """Fails with what is wrong on the page as it stands, in both themes or in those named."""
    await page.emulate_media(reduced_motion="reduce")  # colours between two states are nobody's choice
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(_source())
    before = await page.evaluate("document.documentElement.dataset.theme ?? null")
    found: list[str] = []
    for theme in themes or THEMES:
        await page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", theme)
        found += [_told(theme, *violation) for violation in await page.evaluate(RUN, RULES)]
    await page.evaluate(
        "(theme) => { const page = document.documentElement.dataset; theme ? page.theme = theme : delete page.theme }",
        before,
    )
    assert not found, "\n".join([page.url, *found])


@cache
def _source() -> str:
    """As an expression without a value: what it defines cannot be handed over."""
    return SOURCE.read_text() + "\n;undefined;"


def _told(theme: str, rule: str, nodes: list[Any]) -> str:
    return "\n  ".join([f"[{theme}] {rule}", *nodes])
