"""What a database says of itself, whichever engine it is in."""

from __future__ import annotations

from msgspec import Struct

from carillon.storage import filling, upkeep
from carillon.storage.migrate import EngineName, steps
from carillon.storage.session import Session

TABLES = ("users", "applications", "devices", "tokens", "messages", "entries")


class Facts(Struct, frozen=True, kw_only=True):
    """`counts` of rows by table; `problems`: a line for each thing that is wrong in it."""

    engine: EngineName
    version: str
    schema: int
    counts: dict[str, int]
    problems: list[str]


async def look(tx: Session, engine: EngineName, version: str) -> Facts:
    """Reads whole tables. A database of an older schema is not looked into for problems: that is for its Carillon."""
    schema = await upkeep.schema(tx)
    counts = {table: int((await tx.rows(f"SELECT count(*) FROM {table}"))[0][0]) for table in TABLES}
    known = schema == steps(engine)[-1].number
    problems = await upkeep.faults(tx) + await filling.faults(tx) if known else []
    return Facts(engine=engine, version=version, schema=schema, counts=counts, problems=problems)
