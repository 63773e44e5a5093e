"""The world as a channel sees it, which answers what it is told and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from carillon.core.channels import Answer, Failure, Parcel, Picture, Reach
from tests.builders import NOON


class Request(NamedTuple):
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


class Told:
    """Answers in order; the last one again and again."""

    agent, marks, host = "Carillon/test", dict[str, str](), "bell.example"
    reach: Reach = "internet"

    def __init__(self, *answers: Answer | Failure, picture: Picture | None = None) -> None:
        self._answers = list(answers) or [answer(200, {})]
        self._picture = picture
        self.asked: list[Request] = []

    def now(self) -> int:
        return NOON

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        seconds: float = 10.0,
    ) -> Answer:
        self.asked.append(Request(method, url, headers or {}, body))
        found = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(found, Failure):
            raise found
        return found

    async def connect(self, host: str, port: int, *, seconds: float = 10.0) -> Any:
        raise Failure("connect", "no sockets here")

    async def picture(self, url: str) -> Picture | None:
        return self._picture

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        raise Failure("connect", "no programs here")


def answer(status: int, told: object = b"", **headers: str) -> Answer:
    body = told if isinstance(told, bytes) else msgspec.json.encode(told)
    return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def parcel(**given: Any) -> Parcel:
    usual: dict[str, Any] = {
        "id": "k3X9-4",
        "application": "Backup",
        "title": "Transfer Complete: Daily Backup",
        "body": "all is well",
        "created": NOON,
    }
    return Parcel(**usual | given)
