from __future__ import annotations

from msgspec import Raw, structs

from carillon.core.models import Message
from carillon.core.ports import Idempotency, Publication
from carillon.storage.messages import MESSAGES, is_plain, message_of, row_of
from carillon.storage.session import Session
from tests.builders import NOON, message
from tests.storage.rows import new_application, new_messages, new_user


def test_the_columns_are_the_fields_in_their_order() -> None:
    assert tuple(name for name, _ in MESSAGES.columns) == (*Message.__struct_fields__, "receivers")


def test_a_row_gives_the_message_back() -> None:
    whole = message(tags=Raw(b'["a"]'), extras=Raw(b'{"b": 1}'), actions=Raw(b"[]"), key="k", encrypted=True)
    row = row_of(whole, number=7, receivers=3)
    assert (row[0], row[-1]) == (7, 3)
    assert row[14:17] == ('["a"]', "[]", '{"b": 1}')
    assert message_of(row) == structs.replace(whole, id=7)
    for plain in (message(id=7), message(id=7, extras=Raw(b"{}"))):
        assert message_of(row_of(plain, number=7, receivers=1)) == plain


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
