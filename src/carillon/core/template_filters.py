"""What a template of a service may call: filters, tests and methods, each bounded in time and in what it makes."""

from __future__ import annotations

import json as json_of
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import wraps
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, Undefined, pass_environment
from jinja2.filters import FILTERS, make_attrgetter
from jinja2.tests import TESTS

from carillon.core.errors import BadInput

HEAVIEST = 256 * 1024  # characters that a value may have, with all that is in it
ITEM = 16  # characters that an item of a list weighs besides
WIDEST = 1000  # characters of a column
DEEPEST_INDENT = 40
FINEST = 20  # digits
COMPARED = 1_000_000  # items, times those that each may be looked for in
PARTS = 4  # of an attribute that items are looked at by: each takes time for each item
FORMAT = 64  # characters of the format of a date

Value = Any  # whatever a template may hold

PLAIN = (
    "abs",
    "capitalize",
    "count",
    "d",
    "default",
    "dictsort",
    "first",
    "float",
    "int",
    "items",
    "last",
    "length",
    "list",
    "lower",
    "reverse",
    "string",
    "title",
    "trim",
    "truncate",
    "upper",
    "urlencode",
    "wordcount",
)
BY_ITEM = ("max", "min", "reject", "rejectattr", "select", "selectattr", "sort", "unique")
CHECKS = {name: test for name, test in TESTS.items() if name not in {"callable", "filter", "test"}}
METHODS = frozenset({"endswith", "get", "items", "keys", "lower", "split", "startswith", "strip", "upper", "values"})


class TemplateError(BadInput):
    """A template that cannot be taken, or that went wrong; the text says why."""


def weigh(value: Value) -> Value:
    """The value, an iterator as a list. Raises TemplateError when it is too heavy."""
    if isinstance(value, Iterator) or type(value) in (type({}.keys()), type({}.values()), type({}.items())):
        value = list(islice(value, HEAVIEST // ITEM + 1))
    left, waiting = HEAVIEST, [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            left -= len(each)
        elif isinstance(each, Mapping):
            left -= ITEM * len(each)
            if left >= 0:
                waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | range):
            left -= ITEM * len(each)
            if left >= 0 and not isinstance(each, range):
                waiting += each
        if left < 0:
            raise TemplateError("the template makes a text or list that is too long")
    return value


def numbers(*arguments: Value) -> range:
    """As `range`."""
    result = range(*arguments)
    if len(result) > HEAVIEST // ITEM:
        raise TemplateError("the template counts too far")
    return result


def _bounded(what: str, number: Value, largest: int) -> int:
    if not isinstance(number, int) or not -largest <= number <= largest:
        raise TemplateError(f"{what} is a number up to {largest}")
    return number


def _center(value: Value, width: int = 80) -> str:
    return str(value).center(_bounded("the width", width, WIDEST))


def _indent(value: Value, width: int = 4) -> str:
    text = str(value)
    blank = " " * _bounded("the indent", width, DEEPEST_INDENT)
    if len(blank) * text.count("\n") > HEAVIEST:
        raise TemplateError("the template indents too many lines")
    return text.replace("\n", f"\n{blank}")


def _replace(value: Value, old: Value, new: Value) -> str:
    text, old, new = str(value), str(old), str(new)
    if len(text) + text.count(old) * len(new) > HEAVIEST:
        raise TemplateError("the template makes a text that is too long")
    return text.replace(old, new)


@pass_environment
def _join(environment: Environment, value: Value, by: Value = "", *, attribute: str | None = None) -> str:
    parts = [str(each) for each in _each(environment, value, attribute)]
    if sum(map(len, parts)) + len(str(by)) * len(parts) > HEAVIEST:
        raise TemplateError("the template makes a text that is too long")
    return str(by).join(parts)


@pass_environment
def _map(environment: Environment, value: Value, *, attribute: str) -> list[Any]:
    return _each(environment, value, attribute)


@pass_environment
def _sum(environment: Environment, value: Value, attribute: str | None = None) -> float:
    found = _each(environment, value, attribute)
    if not all(isinstance(each, int | float) for each in found):
        raise TemplateError("only numbers can be summed")
    total: float = sum(found)
    return total


def _each(environment: Environment, value: Iterable[Any], attribute: str | None) -> list[Any]:
    items = _items(value)
    if attribute is not None:
        _check_attribute(attribute)
    return items if attribute is None else list(map(make_attrgetter(environment, attribute), items))


def _items(value: Iterable[Value]) -> list[Value]:
    items: list[Value] = weigh(list(islice(value, HEAVIEST // ITEM + 1)))
    return items


def _check_attribute(attribute: Value) -> None:
    if isinstance(attribute, str) and len(re.split(r"[.,]", attribute)) > PARTS:
        raise TemplateError(f"an attribute has at most {PARTS} parts")


def _by_item(name: str) -> Callable[..., Value]:
    """Jinja's filter of that name, for lists that are not too long and attributes that are not too deep."""
    filtered = FILTERS[name]

    @wraps(filtered)
    def spared(scope: Value, value: Iterable[Value], *arguments: Value, **named: Value) -> Value:
        for each in named.values() if name in ("select", "reject") else (*arguments, *named.values()):
            _check_attribute(each)
        items = _items(value)
        for each in arguments:
            if isinstance(each, str | list | tuple | range | Mapping) and len(items) * len(each) > COMPARED:
                raise TemplateError("the template compares too much")
        return filtered(scope, items, *arguments, **named)

    return spared


def _round(value: Value, precision: int = 0) -> float:
    return round(float(value), _bounded("the precision", precision, FINEST))


def _json(value: Value) -> str:
    return json_of.dumps(
        value, ensure_ascii=False, default=lambda one: None if isinstance(one, Undefined) else str(one)
    )


def _duration(value: Value) -> str:
    """Seconds as the two largest units: 3 h 12 min."""
    total = round(float(value))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    sign, total = ("-", -total) if total < 0 else ("", total)
    first = next((place for place, (_, size) in enumerate(units) if total >= size), len(units) - 1)
    parts: list[str] = []
    for name, size in units[first : first + 2]:
        count, total = divmod(total, size)
        if count or not parts:
            parts.append(f"{count} {name}")
    return sign + " ".join(parts)


def _bytes(value: Value) -> str:
    """By thousands, with one digit behind the point: 1.2 GB."""
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(amount) < 999.5:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} PB" if abs(amount) < 1e6 else f"{amount:.1e} PB"


def _date(value: Value, form: str = "%Y-%m-%d %H:%M", zone: str = "UTC") -> str:
    """A time, or seconds since 1970. The format takes the letters that need no locale, and no widths."""
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(float(value), UTC)
    letters = [part[:1] for part in form.replace("%%", "").split("%")[1:]]
    if len(form) > FORMAT or "\0" in form or not all(letter and letter in "aAbBdHIjmMpSuVyYzZ" for letter in letters):
        raise TemplateError("the format of a date is at most 64 characters long, as in %d.%m.%Y %H:%M")
    try:
        return moment.astimezone(ZoneInfo(zone)).strftime(form)
    except (OSError, KeyError, ValueError):
        raise TemplateError(f"there is no time zone {zone[:64]!r}") from None


ALLOWED: dict[str, Callable[..., Any]] = {
    **{name: FILTERS[name] for name in PLAIN},
    **{name: _by_item(name) for name in BY_ITEM},
    "bytes": _bytes,
    "center": _center,
    "date": _date,
    "duration": _duration,
    "indent": _indent,
    "join": _join,
    "json": _json,
    "map": _map,
    "replace": _replace,
    "round": _round,
    "sum": _sum,
    "tojson": _json,
}
