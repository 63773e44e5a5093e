"""A server that takes and answers what Pushover does (pushover.net/api), and remembers what it got."""

from __future__ import annotations

import json
from email import message_from_bytes
from time import time
from urllib.parse import parse_qsl

from tests.walks.receivers import Asked, Said

TOKEN = "a" + "T0k3n" * 5 + "wxyz"  # of the application that the stub knows
USER = "u" + "5er1d" * 5 + "wxyz"
DEVICES = ["phone", "tablet"]
MESSAGES_A_MONTH, RESET = 10_000, 1_900_000_000
EMERGENCY = {"retry": (30, 10_800), "expire": (1, 10_800)}

BAD_TOKEN = "application token is invalid, see https://pushover.net/api"  # what it says of one
BAD_USER = (
    "user identifier is not a valid user, group, or subscribed user key, see https://pushover.net/api#identifiers"
)


class Refusal(Exception):
    """`field` is at fault, `value` says in which way, `text` in a sentence."""

    def __init__(self, field: str, text: str, value: str = "invalid") -> None:
        super().__init__(text)
        self.field, self.value = field, value


class Pushover:
    """`got` are the parameters of the messages that were taken, `acknowledged` the receipts by the time and device.
    While it is `away`, it answers that it has trouble.
    """

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.receipts: dict[str, dict[str, str]] = {}
        self.acknowledged: dict[str, tuple[int, str]] = {}
        self.cancelled: set[str] = set()
        self.away = False

    def acknowledge(self, receipt: str, device: str = "phone") -> None:
        self.acknowledged[receipt] = (int(time()), device)

    async def __call__(self, asked: Asked) -> Said:
        if self.away:
            return _said({"status": 0, "errors": ["the belfry is closed"]}, status=500)
        try:
            return self._answer(asked, parameters(asked))
        except Refusal as error:
            return _said({error.field: error.value, "errors": [str(error)], "status": 0}, status=400)

    def _answer(self, asked: Asked, given: dict[str, str]) -> Said:
        match asked.method, asked.path.removeprefix("/1/").removesuffix(".json").split("/"):
            case "POST", ["messages"]:
                return self._message(given)
            case "POST", ["users", "validate"]:
                return _validated(given)
            case "GET", ["receipts", receipt]:
                return self._receipt(receipt, given)
            case "POST", ["receipts", receipt, "cancel"]:
                self._receipt(receipt, given)
                self.cancelled.add(receipt)
                return _said({"status": 1})
        return _said({"errors": ["not found"], "status": 0}, status=404)

    def _message(self, given: dict[str, str]) -> Said:
        _check(given)
        answer: dict[str, object] = {"status": 1}
        self.got.append(given)
        if given.get("priority") == "2":
            receipt = f"r{len(self.receipts):029}"
            self.receipts[receipt] = given
            answer["receipt"] = receipt
        limits = {
            "x-limit-app-limit": str(MESSAGES_A_MONTH),
            "x-limit-app-remaining": str(MESSAGES_A_MONTH - len(self.got)),
            "x-limit-app-reset": str(RESET),
        }
        return _said(answer, headers=limits)

    def _receipt(self, receipt: str, given: dict[str, str]) -> Said:
        """Of the application that sent it only."""
        if receipt not in self.receipts or self.receipts[receipt]["token"] != given.get("token"):
            raise Refusal("receipt", "receipt not found; may be invalid or expired", "not found")
        moment, device = self.acknowledged.get(receipt, (0, ""))
        return _said(
            {
                "status": 1,
                "acknowledged": int(receipt in self.acknowledged),
                "acknowledged_at": moment,
                "acknowledged_by": USER if moment else "",
                "acknowledged_by_device": device,
                "last_delivered_at": int(time()),
                "expired": int(receipt in self.cancelled),
                "expires_at": int(time()) + 3600,
                "called_back": 0,
                "called_back_at": 0,
            }
        )


def parameters(asked: Asked) -> dict[str, str]:
    """From the query and the body, whatever its form; what is blank is as if it had not been sent."""
    given = dict(parse_qsl(asked.query))
    kind = asked.headers.get("content-type", "")
    if kind.startswith("application/json"):
        given |= {name: str(value) for name, value in asked.json().items() if value is not None}
    elif kind.startswith("multipart/form-data"):
        whole = message_from_bytes(f"content-type: {kind}\r\n\r\n".encode() + asked.body)
        for part in whole.walk():
            content = part.get_payload(decode=True)
            if name := part.get_param("name", header="content-disposition"):
                file = part.get_filename()
                given[str(name)] = file or (content.decode() if isinstance(content, bytes) else "")
    else:
        given |= dict(parse_qsl(asked.body.decode()))
    return {name: value for name, value in given.items() if value}


def _known(given: dict[str, str]) -> None:
    if given.get("token") != TOKEN:
        raise Refusal("token", BAD_TOKEN)
    if given.get("user") != USER:
        raise Refusal("user", BAD_USER)


def _check(given: dict[str, str]) -> None:
    _known(given)
    if not given.get("message", "").strip():
        raise Refusal("message", "message cannot be blank", "cannot be blank")
    if len(given["message"]) > 1024 or len(given.get("title", "")) > 250:
        raise Refusal("message", "message is too long")
    if given.get("priority", "0") not in {"-2", "-1", "0", "1", "2"}:
        raise Refusal("priority", "priority is invalid, see https://pushover.net/api#priority")
    if given.get("priority") == "2":
        for name, (least, most) in EMERGENCY.items():
            if name not in given:
                reason = "must be supplied with priority=2"
                raise Refusal(name, f"{name} {reason}", reason)
            if not least <= int(given[name]) <= most:
                raise Refusal(name, f"{name} is invalid")


def _validated(given: dict[str, str]) -> Said:
    if given.get("token") == TOKEN and given.get("user") != USER:
        raise Refusal("user", "user key is invalid")
    _known(given)
    if given.get("device", DEVICES[0]) not in DEVICES:
        raise Refusal("device", "device name is not valid for this user", "invalid for this user")
    return _said({"status": 1, "group": 0, "devices": DEVICES, "licenses": ["Android"]})


def _said(body: dict[str, object], *, status: int = 200, headers: dict[str, str] | None = None) -> Said:
    request = "647d2300-702c-4b38-8b2f-d56326ae460b"
    content = json.dumps(body | {"request": request}, separators=(",", ":")).encode()
    heads = {"content-type": "application/json; charset=utf-8", "x-request-id": request, **(headers or {})}
    return Said(status, content, heads)
