"""Pushover (pushover.net/api), or whatever speaks its API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

from msgspec import Struct
from msgspec.structs import replace

from carillon.channels._fields import choice, listed, server, switch
from carillon.channels._http import FORM, fields, multipart
from carillon.channels._pushover import (
    EMERGENCY,
    KEY,
    LARGEST_PICTURE,
    LONGEST,
    LONGEST_TITLE,
    LONGEST_URL,
    LONGEST_URL_TITLE,
    MOST,
    PRIORITIES,
    SOUND,
    Priority,
    Row,
    outcome_of,
)
from carillon.channels._text import PUSHOVER, band, cut, pieces
from carillon.core.channels import Answer, Band, Followed, Outcome, Outside, Parcel, Picture, Retry, Sent
from carillon.core.forms import Texts, field

API = 1
TITLE: Texts = ("Pushover", "Pushover")
ABOUT: Texts = ("Phones, with alarms", "Handys, mit Alarm")
ICON = "k-push"

USER_HELP: Texts = ("30 letters and digits, from your Pushover dashboard", "30 Zeichen, aus deinem Pushover-Konto")
TOKEN_HELP: Texts = ("30 letters and digits, from “Your Applications”", "30 Zeichen, aus „Your Applications“")
SECONDS: Texts = ("Seconds", "Sekunden")


class Options(Struct, kw_only=True):
    user: Annotated[
        str, field(("User or group key", "Benutzer- oder Gruppenschlüssel"), USER_HELP, kind="secret", pattern=KEY)
    ]
    token: Annotated[str, field(("Application token", "Anwendungs-Token"), TOKEN_HELP, kind="secret", pattern=KEY)]
    devices: Annotated[list[str], listed("Devices", "Geräte", help=("Empty: all", "Leer: alle"))] = []
    priority: Annotated[Priority, choice("Default priority", "Standardpriorität", PRIORITIES)] = ""
    sound: Annotated[str, field(("Default sound", "Standardton"), SOUND, max_length=64)] = ""
    levels: Annotated[
        dict[Band, Row], field(("How each priority arrives", "Wie jede Priorität ankommt"), kind="levels")
    ] = {}
    retry: Annotated[
        int, field(("Emergency: ring every", "Notfall: klingeln alle"), SECONDS, kind="number", ge=30, le=10800)
    ] = 60
    expire: Annotated[
        int, field(("Emergency: give up after", "Notfall: aufgeben nach"), SECONDS, kind="number", ge=30, le=10800)
    ] = 3600
    ttl: Annotated[
        int,
        field(
            ("Delete after", "Löschen nach"),
            ("Seconds; 0: never", "Sekunden; 0: nie"),
            kind="number",
            ge=0,
            advanced=True,
        ),
    ] = 0
    split: Annotated[bool, switch("Split long texts", "Lange Texte teilen", help=("Else cut", "Sonst gekürzt"))] = False
    base_url: Annotated[str, server(advanced=True)] = "https://api.pushover.net"


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    picture = await outside.picture(parcel.picture) if parcel.picture else None
    told = _told(options, parcel)
    whole = not options.split or told["priority"] == str(EMERGENCY)  # pieces would each have to be acknowledged
    texts = [cut(parcel.body, LONGEST, parcel.link)] if whole else pieces(parcel.body, LONGEST, MOST)
    outcome: Outcome = Sent()
    for at, text in enumerate(texts[int(parcel.progress or 0) :], int(parcel.progress or 0)):
        piece = told | {"message": text or parcel.title}
        answer = await _post(options, piece, outside, picture=picture if at == 0 else None)
        outcome = outcome_of(answer, outside)
        if not isinstance(outcome, Sent):
            return replace(outcome, progress=str(at)) if isinstance(outcome, Retry) else outcome
    return outcome


async def check(options: Options, outside: Outside) -> Outcome:
    told = {"token": options.token, "user": options.user}
    if len(options.devices) == 1:
        told["device"] = options.devices[0]
    answer = await outside.request("POST", _url(options, "users/validate"), headers=FORM, body=urlencode(told).encode())
    outcome = outcome_of(answer, outside)
    devices = ", ".join(map(str, fields(answer).get("devices", [])))
    return replace(outcome, text=f"The key is known. Devices: {devices}") if isinstance(outcome, Sent) else outcome


async def follow(options: Options, receipt: str, outside: Outside) -> Followed:
    query = urlencode({"token": options.token})
    found = fields(await outside.request("GET", f"{_url(options, f'receipts/{receipt}')}?{query}"))
    if found.get("status") != 1:
        return Followed(over="receipt" in found)
    by = str(found.get("acknowledged_by_device") or found.get("acknowledged_by") or "")
    if found.get("acknowledged") == 1:
        return Followed(acknowledged=int(found.get("acknowledged_at") or 0) * 1_000_000, by=by)
    return Followed(over=found.get("expired") == 1)


def _told(options: Options, parcel: Parcel) -> dict[str, str]:
    """All but the text."""
    row = options.levels.get(band(parcel.level), Row())
    priority = int(row.priority or options.priority or PUSHOVER[band(parcel.level)])
    if parcel.dialect == "pushover" and not (row.priority or options.priority):
        priority = max(-2, min(parcel.priority, EMERGENCY))
    priority = min(priority, -1) if parcel.silent else priority
    url = parcel.url or parcel.link
    ttl = parcel.ttl or options.ttl
    told = {
        "token": options.token,
        "user": options.user,
        "title": cut(parcel.title, LONGEST_TITLE),
        "priority": str(priority),
        "timestamp": str(parcel.created // 1_000_000),
        "sound": parcel.sound or row.sound or options.sound,
        "device": ",".join(options.devices),
        "url": url if len(url) <= LONGEST_URL else "",
        "url_title": cut(parcel.url_title, LONGEST_URL_TITLE) if parcel.url else "",
        "ttl": str(ttl) if ttl and priority < EMERGENCY else "",
    }
    if priority == EMERGENCY:  # refused without both
        told |= {"retry": str(options.retry), "expire": str(options.expire)}
    return {name: value for name, value in told.items() if value}


async def _post(options: Options, told: Mapping[str, str], outside: Outside, *, picture: Picture | None) -> Answer:
    url = _url(options, "messages")
    if picture is None or len(picture.content) > LARGEST_PICTURE:
        return await outside.request("POST", url, headers=FORM, body=urlencode(told).encode())
    heads, body = multipart(told, "attachment", picture)
    return await outside.request("POST", url, headers=heads, body=body, seconds=30)


def _url(options: Options, path: str) -> str:
    return f"{options.base_url.rstrip('/')}/1/{path}.json"
