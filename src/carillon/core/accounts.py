"""Users, groups, applications, devices, pairings and tokens, joined. Every change ends what `access` remembers."""

from __future__ import annotations

from msgspec import Struct

from carillon.core.access import Access
from carillon.core.applications import Applications, Defaults
from carillon.core.devices import Devices
from carillon.core.groups import Groups
from carillon.core.limits import Limits
from carillon.core.pairings import Pairings
from carillon.core.passwords import Passwords
from carillon.core.ports import Clock, Hub, Ids, Store
from carillon.core.tokens import Minting, Tokens
from carillon.core.users import Users


class Accounts(Struct, frozen=True):
    users: Users
    applications: Applications
    devices: Devices
    pairings: Pairings
    tokens: Tokens
    groups: Groups

    @staticmethod
    def over(
        *,
        store: Store,
        hub: Hub,
        access: Access,
        passwords: Passwords,
        clock: Clock,
        ids: Ids,
        limits: Limits,
        minting: Minting | None = None,
        defaults: Defaults | None = None,
    ) -> Accounts:
        tokens = Tokens(store=store, hub=hub, access=access, clock=clock, ids=ids, limits=limits, minting=minting)
        devices = Devices(store=store, hub=hub, access=access, tokens=tokens, clock=clock, limits=limits)
        return Accounts(
            Users(store=store, hub=hub, access=access, passwords=passwords, clock=clock, limits=limits),
            Applications(
                store=store, access=access, tokens=tokens, clock=clock, ids=ids, limits=limits, defaults=defaults
            ),
            devices,
            Pairings(store=store, access=access, devices=devices, clock=clock, ids=ids),
            tokens,
            Groups(store=store, access=access, clock=clock, limits=limits),
        )
