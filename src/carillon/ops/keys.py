"""The key of the vault, in a file beside the database and not in it."""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from pathlib import Path

from carillon.core.decisions import CannotAct

KEY_FILE = "carillon.key"
KEY_BYTES = 32


class KeyFileError(CannotAct):
    """The file cannot be made, or holds no key; the text names it. A new key would open nothing old."""


def vault_key(folder: Path, fresh: bytes) -> bytes:
    """The 32 bytes in `carillon.key` of the folder, as a line of Base64 that only this system user can read.

    Where there is no such file it is made of `fresh`, 32 random bytes. Raises KeyFileError.
    """
    path = folder / KEY_FILE
    try:
        return _made(path, fresh)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written: {error.strerror}") from error


def _made(path: Path, fresh: bytes) -> bytes:
    """Raises FileExistsError, OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(b64encode(fresh) + b"\n")
        file.flush()
        os.fsync(descriptor)
    return fresh


def _read(path: Path) -> bytes:
    try:
        key = b64decode(path.read_text("ascii").strip(), validate=True)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyFileError(f"{path} does not hold a key of {KEY_BYTES} bytes in Base64: put the right one there")
    return key
