"""The key of an installation, locked with a passphrase by libsodium: Argon2id, then a secret box."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct
from nacl import utils
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox

from carillon.core.errors import BadInput
from carillon.core.limits import MIB
from carillon.storage.refusals import BadBackup

# Half a second. As much memory as the check of a password takes: the server may not have more to give.
OPERATIONS = 8
MEMORY = 64 * MIB


class SealedKey(Struct, frozen=True, kw_only=True):
    """As it stands in a backup, in JSON. `operations` and `memory` (bytes) are what Argon2id was told."""

    kdf: Literal["argon2id"]
    operations: Annotated[int, Meta(ge=1, le=64)]
    memory: Annotated[int, Meta(ge=MIB // 8, le=1024 * MIB)]
    salt: Annotated[bytes, Meta(min_length=argon2id.SALTBYTES, max_length=argon2id.SALTBYTES)]
    box: bytes


def seal(key: bytes, passphrase: str) -> bytes:
    """Raises BadInput for an empty passphrase."""
    if not passphrase:
        raise BadInput("the passphrase must not be empty")
    salt = utils.random(argon2id.SALTBYTES)
    box = SecretBox(_stretched(passphrase, salt, operations=OPERATIONS, memory=MEMORY)).encrypt(key)
    sealed = SealedKey(kdf="argon2id", operations=OPERATIONS, memory=MEMORY, salt=salt, box=bytes(box))
    return msgspec.json.encode(sealed) + b"\n"


def unseal(sealed: bytes, passphrase: str) -> bytes:
    """Raises BadBackup for the wrong passphrase, and for what was not sealed by `seal`."""
    try:
        lock = msgspec.json.decode(sealed, type=SealedKey)
        stretched = _stretched(passphrase, lock.salt, operations=lock.operations, memory=lock.memory)
        return SecretBox(stretched).decrypt(lock.box)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadBackup("the key in the backup is locked in a way that this Carillon does not know") from None
    except (CryptoError, ValueError):
        raise BadBackup("this is not the passphrase of the backup's key") from None


def _stretched(passphrase: str, salt: bytes, *, operations: int, memory: int) -> bytes:
    return argon2id.kdf(SecretBox.KEY_SIZE, passphrase.encode(), salt, opslimit=operations, memlimit=memory)
