"""What Pushover takes and answers (pushover.net/api)."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Struct

from carillon.channels._http import fields, judged
from carillon.core.channels import Answer, Broken, Outcome, Outside, Refused, Sent
from carillon.core.forms import Texts, field

KEY = "^[A-Za-z0-9]{30}$"
# Characters, and pieces of a text; bytes of a picture.
LONGEST, LONGEST_TITLE, LONGEST_URL, LONGEST_URL_TITLE, MOST = 1024, 250, 512, 100, 5
LARGEST_PICTURE = 5_242_880
EMERGENCY = 2

Priority = Literal["", "-2", "-1", "0", "1", "2"]
PRIORITIES = [
    ("", "As here", "Wie hier"),
    ("-2", "Lowest (-2)", "Niedrigste (-2)"),
    ("-1", "Low (-1)", "Niedrig (-1)"),
    ("0", "Normal (0)", "Normal (0)"),
    ("1", "High (1)", "Hoch (1)"),
    ("2", "Emergency (2), rings", "Notfall (2), klingelt"),
]
SOUNDS = (
    "pushover, bike, bugle, cashregister, classical, cosmic, falling, gamelan, incoming, intermission, magic, "
    "mechanical, pianobar, siren, spacealarm, tugboat, alien, climb, persistent, echo, updown, vibrate, none"
)
SOUND: Texts = (f"{SOUNDS}, or one of yours; empty: the device's", f"{SOUNDS} oder ein eigener; leer: der des Geräts")


class Row(Struct, kw_only=True):
    """How a level arrives."""

    priority: Annotated[Priority, field(("On Pushover", "Bei Pushover"), kind="choice", choices=PRIORITIES)] = ""
    sound: Annotated[str, field(("Sound", "Ton"), max_length=64)] = ""


def outcome_of(answer: Answer, outside: Outside) -> Outcome:
    """By status 1; otherwise the errors are in sentences, and the field at fault is a name of its own."""
    found = fields(answer)
    errors = found.get("errors")
    said = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    at_fault = next((name for name in ("token", "user", "device") if name in found), "")
    if answer.status == 400 and at_fault:
        return Broken(code="auth", status=400, text=said, field="devices" if at_fault == "device" else at_fault)
    outcome = judged(answer, outside, said=said, field="token", resets="x-limit-app-reset")
    if outcome is None and found.get("status") != 1:
        return Refused(code="unexpected", status=answer.status, text=said or "this is no answer of Pushover's")
    left = answer.headers.get("x-limit-app-remaining", "")
    return outcome or Sent(
        status=200,
        remote=str(found.get("request", "")),
        receipt=str(found.get("receipt", "")),
        quota_left=int(left) if left.isdecimal() else None,
    )
