"""A webhook: a message as JSON, signed if there is a secret (standardwebhooks.com)."""

from __future__ import annotations

import hmac
from base64 import b64decode, b64encode
from hashlib import sha256
from typing import Annotated, Literal

from msgspec import Struct

from carillon.channels._fields import choice
from carillon.channels._fields import secret as hidden
from carillon.channels._http import json, judged
from carillon.core.channels import Outcome, Outside, Parcel, Sent
from carillon.core.forms import BadOption, Texts, field

API = 1
TITLE: Texts = ("Webhook", "Webhook")
ABOUT: Texts = ("Signed POST", "Signiertes POST")
ICON = "k-hook"
IDEMPOTENT = True  # by webhook-id
METHODS = [(each, each, each) for each in ("POST", "PUT", "PATCH")]
UNSIGNED: Texts = ("Empty: unsigned", "Leer: unsigniert")
TEXTS = ("id", "application", "title", "body", "content_type", "url", "url_title", "sound", "link")


class Options(Struct, kw_only=True):
    url: Annotated[str, field(("Address", "Adresse"), kind="address", pattern="^https?://")]
    secret: Annotated[str, hidden("Secret for the signature", "Geheimnis für die Signatur", help=UNSIGNED)] = ""
    authorization: Annotated[str, hidden("Authorization header", "Authorization-Header")] = ""
    method: Annotated[Literal["POST", "PUT", "PATCH"], choice("Method", "Methode", METHODS, advanced=True)] = "POST"
    headers: Annotated[dict[str, str], field(("More headers", "Weitere Header"), kind="pairs", advanced=True)] = {}


async def send(options: Options, parcel: Parcel, outside: Outside) -> Outcome:
    told = {name: getattr(parcel, name) for name in (*TEXTS, "level", "tags", "test")}
    body, moment = json(told | {"created": parcel.created / 1_000_000}), str(outside.now() // 1_000_000)
    heads = {name.lower(): value for name, value in options.headers.items()}
    heads |= {"content-type": "application/json", "webhook-id": parcel.id, "webhook-timestamp": moment}
    if options.authorization:
        heads["authorization"] = options.authorization
    if options.secret:
        heads["webhook-signature"] = signature(options.secret, f"{parcel.id}.{moment}.".encode() + body)
    answer = await outside.request(options.method, options.url, headers=heads, body=body, seconds=20)
    return judged(answer, outside, field="url") or Sent(status=answer.status)


def signature(secret: str, signed: bytes) -> str:
    """Raises BadOption for a secret with the prefix and no Base64 behind it."""
    try:
        key = b64decode(secret[6:], validate=True) if secret.startswith("whsec_") else secret.encode()
    except ValueError:
        raise BadOption("secret", "what follows whsec_ is no Base64") from None
    return "v1," + b64encode(hmac.digest(key, signed, sha256)).decode()
