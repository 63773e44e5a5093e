"""Pushbullet: a push to devices (docs.pushbullet.com)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Struct

from carillon.channels._fields import choice, secret, server, text
from carillon.channels._http import fields, json, judged
from carillon.core.channels import Broken, Outcome, Outside, Parcel, Sent
from carillon.core.forms import Texts

API = 1
TITLE: Texts = ("Pushbullet", "Pushbullet")
ABOUT: Texts = ("All your devices", "Alle deine Geräte")
ICON = "k-bullet"
IDEMPOTENT = True  # by guid
TARGETS = [
    ("", "All my devices", "Alle meine Geräte"),
    ("device_iden", "One device", "Ein Gerät"),
    ("email", "A person's e-mail address", "E-Mail-Adresse einer Person"),
    ("channel_tag", "A channel", "Ein Kanal"),
]


class Options(Struct, kw_only=True):
    token: Annotated[str, secret("Access token", "Zugriffs-Token")]
    target: Annotated[Literal["", "device_iden", "email", "channel_tag"], choice("To", "An", TARGETS)] = ""
    name: Annotated[str, text("Which", "Welches", when=("target", "device_iden email channel_tag"))] = ""
    url: Annotated[str, server(advanced=True)] = "https://api.pushbullet.com"


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    url = parcel.url or parcel.link
    told: dict[str, Any] = {"type": "link" if url else "note", "title": parcel.title, "body": parcel.body}
    told |= {"guid": parcel.id} | ({"url": url} if url else {})
    told |= {options.target: options.name} if options.target else {}
    found, outcome = await _ask(options, "pushes", outside, told=told)
    return outcome or Sent(status=200, remote=str(found.get("iden", "")))


async def check(options: Options, outside: Outside) -> Outcome:
    found, outcome = await _ask(options, "users/me", outside)
    return outcome or Sent(status=200, text=f"The token is that of {found.get('email', 'somebody')}")


async def _ask(
    options: Options, path: str, outside: Outside, *, told: dict[str, Any] | None = None
) -> tuple[dict[str, Any], Outcome | None]:
    heads = {"access-token": options.token, "content-type": "application/json"}
    body, url = json(told) if told else b"", f"{options.url.rstrip('/')}/v2/{path}"
    answer = await outside.request("POST" if told else "GET", url, headers=heads, body=body)
    found = fields(answer)
    error = found.get("error") if isinstance(found.get("error"), dict) else {}
    said = str((error or {}).get("message", ""))
    if (error or {}).get("code") == "pushbullet_pro_required":  # the month's quota of a free account is used up
        return found, Broken(code="quota", status=answer.status, text=said)
    return found, judged(answer, outside, said=said, field="token", resets="x-ratelimit-reset")
