"""Mattermost: a post by an incoming webhook (developers.mattermost.com/integrate/webhooks/incoming)."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import Struct

from carillon.core.channels import Answer, Broken, Outcome, Outside, Parcel, Refused, Retry, Sent, Throttled
from carillon.core.forms import Texts, field
from carillon.core.markup import clip, escape, href, link

API = 1  # of Carillon's channels; another number stops the start
TITLE: Texts = ("Mattermost", "Mattermost")
ABOUT: Texts = ("A channel of a team", "Ein Kanal eines Teams")
ICON = "k-hook"  # a symbol of the web app

LONGEST, LONGEST_TITLE, LONGEST_URL = 16383, 250, 2048  # characters
REST = 60.0  # seconds, where a server asks for patience and not for how long
UNKNOWN = "web.incoming_webhook.invalid.app_error"

HOOK_HELP: Texts = ("https://…/hooks/…, as Mattermost shows it", "https://…/hooks/…, wie Mattermost sie anzeigt")
CHANNEL_HELP: Texts = (
    "Its name in addresses, or @somebody; empty: the webhook's own",
    "Sein Name in Adressen oder @jemand; leer: der des Webhooks",
)


class Options(Struct, kw_only=True):
    hook: Annotated[
        str, field(("Webhook address", "Webhook-Adresse"), HOOK_HELP, kind="secret", pattern="^https?://.+/hooks/")
    ]
    channel: Annotated[str, field(("Channel", "Kanal"), CHANNEL_HELP, max_length=64)] = ""
    labels: Annotated[
        bool, field(("Label what is important", "Wichtiges kennzeichnen"), kind="switch", advanced=True)
    ] = True


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    """One attempt. Where no answer comes, `request` raises a Failure, which Carillon judges by itself."""
    told: dict[str, Any] = {"text": text_of(parcel), "username": parcel.application}
    if options.channel:
        told["channel"] = options.channel
    if options.labels and parcel.level >= 8 and not parcel.silent:
        told["priority"] = {"priority": "urgent" if parcel.level == 10 else "important"}
    heads = {"content-type": "application/json"}
    return judged(await outside.request("POST", options.hook, headers=heads, body=json.dumps(told).encode()))


async def check(options: Options, outside: Outside) -> Outcome:
    """Whether a Mattermost answers there. What it thinks of the webhook it says only when something is posted."""
    address = urlsplit(options.hook)
    path = address.path.rpartition("/hooks/")[0] + "/api/v4/system/ping"
    outcome = judged(await outside.request("GET", address._replace(path=path, query="", fragment="").geturl()))
    return Sent(status=outcome.status, text="The server is there") if isinstance(outcome, Sent) else outcome


def text_of(parcel: Parcel) -> str:
    """As Markdown: what is plain stands in a block of code. A long text is cut, the link below it is not."""
    title = f"**{escape(clip(parcel.title, LONGEST_TITLE))}**\n" if parcel.title else ""
    address = href(parcel.url or parcel.link, LONGEST_URL)
    below = "\n" + link(clip(parcel.url_title, LONGEST_TITLE) or "Open", address) if address else ""
    fence = "" if parcel.markdown else "```"
    while fence and fence in parcel.body:
        fence += "`"
    before, after = (f"{fence}\n", f"\n{fence}") if fence else ("", "")
    room = LONGEST - len(title + before + after + below)
    body = parcel.body if len(parcel.body) <= room else parcel.body[: room - 1] + "…"
    return title + (before + body + after if body else "") + below


def judged(answer: Answer) -> Outcome:
    """Whose fault a refusal is. Mattermost tells it as JSON: `id` is for programs, `message` for people."""
    status, name, said = answer.status, "", answer.body.decode("utf-8", "replace").strip()
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if isinstance(found, dict):
        name, said = str(found.get("id", "")), str(found.get("message", said))
    if 200 <= status < 300:
        return Sent(status=status)
    if status == 429:
        after = answer.headers.get("retry-after", "")
        return Throttled(
            code="rate_limited", status=status, text=said, seconds=float(after) if after.isdecimal() else REST
        )
    if status in (401, 403, 404, 410, 501) or name == UNKNOWN:  # 501: an admin has switched webhooks off
        at_fault = "channel" if ".channel" in name else "hook"
        return Broken(code="auth" if status in (401, 403) else "not_found", status=status, text=said, field=at_fault)
    if status == 408 or status >= 500:
        return Retry(code="server_error", status=status, text=said)
    return Refused(code="rejected", status=status, text=said)
