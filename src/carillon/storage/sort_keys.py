"""Keys that order a list and leave room between any two: "fractional indexing" in base 62.

A key is an integer part, whose first character says how long it is ("a0" … "az", "b00" …; "Z" and before for
what goes to the front), and a fraction. Clients make the keys in between; here is only the next one at the end.
"""

from __future__ import annotations

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
FIRST = "a0"
MIDDLE = "V"


def after(greatest: str | None) -> str:
    """A key that sorts bytewise after `greatest`, also when that is ill-formed or the last integer there is."""
    if not greatest:
        return FIRST
    integer = _integer_part(greatest)
    return _increment(integer) if integer else greatest + MIDDLE


def _integer_part(key: str) -> str | None:
    """None: there is none, or none comes after it."""
    head = key[0]
    if "a" <= head <= "z":
        length = ord(head) - ord("a") + 2
    elif "A" <= head <= "Z":
        length = ord("Z") - ord(head) + 2
    else:
        return None
    integer = key[:length]
    digits = integer[1:]
    if len(integer) < length or any(digit not in DIGITS for digit in digits):
        return None
    return None if head == "z" and set(digits) == {"z"} else integer


def _increment(integer: str) -> str:
    head, digits = integer[0], integer[1:]
    stem = digits.rstrip("z")
    zeros = "0" * (len(digits) - len(stem))
    if stem:
        return head + stem[:-1] + DIGITS[DIGITS.index(stem[-1]) + 1] + zeros
    if head == "Z":
        return FIRST
    if head > "Z":
        return chr(ord(head) + 1) + zeros + "0"
    return chr(ord(head) + 1) + zeros[:-1]
