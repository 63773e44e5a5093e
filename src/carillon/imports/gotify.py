"""Gotify's database, versions 2.4 to 3.0 (gotify/server, `model/`): the columns that there are, as neutral records.

| version | what it has that those before had not |
|---|---|
| 2.9 | applications.sort_key |
| 3.0 | created_at everywhere; clients: elevated_until, expires_after_inactivity_seconds; users.oidc_id |

Tokens are stored in clear (15 characters) or, by 3.0, as `gtfya.` or `gtfyc.` and the public key.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import Any

import bcrypt
import msgspec
from msgspec import Struct

from carillon.core.errors import BadInput
from carillon.core.foreign import ForeignApplication, ForeignDevice, ForeignMessage, ForeignToken, ForeignUser, Tops
from carillon.core.limits import Limits
from carillon.core.markup import clip
from carillon.core.models import MARKDOWN, PLAIN
from carillon.core.priority import Scale
from carillon.imports.source import Source
from carillon.imports.values import int32, moment, reference, text

FILE = "gotify.db"

# The columns that are needed, and those that are read where they are.
TABLES: dict[str, tuple[set[str], set[str]]] = {
    "users": ({"id", "name", "pass", "admin"}, {"created_at", "oidc_id"}),
    "applications": (
        {"id", "token", "user_id", "name", "description", "internal", "image"},
        {"default_priority", "created_at", "last_used", "sort_key"},
    ),
    "clients": (
        {"id", "token", "user_id", "name"},
        {"created_at", "last_used", "elevated_until", "expires_after_inactivity_seconds", "expires_at"},
    ),
    "messages": ({"id", "application_id", "message", "title", "priority", "date"}, {"extras"}),
}
PLUGINS = "plugin_confs"

LARGEST_ID = 2**40  # ids here go on above theirs, and must not run out
LONGEST = 16 * 1024 * 1024  # characters of one message, so that any that comes over fits into memory many times
LONGEST_NAME, LONGEST_DESCRIPTION = Limits().name, Limits().description  # bytes, as for what is made here
LONGEST_SORT_KEY = 256
LONGEST_INACTIVITY = 10 * 365 * 24 * 3600  # seconds

BCRYPT = re.compile(r"\$2[abxy]\$(\d\d)\$[./A-Za-z0-9]{53}")
PUBLIC_KEYS = {
    "applications": re.compile(r"gtfya\.[A-Za-z0-9_-]{43}"),
    "clients": re.compile(r"gtfyc\.[A-Za-z0-9_-]{43}"),
}
ENHANCED = "gtfy"

COSTLIEST = 16  # bcrypt's cost of a hash that is taken: some seconds a check, of which others wait for their turn

FIRST_NAME, PUBLISHED_PASSWORD = "admin", b"admin"
CHEAP = 12  # bcrypt's cost up to which the published password is tried

SHOWN = 40  # characters of what is told of

SCALE = Scale("gotify")

Row = Sequence[Any]


class Survey(Struct, frozen=True, kw_only=True):
    """What is there, but for the messages themselves. `pictures` are file names, `messages` counts by application.

    `left` names what does not come over, a line each.
    """

    users: list[ForeignUser]
    applications: list[ForeignApplication]
    devices: list[ForeignDevice]
    pictures: dict[int, str]
    messages: dict[int, int]
    tops: Tops
    left: list[str]


class Gotify:
    """`oddities` counts what had to be changed or left out of the messages that were read."""

    def __init__(self, source: Source, columns: dict[str, frozenset[str]]) -> None:
        self._source = source
        self._columns = columns
        self.oddities: Counter[str] = Counter()

    @classmethod
    async def of(cls, source: Source) -> Gotify:
        """Raises BadInput for a database that is not Gotify's."""
        columns = {table: await source.columns(table) for table in (*TABLES, PLUGINS)}
        for table, (needed, _) in TABLES.items():
            if not columns[table]:
                raise BadInput(f"this is no database of Gotify: it has no table {table}")
            if missing := sorted(needed - columns[table]):
                raise BadInput(f"this is no database that Gotify 2 or 3 made: {table} has no {', '.join(missing)}")
        return cls(source, columns)

    async def survey(self) -> Survey:
        """Raises BadInput for a token in a form that is not known, as a newer Gotify has made it then; and for ids that
        no Gotify gives.
        """
        tops = {table: await self._top(table) for table in TABLES}
        left: list[str] = []
        users = [_user(row, left) for row in await self._rows("users", "id name pass admin created_at oidc_id")]
        applications, pictures = await self._applications(left)
        names = "id user_id token name created_at last_used expires_after_inactivity_seconds elevated_until"
        devices = [_device(row, left) for row in await self._rows("clients", names)]
        counts = await self._source.rows("SELECT application_id, count(*) FROM messages GROUP BY application_id")
        left += await self._strange()
        return Survey(
            users=users,
            applications=applications,
            devices=devices,
            pictures=pictures,
            messages={row[0]: row[1] for row in counts},
            tops=Tops(
                user=tops["users"],
                application=tops["applications"],
                device=tops["clients"],
                message=tops["messages"],
            ),
            left=left,
        )

    async def messages(self, after: int) -> AsyncIterator[ForeignMessage]:
        """By rising id, those above `after`."""
        texts = [name for name in ("title", "message", "extras") if name in self._columns["messages"]]
        size = " + ".join(f"coalesce(length({name}), 0)" for name in texts)
        bounded = {name: f"CASE WHEN {size} <= {LONGEST} THEN {name} END" for name in texts}
        columns = ", ".join(bounded.get(name, "NULL") for name in ("title", "message", "extras"))
        sql = (
            f"SELECT id, application_id, {columns}, priority, date, {size} FROM messages"
            f" WHERE id > {int(after)} ORDER BY id"
        )
        async for row in self._source.walk(sql):
            if row[7] > LONGEST:
                self.oddities[f"message {row[0]}: longer than {LONGEST // 1024 // 1024} Mi characters, left out"] += 1
            else:
                yield self._message(row)

    def _message(self, row: Row) -> ForeignMessage:
        created = moment(row[6])
        if created is None:
            self.oddities["messages without a readable date: they have the hour of the import"] += 1
        extras = _extras(row[4])
        if extras is None and text(row[4]).strip() not in ("", "null", "{}"):
            self.oddities["messages whose extras are no JSON object: they come without"] += 1
        priority = int32(row[5])
        return ForeignMessage(
            id=row[0],
            application_id=reference(row[1]),
            title=text(row[2]),
            body=text(row[3]),
            content_type=_content_type(extras),
            dialect=SCALE.dialect,
            priority=priority,
            level=SCALE.level(priority),
            created=created,
            extras=extras,
        )

    async def _applications(self, left: list[str]) -> tuple[list[ForeignApplication], dict[int, str]]:
        names = "id user_id token name description default_priority sort_key created_at last_used image internal"
        rows = await self._rows("applications", names)
        internal = [text(row[3]) for row in rows if row[10]]
        if internal:
            left.append(f"that they belong to plugins: {', '.join(internal)} become ordinary applications")
        pictures = {row[0]: text(row[9]) for row in rows if row[9]}
        return [_application(row, left) for row in rows], pictures

    async def _top(self, table: str) -> int:
        """The highest id there ever was, each being a whole number from 1 on."""
        odd = f"SELECT 1 FROM {table} WHERE id IS NULL OR id <> CAST(id AS bigint) OR id < 1 LIMIT 1"
        top = LARGEST_ID + 1 if await self._source.rows(odd) else await self._source.highest_id(table)
        if top > LARGEST_ID:
            raise BadInput(f"{table}: there is an id that no Gotify gives, so the database is damaged")
        return top

    async def _strange(self) -> list[str]:
        """What is there besides: settings of plugins, and columns of a version that is not known here."""
        lines = []
        if self._columns[PLUGINS]:
            ((number,),) = await self._source.rows(f"SELECT count(*) FROM {PLUGINS}")
            lines += [f"settings of plugins: {number}"] if number else []
        for table, (needed, read) in TABLES.items():
            lines += [
                f"the column {table}.{name}, unknown here" for name in sorted(self._columns[table] - needed - read)
            ]
        return lines

    async def _rows(self, table: str, names: str) -> Sequence[Row]:
        """NULL for the columns that this version has not."""
        columns = ", ".join(name if name in self._columns[table] else "NULL" for name in names.split())
        return await self._source.rows(f"SELECT {columns} FROM {table} ORDER BY id")


