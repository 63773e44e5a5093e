"""ntfy: a message as JSON to the root of the server (docs.ntfy.sh/publish)."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated, Any, Literal

from msgspec import Struct

from carillon.channels._fields import choice, listed, secret, server, text
from carillon.channels._http import json, judged, said
from carillon.channels._text import NTFY, band, cut_bytes
from carillon.core.channels import Outcome, Outside, Parcel, Sent
from carillon.core.forms import Texts, field

API = 1
TITLE: Texts = ("ntfy", "ntfy")
ABOUT: Texts = ("A topic anywhere", "Ein Thema irgendwo")
ICON = "k-ntfy"
LONGEST = 4000  # bytes: beyond 4096 the server makes a file of it
LOGINS = [("none", "None", "Keine"), ("token", "Access token", "Zugriffs-Token"), ("basic", "Password", "Passwort")]
AT_FAULT = {"none": "topic", "token": "token", "basic": "password"}


class Options(Struct, kw_only=True):
    url: Annotated[str, server()] = "https://ntfy.sh"
    topic: Annotated[str, field(("Topic", "Thema"), pattern="^[-_A-Za-z0-9]{1,64}$")]
    login: Annotated[Literal["none", "token", "basic"], choice("Login", "Anmeldung", LOGINS)] = "none"
    token: Annotated[str, secret("Access token", "Zugriffs-Token", when=("login", "token"))] = ""
    user: Annotated[str, text("User name", "Benutzername", when=("login", "basic"))] = ""
    password: Annotated[str, secret("Password", "Passwort", when=("login", "basic"))] = ""
    tags: Annotated[list[str], listed("Tags to add", "Zusätzliche Tags", advanced=True)] = []


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    body = cut_bytes(parcel.body or parcel.title, LONGEST, parcel.link)
    told: dict[str, Any] = {"topic": options.topic, "title": parcel.title, "message": body, "markdown": parcel.markdown}
    own = parcel.priority if parcel.dialect == "ntfy" else NTFY[band(parcel.level)]
    told["priority"] = 1 if parcel.silent else own
    told |= {"tags": [*parcel.tags, *options.tags]} if parcel.tags or options.tags else {}
    told |= {"click": parcel.url or parcel.link} if parcel.url or parcel.link else {}
    told |= {"attach": parcel.picture} if parcel.picture else {}
    answer = await outside.request("POST", options.url.rstrip("/") + "/", headers=_heads(options), body=json(told))
    outcome = judged(answer, outside, said=said(answer, "error"), field=AT_FAULT[options.login])
    return outcome or Sent(status=200, remote=said(answer, "id"))


async def check(options: Options, outside: Outside) -> Outcome:
    answer = await outside.request("GET", f"{options.url.rstrip('/')}/{options.topic}/auth", headers=_heads(options))
    if answer.status == 403 and options.login != "none":  # a wrong login is 401; this one may still write
        return Sent(status=403, text="The login is right, and may not read the topic")
    outcome = judged(answer, outside, said=said(answer, "error"), field=AT_FAULT[options.login])
    return outcome or Sent(status=200, text="The topic may be used")


def _heads(options: Options) -> dict[str, str]:
    if options.login == "token":
        return {"authorization": f"Bearer {options.token}"}
    pair = b64encode(f"{options.user}:{options.password}".encode()).decode()
    return {"authorization": f"Basic {pair}"} if options.login == "basic" else {}
