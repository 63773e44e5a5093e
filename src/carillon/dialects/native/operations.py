"""Every door of the API, in the order of its description. Each area declares its own, beside what serves them."""

from __future__ import annotations

from carillon.dialects.native import account, changes, inbox, messages, sharing, stream

OPERATIONS = (
    *messages.OPERATIONS,
    *inbox.OPERATIONS,
    *changes.OPERATIONS,
    *stream.OPERATIONS,
    *account.OPERATIONS,
    *sharing.OPERATIONS,
)
