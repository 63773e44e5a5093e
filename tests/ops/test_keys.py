from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

import pytest

from carillon.ops.keys import KEY_BYTES, KEY_FILE, KeyFileError, vault_key


def test_it_is_made_once_for_this_system_user_only(tmp_path: Path) -> None:
    first = os.urandom(KEY_BYTES)
    assert vault_key(tmp_path, first) == first
    file = tmp_path / KEY_FILE
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == b64encode(first) + b"\n"
    assert vault_key(tmp_path, os.urandom(KEY_BYTES)) == first


@pytest.mark.parametrize("content", [b"", b"\n", b64encode(b"short"), b64encode(bytes(33)), b"!" * 44, b"\xff" * 44])
def test_a_file_without_a_key_stops_it_and_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / KEY_FILE
    file.write_bytes(content)
    with pytest.raises(KeyFileError, match=str(file)):
        vault_key(tmp_path, bytes(KEY_BYTES))
    assert file.read_bytes() == content


def test_white_space_around_it_does_no_harm(tmp_path: Path) -> None:
    key = os.urandom(KEY_BYTES)
    (tmp_path / KEY_FILE).write_bytes(b"  " + b64encode(key) + b"\r\n\n")
    assert vault_key(tmp_path, bytes(KEY_BYTES)) == key


def test_a_place_where_it_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match=r"none/carillon\.key cannot be written: No such file"):
        vault_key(tmp_path / "none", bytes(KEY_BYTES))
    (tmp_path / KEY_FILE).mkdir()
    with pytest.raises(KeyFileError, match="cannot be read: Is a directory"):
        vault_key(tmp_path, bytes(KEY_BYTES))
