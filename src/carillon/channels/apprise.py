"""Anything that Apprise reaches: its plugins run in a process of their own. See `_apprise_worker.py`."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Annotated, Literal

import msgspec
from msgspec import Struct

from carillon.channels._apprise_worker import Answer, Question
from carillon.core.channels import Broken, Code, Outcome, Outside, Parcel, Refused, Retry, Sent, Throttled
from carillon.core.forms import field

API = 1
TITLE = ("Apprise", "Apprise")
ABOUT = ("More than a hundred other services, by an Apprise URL", "Über hundert weitere Dienste, mit einer Apprise-URL")
ICON = "k-apprise"
PARALLEL = 4

AVAILABLE = find_spec("apprise") is not None
MISSING = "Apprise is not installed on this server: pip install 'carillon[apprise]'"
PROGRAM = "carillon.channels._apprise_worker"
SECONDS = 25.0
PAUSE = 60.0  # seconds after "too many": Apprise does not pass on how long

CODES: dict[int, Code] = {401: "auth", 403: "auth", 404: "not_found", 410: "gone"}


class Options(Struct, frozen=True, kw_only=True):
    url: Annotated[
        str,
        field(
            ("Apprise URL", "Apprise-URL"),
            (
                "One address, as on Apprise's pages about each service.",
                "Eine Adresse, wie Apprise sie je Dienst angibt.",
            ),
            kind="secret",
            placeholder="discord://id/token",
            min_length=1,
        ),
    ]
    format: Annotated[
        Literal["sent", "text"],
        field(
            ("Format", "Format"),
            kind="choice",
            choices=(("sent", "As it was sent", "Wie gesendet"), ("text", "Plain text", "Reiner Text")),
            advanced=True,
        ),
    ] = "sent"


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    link = "\n".join(filter(None, (parcel.url_title, parcel.url))) or parcel.link
    body = "\n\n".join(filter(None, (parcel.body, link)))
    question = Question(
        url=options.url,
        title=parcel.title,
        body=body or parcel.title,
        kind="failure" if parcel.level >= 10 else "warning" if parcel.level >= 8 else "info",
        markdown=parcel.markdown and options.format == "sent",
        reach=outside.reach,
        seconds=SECONDS,
    )
    return await _asked(question, outside)


async def check(options: Options, outside: Outside) -> Outcome:
    """Whether Apprise understands the address; nothing is sent."""
    return await _asked(Question(url=options.url, reach=outside.reach, seconds=SECONDS), outside)


async def _asked(question: Question, outside: Outside) -> Outcome:
    if not AVAILABLE:
        return Broken(code="options", text=MISSING)
    told = await outside.ask(PROGRAM, msgspec.json.encode(question), seconds=SECONDS)
    return _outcome(msgspec.json.decode(told, type=Answer))


def _outcome(answer: Answer) -> Outcome:
    match answer.outcome:
        case "sent":
            return Sent(text=answer.name)
        case "timeout":
            return Retry(code="timeout", text=answer.text or "it takes too long", uncertain=True)
        case "options" | "private":
            return Broken(code=answer.outcome, text=answer.text, field="url")
    found = re.search(r"error=(\d{3})\b", answer.text)  # how its plugins report the status of HTTP
    status = int(found[1]) if found else None
    if status is None:
        return Retry(code="unexpected", text=answer.text or "Apprise gives no reason")
    if status == 429:
        return Throttled(code="rate_limited", text=answer.text, status=status, seconds=PAUSE)
    if code := CODES.get(status):
        return Broken(code=code, text=answer.text, status=status)
    if 400 <= status < 500 and status != 408:
        return Refused(code="too_large" if status == 413 else "rejected", text=answer.text, status=status)
    return Retry(code="server_error" if status >= 500 else "unexpected", text=answer.text, status=status)
