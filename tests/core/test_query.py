from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import json as msgspec_json
from msgspec import structs

from carillon.core.query import BadQuery, Piece, Query, marked, nearest, parse, pieces

TABLE = json.loads((Path(__file__).parents[1] / "data/queries.json").read_text())
NOW = int(datetime.fromisoformat(TABLE["now"]).timestamp()) * 1_000_000
ZONE = ZoneInfo(TABLE["zone"])


def shown_piece(piece: Piece) -> dict[str, Any]:
    """What is not said is left out, but for the ends."""
    plain = Piece(kind="word", text="", start=-1, end=-1)
    return {"kind": piece.kind} | {
        name: value for name, value in structs.asdict(piece).items() if value != getattr(plain, name)
    }


def shown_query(query: Query) -> dict[str, Any]:
    plain, asked = (json.loads(msgspec_json.encode(one)) for one in (Query(), query))
    shown = {name: value for name, value in asked.items() if value != plain[name]}
    for name in ("since", "before"):
        if name in shown:
            shown[name] = datetime.fromtimestamp(shown[name] / 1_000_000, UTC).isoformat().replace("+00:00", "Z")
    return shown


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["text"][:40] or "nothing")
def test_the_table_that_the_web_app_reads_too(case: dict[str, Any]) -> None:
    text = case["text"]
    if "pieces" in case:
        assert [shown_piece(piece) for piece in pieces(text)] == case["pieces"]
    if "query" in case:
        assert shown_query(parse(text, now=NOW, zone=ZONE)) == case["query"]
        return
    with pytest.raises(BadQuery) as caught:
        parse(text, now=NOW, zone=ZONE)
    error = caught.value
    found = {"fault": error.fault, "name": error.name, "value": error.value, "near": error.near}
    assert found | {"start": error.start, "end": error.end} == case["error"]


def test_it_is_said_what_is_right() -> None:
    for text, said in (
        ("prio:8", 'there is no filter "prio:"; the nearest is "priority:"'),
        (
            "since:yesterday",
            '"yesterday" is nothing that "since:" takes: write since:7d, since:24h or since:2026-11-01',
        ),
        ("is:", '"is:" takes a value: write is:unread, is:read or is:pinned'),
        ("-on:2026-11-20", '"on:" takes no minus'),
    ):
        with pytest.raises(BadQuery, match=said.replace("?", r"\?")):
            parse(text, now=NOW)


def test_it_is_bounded() -> None:
    assert len(parse("x " * 30, now=NOW).terms) == 30
    for text, fault in (("x " * 31, "many"), ("x" * 1001, "long")):
        with pytest.raises(BadQuery) as caught:
            parse(text, now=NOW)
        assert caught.value.fault == fault


def test_what_to_mark() -> None:
    assert marked(parse('Größe "Zwei Wörter" -x ba*  db-3', now=NOW)) == ["grosse", "zwei worter", "ba*", "db 3*"]


def test_the_nearest_name() -> None:
    names = ("app", "priority", "since")
    assert [nearest(name, names) for name in ("a", "pri", "sinse", "apps", "x" * 10_000)] == [
        "app",
        "priority",
        "since",
        "app",
        "app",
    ]
