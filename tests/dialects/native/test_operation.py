from __future__ import annotations

from carillon.core.kit import Kit
from carillon.dialects.native import answers, asks
from carillon.dialects.native.operation import Call, Nothing, Operation, by


async def handler(_: Kit, call: Call[asks.StreamQuery, Nothing]) -> answers.Ids:
    return answers.Ids([call.query.after or 0])


def test_a_handler_brings_its_part_of_the_declaration() -> None:
    part = by(handler, query=asks.StreamQuery, body=Nothing, answer=answers.Ids)
    operation = Operation(method="GET", path="/api/1/x", summary="X", **part)
    assert operation.served is handler
    assert (operation.query, operation.body, operation.answer) == (asks.StreamQuery, Nothing, answers.Ids)
    assert operation.access == "device"
    assert operation.media == ("application/json",)
