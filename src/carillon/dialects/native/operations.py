"""Every door of the API, in the order of its description. Each area declares its own, beside what serves them."""

from __future__ import annotations

from carillon.dialects.native import (
    account,
    applications,
    changes,
    deliveries,
    devices,
    glance,
    inbox,
    messages,
    pictures,
    search,
    sending,
    server,
    services,
    session,
    settings,
    sharing,
    statistics,
    stream,
    tokens,
    users,
)

OPERATIONS = (
    *messages.OPERATIONS,
    *sending.OPERATIONS,
    *glance.OPERATIONS,
    *inbox.OPERATIONS,
    *pictures.OPERATIONS,
    *search.OPERATIONS,
    *statistics.OPERATIONS,
    *changes.OPERATIONS,
    *stream.OPERATIONS,
    *session.OPERATIONS,
    *account.OPERATIONS,
    *devices.OPERATIONS,
    *applications.OPERATIONS,
    *tokens.OPERATIONS,
    *sharing.OPERATIONS,
    *services.OPERATIONS,
    *deliveries.OPERATIONS,
    *settings.OPERATIONS,
    *server.OPERATIONS,
    *users.OPERATIONS,
)
