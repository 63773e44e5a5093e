"""How often somebody may do something: token buckets in memory, without timers."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from msgspec import Struct

from carillon.core.errors import LockedOut, TooMany
from carillon.core.peers import Peer
from carillon.core.ports import Clock

BUCKETS = 20_000  # that are held at once, of one kind
WIDER = 4  # times what one token may: a user, and an address
LONGEST_NAME = 256  # characters of a user name that are told apart: no account has a longer one


class Rate(Struct, frozen=True):
    """`burst` at once, and one more every `interval` seconds."""

    interval: float
    burst: int


# Wrong passwords of one address. Ten thousand of an address in a month is no way to guess one.
ADDRESS_SIGN_INS = Rate(interval=20.0, burst=10)
# Wrong passwords for one name, from wherever it is tried.
NAME_SIGN_INS = Rate(interval=5.0, burst=50)
# Unknown tokens of one address: nobody guesses one, so this only ends the noise of a forgotten script.
ADDRESS_TOKENS = Rate(interval=1.0, burst=100)


class Buckets:
    """A bucket for each key that has lately been used.

    Kept as the moment at which the bucket is full again (the "generic cell rate algorithm"), so a bucket is one
    number, and one that is full is none. Beyond the bound those that are nearest to full are forgotten.
    """

    def __init__(self, rate: Rate, bound: int = BUCKETS) -> None:
        self._interval = rate.interval
        self._slack = rate.interval * (rate.burst - 0.5)  # half of one, against what rounding adds up to
        self._bound = bound
        self._full: dict[Hashable, float] = {}

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until there is one to spend; not above 0: there is. `now` is of the monotonic clock."""
        return self._full.get(key, now) - now - self._slack

    def spend(self, key: Hashable, now: float) -> None:
        """Also one that is not there: the wait is longer then."""
        full = self._full.get(key)
        if full is None and len(self._full) >= self._bound:
            self._make_room(now)
        self._full[key] = (now if full is None or full < now else full) + self._interval

    def _make_room(self, now: float) -> None:
        emptiest = sorted(self._full.items(), key=lambda bucket: bucket[1])[-self._bound // 2 :]
        self._full = {key: full for key, full in emptiest if full > now}


class Publishing:
    """What one token may send, one user by all of his, and one address.

    A message is refused by the narrowest bucket that is empty, and then takes nothing from any: who sends too much
    by one token leaves his user's and his address's buckets to the others. Programs on this very machine share an
    address, and are not counted by it.
    """

    def __init__(self, rate: Rate) -> None:
        wider = Rate(rate.interval / WIDER, rate.burst * WIDER)
        self._tokens, self._users, self._addresses = Buckets(rate), Buckets(wider), Buckets(wider)

    def take(self, token: int | None, user: int | None, peer: Peer, *, now: float) -> None:
        """Counts one message, by the id of its token (None: sent by password), its user and its sender.

        Raises TooMany.
        """
        if token is not None and (wait := self._tokens.wait(token, now)) > 0:
            raise _refusal(TooMany, "this token sends too much", wait)
        if user is not None and (wait := self._users.wait(user, now)) > 0:
            raise _refusal(TooMany, "this user sends too much", wait)
        if not peer.local:
            address = block(peer.address)
            if (wait := self._addresses.wait(address, now)) > 0:
                raise _refusal(TooMany, "this address sends too much", wait)
            self._addresses.spend(address, now)
        if token is not None:
            self._tokens.spend(token, now)
        if user is not None:
            self._users.spend(user, now)


def publishing(per_second: int, burst: int) -> Publishing | None:
    """What one token may send in the long run and at once; `per_second` 0: as much as it likes."""
    return Publishing(Rate(1 / per_second, burst)) if per_second else None


class SignIns:
    """Failed sign-ins, by address and by user name.

    An address that has guessed too often is not heard any more, whomever it asks for: its wait grows with each
    guess that was still being checked, never for a right password. That alone would let many addresses guess at one
    name, so there is a wider bucket for the name; and that alone would let them lock a user out by spending it. So
    the name's bucket is not asked for an address from which the user has lately been let in, by password or by a
    device's token: whoever uses Carillon from home gets in there, whatever others do with his name. What is left to
    them is to keep him from signing in by password at a place where he has never been.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._addresses, self._names = Buckets(ADDRESS_SIGN_INS), Buckets(NAME_SIGN_INS)
        self._tokens = Buckets(ADDRESS_TOKENS)
        self._usual: dict[tuple[str, str], None] = {}

    def admit(self, name: str, peer: Peer) -> None:
        """To be asked before a password is checked. Raises LockedOut."""
        now = self._clock.monotonic()
        address, name = block(peer.address), name[:LONGEST_NAME]
        wait = self._addresses.wait(address, now)
        if (name, address) not in self._usual:
            wait = max(wait, self._names.wait(name, now))
        if wait > 0:
            raise _refusal(LockedOut, "too many failed sign-ins", wait)

    def failed(self, name: str, peer: Peer) -> None:
        """The password was wrong, or there is no such user."""
        now = self._clock.monotonic()
        self._addresses.spend(block(peer.address), now)
        self._names.spend(name[:LONGEST_NAME], now)

    def unknown_token(self, peer: Peer) -> None:
        """Counts a token that does not exist. Raises LockedOut."""
        now, address = self._clock.monotonic(), block(peer.address)
        wait = self._tokens.wait(address, now)
        if wait > 0:
            raise _refusal(LockedOut, "too many failed sign-ins", wait)
        self._tokens.spend(address, now)

    def let_in(self, name: str, peer: Peer) -> None:
        """From now on this address is one of the user's usual ones."""
        pair = name, block(peer.address)
        if pair not in self._usual:
            if len(self._usual) >= BUCKETS:
                del self._usual[next(iter(self._usual))]
            self._usual[pair] = None


@lru_cache(maxsize=BUCKETS)
def block(address: str) -> str:
    """What counts as one address: for IPv6 the /64 that every customer has for himself."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((int(ip), 64), strict=False)) if isinstance(ip, IPv6Address) else address


def _refusal(kind: type[TooMany], what: str, wait: float) -> TooMany:
    seconds = math.ceil(wait)
    return kind(f"{what}; try again in {seconds} second{'' if seconds == 1 else 's'}", seconds)
