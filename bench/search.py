"""How long searches take in a large inbox: words that are rare, middling and frequent, filters, and the counting."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import NamedTuple
from urllib.parse import quote

from bench.client import application, device
from bench.engines import Engine
from bench.filling import await_filled, fill
from bench.records import Options, Result, Table, Target
from bench.servers import Place, Server, carillon

APPLICATIONS = 50
ASKED = 40  # searches of each kind, each for something else where that is possible
WARM = 3  # more before them
P95 = 100.0  # ms
LIMIT = 50  # messages of a page
PATIENCE = 600.0  # seconds

# A message of every 50 000, of every 1000 and of every 50 has a word of its kind; all are of the same make.
BODY = """'Disk usage on host db-' || n || ' is above ninety percent; please have a look.'
    || CASE WHEN n % 50 = 7 THEN ' The mirror is degraded.' ELSE '' END
    || CASE WHEN n % 1000 = 11 THEN ' See https://example.org/' || n ELSE '' END
    || CASE WHEN n % 50000 = 13 THEN ' Überhitzung' ELSE '' END"""
LEVEL = "CASE WHEN n % 200 = 3 THEN 10 WHEN n % 20 = 3 THEN 8 ELSE 5 END"

# By name; {n} is the number of a message, {day} a day.
SEARCHES: Mapping[str, str] = {
    "everything": "",
    "in every message": "percent",
    "in every message, as typed": "perc",
    "one letter": "d",
    "2 in 100": '"degraded"',
    "2 in 100, as typed": "degr",
    "1 in 1000": "example",
    "1 in 50,000": "uberhitz",
    "in one message": '"db-{n}"',
    "in one message, as typed": "db-{n}",
    "in none": "nothingness",
    "frequent and rare": "percent usage uberhitzung d",
    "a phrase that is nowhere": '"usage disk"',
    "frequent, without itself": "disk -usage",
    "priority:urgent": "priority:urgent",
    "priority:silent": "priority:silent",
    "priority:urgent and a word": "priority:urgent degraded",
    "is:unread": "is:unread",
    "is:read and a word": "is:read uberhitzung",
    "is:pinned": "is:pinned",
    "has:link": "has:link",
    "has:image": "has:image",
    "on a day": "on:{day}",
    "on a day, and a word": "on:{day} example",
    "of an application": 'app:"application 7"',
    "of an application, and a word": 'app:"application 7" uberhitz',
}
COUNTED = ("everything", "in every message", "2 in 100", "1 in 50,000", "in one message", "priority:urgent")


class Subject(NamedTuple):
    server: Server
    token: str
    messages: int
    filled: float  # messages a second


def measure(options: Options) -> Result:
    tables, targets, notes = [], [], []
    for engine in options.engines:
        with _filled(options, engine) as subject:
            rows = {name: _times(options, subject, "search", text) for name, text in SEARCHES.items()}
            rows |= {f"counting: {name}": _times(options, subject, "search/facets", SEARCHES[name]) for name in COUNTED}
        tables.append(Table(f"{engine.name}: ms a search of {subject.messages:,} messages", rows))
        targets += [Target(f"{engine.name}: {name}: p95, ms", P95, row["p95"]) for name, row in rows.items()]
        notes.append(f"{engine.name}: behind the publishing {subject.filled:,.0f} messages a second were indexed.")
    return Result(tables, targets, notes)


@contextmanager
def _filled(options: Options, engine: Engine) -> Iterator[Subject]:
    place = Place.fresh(options.folder, "search", engine)
    with carillon(place) as server:
        made = [application(server, f"application {number}")[0] for number in range(APPLICATIONS)]
        token = device(server)
    messages = options.some(options.messages)
    fill(place, messages, user=1, first=made[0], applications=APPLICATIONS, body=BODY, level=LEVEL)
    with carillon(place) as server:
        began = time.monotonic()
        await_filled(place)
        yield Subject(server, token, messages, messages / (time.monotonic() - began))


def _times(options: Options, subject: Subject, path: str, text: str) -> dict[str, float]:
    chance = random.Random(text)  # the same searches in each run
    times = []
    found = 0
    connection = HTTPConnection("127.0.0.1", subject.server.port, timeout=PATIENCE)
    for _ in range(WARM + options.some(ASKED)):
        asked = text.format(n=chance.randrange(subject.messages), day=_day(chance, subject.messages))
        limit = "" if "/" in path else f"&limit={LIMIT}"
        began = time.perf_counter()
        connection.request(
            "GET", f"/api/1/{path}?q={quote(asked)}{limit}", headers={"Authorization": f"Bearer {subject.token}"}
        )
        answer = connection.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{asked}: {body[:300]!r}")
        found += body.count(b'"public_id"')
    connection.close()
    ordered = sorted(times[WARM:])
    row = {"p50": ordered[len(ordered) // 2], "p95": ordered[min(len(ordered) * 95 // 100, len(ordered) - 1)]}
    return row if "/" in path else row | {"found": found / len(times)}


def _day(chance: random.Random, messages: int) -> str:
    """One on which something was sent: the first was sent on 2023-11-14, and one a second from then on."""
    return time.strftime("%Y-%m-%d", time.gmtime(1_700_000_000 + chance.randrange(messages)))