def _user(row: Row, left: list[str]) -> ForeignUser:
    number, name, password, admin, created, oidc = row
    found = text(password)
    match = BCRYPT.fullmatch(found)
    bcrypted = match is not None and int(match[1]) <= COSTLIEST
    shown = _within(LONGEST_NAME, text(name), left)
    if not bcrypted:
        why = "he signs in by OIDC only" if oidc and not found else "it is in no form that is known"
        left.append(f"the password of {shown}: {why} (carillon users password {shown})")
    elif oidc:
        left.append(f"the OIDC identity of {shown}")
    return ForeignUser(
        id=number,
        name=shown,
        password_hash=found if bcrypted else "",
        admin=bool(admin),
        published_password=shown == FIRST_NAME and bcrypted and _is_published(found),
        created=moment(created),
    )


def _is_published(stored: str) -> bool:
    match = BCRYPT.fullmatch(stored)
    cheap = match is not None and int(match[1]) <= CHEAP
    try:
        return cheap and bcrypt.checkpw(PUBLISHED_PASSWORD, stored.encode())
    except ValueError:  # of a salt that is none
        return False


def _application(row: Row, left: list[str]) -> ForeignApplication:
    number, user_id, token, name, description, priority, sort_key, created, last_used = row[:9]
    key = text(sort_key)
    return ForeignApplication(
        id=number,
        user_id=reference(user_id),
        token=_token("applications", number, token),
        name=_within(LONGEST_NAME, text(name), left),
        description=_within(LONGEST_DESCRIPTION, text(description), left),
        default_priority=int32(priority),
        content_type=PLAIN,  # as Gotify took them: what was sent for it must not look otherwise from now on
        sort_key=key if key and len(key.encode()) <= LONGEST_SORT_KEY else None,
        created=moment(created),
        last_used=moment(last_used),
    )


