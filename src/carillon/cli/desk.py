"""The desk of an application: what the commands may ask of it."""

from __future__ import annotations

from carillon.app import App
from carillon.ops.desk import Desk, Part
from carillon.ops.system import SystemIds


def desk_of(app: App) -> Desk:
    owners = app.front.owners
    dialects = [
        Part("dialect", plugin.name, plugin.origin, [prefix for prefix in owners if owners[prefix] == plugin.name])
        for plugin in app.dialects
    ]
    channels = [Part("channel", plugin.name, plugin.origin, []) for plugin in app.channels]
    return Desk(
        accounts=app.kit.accounts,
        publisher=app.kit.publisher,
        access=app.kit.access,
        store=app.store,
        ids=SystemIds(),
        parts=dialects + channels,
    )
