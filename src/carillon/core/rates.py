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
from carillon.core.reasons import because

BUCKETS = 20_000  # that are held at once, of one kind
LARGEST_BUNDLE = 64  # messages that a token pays for at once
PREPAID = 100_000  # tokens whose bundle is remembered
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
        self._full: dict[Hashable, float] = {}
        self._bound = bound

    def wait(self, key: Hashable, now: float) -> float:
        """Seconds until there is one to spend; not above 0: there is. `now` is of the monotonic clock."""
        return self._full.get(key, 0.0) - now - self._slack

    def spend(self, key: Hashable, now: float, count: int = 1) -> None:
        """Also more than there are: the wait is longer then."""
        full = self._full.get(key, 0.0)
        if not full and len(self._full) >= self._bound:
            self._make_room(now)
        self._full[key] = (full if full > now else now) + self._interval * count

    def _make_room(self, now: float) -> None:
        emptiest = sorted(self._full.items(), key=lambda bucket: bucket[1])[-self._bound // 2 :]
        self._full = {key: full for key, full in emptiest if full > now}


class Publishing:
    """What one token may send, one user by all of his, and one address.

    A message is refused by the narrowest bucket that is empty, and then takes nothing from any: who sends too much
    by one token leaves his user's and his address's buckets to the others. Programs on this very machine share an
    address, and are not counted by it.

    A token pays for a bundle of messages at once, a hundredth of its burst, since three buckets for each message
    would be dear. So a token may be ahead of its rate by less than a bundle, never more in the long run.
    """

    def __init__(self, rate: Rate) -> None:
        wider = Rate(rate.interval / WIDER, rate.burst * WIDER)
        self._tokens, self._users, self._addresses = Buckets(rate), Buckets(wider), Buckets(wider)
        self._bundle = max(1, min(rate.burst // 100, LARGEST_BUNDLE))
        self._prepaid: dict[int, int] = {}

    def prepaid(self, token: int) -> bool:
        """Counts a message by a token that has paid for it; False: it has to be taken."""
        left = self._prepaid.get(token)
        if not left:
            return False
        self._prepaid[token] = left - 1
        return True

    def take(self, token: int | None, user: int | None, peer: Peer, *, now: float) -> None:
        """Counts a message, by the id of its token (None: sent by password), by its user and by who sends it.

        Raises TooMany.
        """
        if token is not None and self.prepaid(token):
            return
        paid: list[tuple[Buckets, Hashable, str]] = [(self._tokens, token, "token"), (self._users, user, "user")]
        if not peer.local:
            paid.append((self._addresses, block(peer.address), "address"))
        for buckets, key, what in paid:
            if key is not None and (wait := buckets.wait(key, now)) > 0:
                seconds = math.ceil(wait)
                raise TooMany(because("sends_too_much", who=what, seconds=seconds), seconds)
        bundle = 1 if token is None else self._bundle
        for buckets, key, _ in paid:
            if key is not None:
                buckets.spend(key, now, bundle)
        if token is not None:
            if len(self._prepaid) >= PREPAID:
                del self._prepaid[next(iter(self._prepaid))]
            self._prepaid[token] = bundle - 1


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

    def admit(self, name: str | None, peer: Peer) -> None:
        """To be asked before a password is checked, or, without a name, a code. Raises LockedOut."""
        now = self._clock.monotonic()
        wait = self._addresses.wait(block(peer.address), now)
        if name is not None and not self.usual(name, peer):
            wait = max(wait, self._names.wait(name[:LONGEST_NAME], now))
        if wait > 0:
            raise _locked_out(wait)

    def failed(self, name: str | None, peer: Peer) -> None:
        """The password was wrong, or there is no such user; without a name: the code was."""
        now = self._clock.monotonic()
        self._addresses.spend(block(peer.address), now)
        if name is not None:
            self._names.spend(name[:LONGEST_NAME], now)

    def unknown_token(self, peer: Peer) -> None:
        """Counts a token that does not exist. Raises LockedOut."""
        now, address = self._clock.monotonic(), block(peer.address)
        wait = self._tokens.wait(address, now)
        if wait > 0:
            raise _locked_out(wait)
        self._tokens.spend(address, now)

    def usual(self, name: str, peer: Peer) -> bool:
        """Whether the user has lately been let in from this address."""
        return (name, block(peer.address)) in self._usual

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


def _locked_out(wait: float) -> LockedOut:
    seconds = math.ceil(wait)
    return LockedOut(because("sign_in_later", seconds=seconds), seconds)
