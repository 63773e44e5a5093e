"""The server itself, for its admins: how it is, what it has logged, a backup."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from carillon.core.backstage import Level, LogLine, Report, Wanted
from carillon.core.kit import Kit
from carillon.dialects.native import render
from carillon.dialects.native.answers import Time
from carillon.dialects.native.asks import Id
from carillon.dialects.native.download import TAR, Backup
from carillon.dialects.native.operation import Call, Front, Nothing, Operation, by
from carillon.dialects.native.parse import at_most

LINES, MOST_LINES = 200, 2000


class Database(Struct, kw_only=True):
    """`path`: where it is, if it is a file. `schema`: the number of its last migration."""

    engine: str
    version: str
    schema: int
    bytes: int
    path: str | None


class ServerAddress(Struct):
    """`commands`: the socket of the commands of this machine."""

    address: str
    kind: Literal["http", "commands"]


class Queue(Struct):
    """What waits to be stored."""

    writes: int
    bytes: int


class HealthCheck(Struct):
    """`ok` false: `text` says what is wrong, and whether it is a warning or a failure says `verdict`."""

    name: str
    ok: bool
    verdict: Literal["ok", "warn", "fail"]
    text: str


class Server(Struct, kw_only=True):
    version: str
    python: str
    started: Time
    database: Database
    data_free_bytes: Annotated[int, Meta(description="What is free where the data folder is")]
    listeners: list[ServerAddress]
    streams: Annotated[int, Meta(description="Open streams of all users")]
    users: int
    applications: int
    messages: int
    queue: Queue
    checks: list[HealthCheck]


class LogRecord(Struct):
    """Without secrets. `seq` rises by one a line."""

    seq: int
    time: Time
    level: Level
    component: str
    text: str


class Logs(Struct):
    """Newest first."""

    lines: list[LogRecord]
    components: Annotated[list[str], Meta(description="Those that have lines, whatever was asked for")]


class LogsQuery(Struct, forbid_unknown_fields=True, kw_only=True):
    component: Annotated[str, Meta(description="Only lines of this component, and of those below it")] = ""
    text: Annotated[str, Meta(description="Only lines with this in them, in whatever case")] = ""
    level: Annotated[Level, Meta(description="Only lines of this level or above")] = "debug"
    before: Annotated[Id | None, Meta(description="Only lines below this `seq`: the last of the page before")] = None
    limit: Annotated[int, Meta(ge=1, le=MOST_LINES, description="Lines in the answer", examples=[50])] = LINES


async def server(kit: Kit, _: Call[Nothing, Nothing]) -> Server:
    return described(await kit.site.backstage.report())


async def logs(kit: Kit, call: Call[LogsQuery, Nothing]) -> Logs:
    query, log = call.query, kit.site.backstage.log
    wanted = Wanted(
        component=query.component,
        level=query.level,
        text=query.text,
        before=query.before,
        limit=at_most("limit", query.limit, MOST_LINES),
    )
    return Logs([record(line) for line in log.lines(wanted)], log.components())


def described(report: Report) -> Server:
    return Server(
        version=report.version,
        python=report.python,
        started=render.time(report.started),
        database=Database(
            engine=report.engine,
            version=report.engine_version,
            schema=report.schema,
            bytes=report.database_bytes,
            path=report.path,
        ),
        data_free_bytes=report.data_free_bytes,
        listeners=[ServerAddress(one.address, one.kind) for one in report.listeners],
        streams=report.streams,
        users=report.users,
        applications=report.applications,
        messages=report.messages,
        queue=Queue(report.queued_writes, report.queued_bytes),
        checks=[HealthCheck(one.name, one.verdict == "ok", one.verdict, one.text) for one in report.checks],
    )


def record(line: LogLine) -> LogRecord:
    return LogRecord(line.seq, render.time(line.time), line.level, component=line.component, text=line.text)


OPERATIONS = (
    Operation(
        method="GET",
        path="/api/1/server",
        summary="Show how the server is",
        access="admin-look",
        **by(server, query=Nothing, body=Nothing, answer=Server),
    ),
    Operation(
        method="GET",
        path="/api/1/server/logs",
        summary="Read the log",
        text="The latest lines, which the server keeps in memory.",
        access="admin-look",
        **by(logs, query=LogsQuery, body=Nothing, answer=Logs),
    ),
    Operation(
        method="GET",
        path="/api/1/server/backup",
        summary="Download a backup",
        text="Made and verified first, so the answer takes a while to begin. The key of the installation is left out. "
        "`carillon restore` puts it back.",
        access="admin",
        answer=bytes,
        media=(TAR,),
        refusals=(409, 507),
        served=Front(Backup),
    ),
)
