from __future__ import annotations

from typing import Any

from msgspec import Raw, structs

from carillon.core.models import Message
from carillon.core.ports import Idempotency, Publication
from carillon.storage.messages import LEAN, MESSAGES, is_plain, message_of, publish_plain, row_of
from carillon.storage.session import Session
from tests.builders import NOON, message, publication
from tests.storage.rows import new_application, new_messages, new_user


def test_the_columns_are_the_fields_in_their_order() -> None:
    assert tuple(name for name, _ in MESSAGES.columns) == (*Message.__struct_fields__, "receivers")


def test_a_row_gives_the_message_back() -> None:
    whole = message(tags=Raw(b'["a"]'), extras=Raw(b'{"b": 1}'), actions=Raw(b"[]"), key="k", encrypted=True)
    row = row_of(whole, number=7, receivers=3)
    assert (row[0], row[-1]) == (7, 3)
    assert row[14:17] == ('["a"]', "[]", '{"b": 1}')
    assert message_of(row) == structs.replace(whole, id=7)
    extras = message(id=7, extras=Raw(b"{}"))
    assert message_of(row_of(extras, number=7, receivers=1)) == extras


def test_a_message_without_details_is_a_shorter_row() -> None:
    row = row_of(message(title="t", encrypted=True), number=7, receivers=3)
    given = dict(zip((name for name, _ in LEAN.columns), row, strict=True))
    assert (given["id"], given["title"], given["encrypted"], given["receivers"]) == (7, "t", True, 3)
    left_out = {name for name, _ in MESSAGES.columns} - set(given)
    assert left_out == {"sound", "url", "url_title", "icon", "tags", "actions", "extras", "key", "expires"}


async def test_short_and_long_rows_go_in_together(tx: Session) -> None:
    ada = await new_user(tx, "ada")
    backup = await new_application(tx, ada)
    details: list[dict[str, Any]] = [{}, {"url": "https://x"}, {}, {"extras": Raw(b"{}")}]
    publications = [publication(backup.id, ada.id, public_id=f"{at}", **more) for at, more in enumerate(details)]
    assert [stored.id for stored in await publish_plain(tx, publications)] == [1, 2, 3, 4]
    rows = await tx.rows("SELECT id, public_id, url, extras, receivers FROM messages ORDER BY id")
    assert [tuple(row) for row in rows] == [
        (1, "0", None, None, 1),
        (2, "1", "https://x", None, 1),
        (3, "2", None, None, 1),
        (4, "3", None, "{}", 1),
    ]


def test_a_plain_publication_needs_no_look_at_what_is_stored() -> None:
    plain = Publication(message(), (1,))
    assert is_plain(plain)
    assert not is_plain(Publication(message(key="k"), (1,)))
    assert not is_plain(structs.replace(plain, idempotency=Idempotency("once", b"", NOON)))


async def test_the_count_of_receivers_is_kept(tx: Session) -> None:
    ada, eve = await new_user(tx, "ada"), await new_user(tx, "eve")
    backup = await new_application(tx, ada)
    await new_messages(tx, backup, ada, eve)
    await new_messages(tx, backup)
    assert await tx.rows("SELECT receivers FROM messages ORDER BY id") == [(2,), (0,)]
