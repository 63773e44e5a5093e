"""Gotify, or another Carillon: POST /message (gotify.net/docs/pushmsg)."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Struct

from carillon.channels._fields import secret, server, switch
from carillon.channels._http import fields, json, judged, said
from carillon.core.channels import Outcome, Outside, Parcel, Sent
from carillon.core.forms import Texts, field

API = 1
TITLE: Texts = ("Gotify", "Gotify")
ABOUT: Texts = ("Another server", "Ein anderer Server")
ICON = "k-gotify"


class Options(Struct, kw_only=True):
    url: Annotated[str, server("https://gotify.example.org")]
    token: Annotated[str, secret("Application token", "Anwendungs-Token")]
    priority: Annotated[
        int,
        field(("Priority", "Priorität"), ("-1: as here", "-1: wie hier"), kind="number", ge=-1, le=10, advanced=True),
    ] = -1
    markdown: Annotated[bool, switch("Keep Markdown", "Markdown behalten")] = True


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    own = parcel.priority if parcel.dialect == "gotify" else parcel.level
    told: dict[str, Any] = {"title": parcel.title, "message": parcel.body or parcel.title}
    told["priority"] = 0 if parcel.silent else own if options.priority < 0 else options.priority
    extras: dict[str, Any] = {}
    if parcel.markdown and options.markdown:
        extras["client::display"] = {"contentType": "text/markdown"}
    notification: dict[str, Any] = {"click": {"url": parcel.url}} if parcel.url else {}
    if parcel.picture:
        notification["bigImageUrl"] = parcel.picture
    if notification:
        extras["client::notification"] = notification
    if extras:
        told["extras"] = extras
    heads = {"x-gotify-key": options.token, "content-type": "application/json"}
    answer = await outside.request("POST", f"{options.url.rstrip('/')}/message", headers=heads, body=json(told))
    outcome = judged(answer, outside, said=said(answer, "errorDescription"), field="token")
    return outcome or Sent(status=200, remote=str(fields(answer).get("id", "")))


async def check(options: Options, outside: Outside) -> Outcome:
    """Only an application's token may post; whether this one may, shows in how an empty message is refused: by 400."""
    url, heads = options.url.rstrip("/"), {"x-gotify-key": options.token, "content-type": "application/json"}
    version = said(await outside.request("GET", f"{url}/version"), "version")
    answer = await outside.request("POST", f"{url}/message", headers=heads, body=b"{}")
    outcome = judged(answer, outside, said=said(answer, "errorDescription"), field="token")
    return (
        Sent(status=200, text=f"Gotify {version} knows the token") if answer.status == 400 or not outcome else outcome
    )
