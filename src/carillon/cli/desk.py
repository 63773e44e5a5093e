"""The desk of an application: what the commands may ask of it."""

from __future__ import annotations

from carillon.app import App
from carillon.core.moving import Moving
from carillon.ops.desk import Desk, Part
from carillon.ops.system import SystemIds


def desk_of(app: App) -> Desk:
    owners = app.front.owners
    dialects = [
        Part("dialect", plugin.name, plugin.origin, [prefix for prefix in owners if owners[prefix] == plugin.name])
        for plugin in app.dialects
    ]
    channels = [Part("channel", plugin.name, plugin.origin, []) for plugin in app.channels]
    kit, ids = app.kit, SystemIds()
    return Desk(
        accounts=kit.accounts,
        publisher=kit.publisher,
        access=kit.access,
        store=app.store,
        ids=ids,
        moving=Moving(
            store=app.store, hub=kit.hub, access=kit.access, tokens=kit.accounts.tokens, clock=kit.clock, ids=ids
        ),
        parts=dialects + channels,
        decisions=kit.site.backstage.decisions,
        ways_out=kit.ways_out,
    )
