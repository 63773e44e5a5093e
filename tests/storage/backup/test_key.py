from __future__ import annotations

import msgspec
import pytest

from carillon.core.errors import BadInput
from carillon.storage.backup.key import seal, unseal
from carillon.storage.refusals import BadBackup

KEY = bytes(range(32))


def test_there_and_back() -> None:
    sealed = seal(KEY, "correct horse")
    assert unseal(sealed, "correct horse") == KEY
    assert KEY not in sealed
    assert b"horse" not in sealed
    with pytest.raises(BadBackup, match="passphrase"):
        unseal(sealed, "correct Horse")


def test_an_empty_passphrase() -> None:
    with pytest.raises(BadInput):
        seal(KEY, "")


def test_what_it_costs_to_guess_is_written_down_and_bounded() -> None:
    sealed = msgspec.json.decode(seal(KEY, "x"))
    assert (sealed["kdf"], sealed["memory"]) == ("argon2id", 64 * 1024 * 1024)
    for field, value in [("memory", 2**40), ("operations", 10**6), ("operations", 0), ("salt", ""), ("kdf", "md5")]:
        with pytest.raises(BadBackup):
            unseal(msgspec.json.encode({**sealed, field: value}), "x")


def test_one_that_is_damaged() -> None:
    sealed = msgspec.json.decode(seal(KEY, "x"))
    for box in ("", "AAAA", sealed["box"][:-8] + "AAAAAAA="):
        with pytest.raises(BadBackup):
            unseal(msgspec.json.encode({**sealed, "box": box, "operations": 1, "memory": 2**17}), "x")
    with pytest.raises(BadBackup):
        unseal(b"nothing", "x")
