"""What channels that speak HTTP have in common: how an answer becomes an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

import msgspec

from carillon.core.channels import WORDS, Answer, Broken, Code, Outcome, Outside, Picture, Refused, Retry, Throttled

FORM = {"content-type": "application/x-www-form-urlencoded"}
WAIT = 60.0  # seconds, where a server says that it is too much and not for how long
LONGEST_WAIT = 31 * 24 * 3600.0

BROKEN: Mapping[int, Code] = {401: "auth", 403: "auth", 404: "not_found", 410: "gone"}
TEMPORARY = frozenset({408, 425})


def judged(answer: Answer, outside: Outside, *, said: str = "", field: str = "", resets: str = "") -> Outcome | None:
    """What an answer means that is no success; None: it is one. `said` are its words, if the channel has found them;
    `field` is the option that is at fault when it lets nobody in. `resets` names its header of when it may go on, in
    seconds since 1970, beside Retry-After.
    """
    status, text = answer.status, (said or words(answer))[:WORDS]
    if 200 <= status < 300:
        return None
    if status in (421, 429):
        return Throttled(code="rate_limited", status=status, text=text, seconds=_wait(answer, outside, resets))
    if status in BROKEN:
        return Broken(code=BROKEN[status], status=status, text=text, field=field)
    if status == 413:
        return Refused(code="too_large", status=status, text=text)
    if status in TEMPORARY or status >= 500:
        return Retry(code="server_error", status=status, text=text)
    if 300 <= status < 400:
        return Broken(code="redirect", status=status, text=text)
    return Refused(code="rejected", status=status, text=text)


def words(answer: Answer) -> str:
    """The body as text, or the number of the status."""
    return answer.body.decode("utf-8", "replace").strip()[:WORDS] or f"status {answer.status}"


def fields(answer: Answer) -> dict[str, Any]:
    """The JSON object in the body; empty when it is something else."""
    try:
        found = msgspec.json.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def said(answer: Answer, name: str) -> str:
    """What the JSON object in the body says under that name; empty: nothing, or no text."""
    found = fields(answer).get(name)
    return found if isinstance(found, str) else ""


def json(value: object) -> bytes:
    return msgspec.json.encode(value)


def _wait(answer: Answer, outside: Outside, resets: str) -> float:
    now = outside.now() / 1_000_000
    given = answer.headers.get("retry-after", "").strip()
    if given.isdecimal():
        return min(float(given), LONGEST_WAIT)
    if given:
        try:
            moment = parsedate_to_datetime(given)
        except ValueError:
            return WAIT
        return min(max((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now, 0.0), LONGEST_WAIT)
    reset = answer.headers.get(resets, "").strip() if resets else ""
    if reset.isdecimal():
        return min(max(float(reset) - now, 1.0), LONGEST_WAIT)
    return WAIT


def multipart(told: Mapping[str, str], name: str, picture: Picture) -> tuple[dict[str, str], bytes]:
    """The headers and the body of a form with a file."""
    boundary = "carillon" + sha256(picture.content).hexdigest()
    kind = picture.media_type.partition("/")[2] or "bin"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in told.items()
    ]
    head = f'Content-Disposition: form-data; name="{name}"; filename="picture.{kind}"\r\n'
    head += f"Content-Type: {picture.media_type}"
    parts += [f"--{boundary}\r\n{head}\r\n\r\n".encode(), picture.content, f"\r\n--{boundary}--\r\n".encode()]
    return {"content-type": f"multipart/form-data; boundary={boundary}"}, b"".join(parts)
