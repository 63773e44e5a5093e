"""Whoever has a token of an application may write what he likes into its messages. None of it acts or is fetched."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import Page, expect

from tests.web.axe import axe
from tests.web.person import NARROW, Person
from tests.web.test_inbox import card, cards, message

ACT = "window.hacked=1"
TAG = f"<img src=x onerror={ACT}><script>{ACT}</script><svg onload={ACT}>"
ADDRESSES = (f"javascript:{ACT}", f"data:text/html,<script>{ACT}</script>", f" jAvAsCrIpT&colon;{ACT}", "vbscript:x")
MARKDOWN = f"""{TAG}
# <b onclick={ACT}>head</b>

[a script](javascript:{ACT}) [data](data:text/html;base64,PHNjcmlwdD4=) [entity](&#106;avascript:{ACT})
<javascript:{ACT}>
[tab](java\tscript:{ACT}) <a href="javascript:{ACT}">raw</a> <a href="//evil.example/x">raw</a>
<iframe src="https://evil.example/"></iframe>
<form action="https://evil.example/"><input name=a><button>go</button></form>
<style>body{{display:none}}</style><link rel=stylesheet href=https://evil.example/a.css><base href=https://evil.example/>
<div style="position:fixed;inset:0;background:url(https://evil.example/bg.png)" id=content class=veil>over all</div>

![pixel](https://evil.example/pixel.png) <img src="https://evil.example/raw.png" srcset="https://evil.example/2.png 2x">
<picture><source srcset="https://evil.example/p.png"></picture><video poster=https://evil.example/v.png></video>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror={ACT}&gt;">
<noscript><p title="</noscript><img src=x onerror={ACT}>"></noscript><template><img src=x onerror={ACT}></template>
<svg><use href="data:image/svg+xml,<svg id=x xmlns='http://www.w3.org/2000/svg'>
<image href=x onerror={ACT} /></svg>#x"/></svg>

```
{TAG}
```
"""
LONG = "W" * 250


async def test_what_messages_hold_neither_acts_nor_is_fetched(mira: Person) -> None:
    page = mira.page
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc))
    page.on("dialog", lambda dialog: asked.add(dialog.message))
    actions = [{"label": TAG, "url": address} for address in ADDRESSES]
    for address in ADDRESSES:
        await mira.send(TAG, title=TAG, url=address, url_title=TAG, tags=[TAG], actions=actions, icon=address)
    await mira.send(MARKDOWN, title=f"**{TAG}", content_type="text/markdown", icon="https://evil.example/icon.svg")
    extras = {"client::notification": {"bigImageUrl": f"javascript:{ACT}"}, "client::display": TAG}
    await mira.send(" ".join(ADDRESSES), title="Addresses", extras=extras, icon="https://evil.example/i.svg")
    await expect(cards(page)).to_have_count(6)
    await expect(cards(page).nth(2)).to_contain_text(TAG)
    await look_for_harm(page)

    await card(page, "**").get_by_role("link").first.click()
    await message(page).get_by_role("button", name="Show all").click()
    await expect(message(page).get_by_text("over all")).to_be_visible()
    await expect(message(page).get_by_text("Picture from evil.example.").first).to_be_visible()
    links = await message(page).locator(".prose a[href]").evaluate_all("(links) => links.map((link) => link.protocol)")
    assert set(links) <= {"http:", "https:"}
    foreign = "iframe, form, input, style, link, base, video, math, template, [style], [id], [class=veil]"
    await expect(message(page).locator(".prose").locator(foreign)).to_have_count(0)
    await look_for_harm(page)
    await axe(page, "light")

    await card(page, "Addresses").get_by_role("link").first.click()
    await expect(message(page).get_by_text("vbscript:x")).to_be_visible()
    await expect(message(page).locator(".prose a[href], .btn[href]")).to_have_count(0)
    await look_for_harm(page)
    assert asked == {urlsplit(mira.url).netloc}


async def test_endless_words_and_texts_against_the_reading_direction_break_no_layout(mira: Person) -> None:
    tags = ["t" * 200] * 30
    await mira.send(LONG * 4, title=LONG, tags=tags, url="https://a.example/" + "x" * 1500, url_title=LONG, priority=10)
    await mira.send(
        f"`{LONG}`\n\n| {LONG} | b |\n|-|-|\n| c | {LONG} |", title="‮evil‬ שלום", content_type="text/markdown"
    )
    narrow = await mira.open(viewport=NARROW)
    for page in (mira.page, narrow):
        await expect(cards(page)).to_have_count(2)
        for title in (LONG, "שלום"):
            await card(page, title).get_by_role("link").first.click()
            await expect(message(page).get_by_role("heading", name=title)).to_be_visible()
            await expect(message(page).locator(".prose")).to_contain_text("WWW")
            wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            outside = (
                await message(page)
                .locator(".detail > *, .meta > *, .tools > *")
                .evaluate_all(
                    """(all) => all.filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
                        .map((one) => one.outerHTML)"""
                )
            )
            assert (wide, outside) == (0, [])
            if page is narrow:
                await page.get_by_role("button", name="Back").click()


async def look_for_harm(page: Page) -> None:
    assert await page.evaluate("window.hacked") is None
    assert await page.locator("main script, main [onerror], main [onload], main [onclick]").count() == 0