def _device(row: Row, left: list[str]) -> ForeignDevice:
    number, user_id, token, name, created, last_used, seconds, elevated = row
    return ForeignDevice(
        id=number,
        user_id=reference(user_id),
        token=_token("clients", number, token),
        name=_within(LONGEST_NAME, text(name), left),
        created=moment(created),
        last_used=moment(last_used),
        expires_after=min(max(int32(seconds), 0), LONGEST_INACTIVITY),
        elevated_until=moment(elevated) or 0,
    )


def _within(most: int, found: str, left: list[str]) -> str:
    """At most so many bytes of it."""
    data = found.encode()
    if len(data) <= most:
        return found
    left.append(f"{clip(found, SHOWN)} is longer than {most} bytes, and cut")
    return data[: most - len("…".encode())].decode("utf-8", "ignore") + "…"


def _token(table: str, number: int, column: object) -> ForeignToken:
    """The digest is that of the column, in either form: a private token is looked up by its public half."""
    found = text(column)
    enhanced = found.startswith(ENHANCED)
    if not found or (enhanced and not PUBLIC_KEYS[table].fullmatch(found)):
        raise BadInput(
            f"{table}: the token of number {number} is in no form that Gotify 2 or 3.0 knows; was it a newer one?"
        )
    return ForeignToken(digest=sha256(found.encode()).digest(), secret=None if enhanced else found)


def _extras(column: object) -> str | None:
    """The object as it is, on one line. None for an empty one, and for what is no object."""
    written = text(column)
    try:
        found = msgspec.json.decode(written) if written else None
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(found, dict) or not found:
        return None
    return msgspec.json.format(written, indent=-1) if "\n" in written or "\r" in written else written


def _content_type(extras: str | None) -> str:
    display = msgspec.json.decode(extras).get("client::display") if extras is not None else None
    return MARKDOWN if isinstance(display, dict) and display.get("contentType") == MARKDOWN else PLAIN
