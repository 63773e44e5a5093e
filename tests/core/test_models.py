from __future__ import annotations

from carillon.core.models import Cleared, Entry, EntryChange


def test_a_change_of_an_entry_is_numbered_and_addressed_as_the_entry_is() -> None:
    change = EntryChange(entry=Entry(user_id=3, message_id=9, application_id=7, changed=21))
    assert (change.user_id, change.changed) == (3, 21)


def test_every_kind_of_change_says_for_whom_and_under_which_number() -> None:
    cleared = Cleared(user_id=3, changed=22, application_id=7, cleared_to=9)
    assert (cleared.user_id, cleared.changed) == (3, 22)
