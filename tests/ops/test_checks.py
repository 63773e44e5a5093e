from __future__ import annotations

import os
from pathlib import Path

from carillon.core.backstage import Check
from carillon.ops import checks


def test_the_machine_has_what_it_needs() -> None:
    assert [check.verdict for check in checks.machine()] == ["ok", "ok"]


def test_proxies_that_are_everybody() -> None:
    assert list(checks.proxies(["10.0.0.0/8", "::1"])) == []
    (found,) = checks.proxies(["10.0.0.0/8", "0.0.0.0/0"])
    assert (found.name, found.verdict) == ("proxies", "warn")
    assert "0.0.0.0/0" in found.text


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    (found,) = checks.folder(tmp_path / "none")
    assert found.verdict == "warn"
    assert "not there yet" in found.text


def test_a_folder_of_its_owner_and_one_that_is_open(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = list(checks.folder(tmp_path))
    assert [check.name for check in found] == ["data folder", "space"]
    assert found[0] == Check("data folder", "ok", f"data folder {tmp_path}")
    tmp_path.chmod(0o750)
    assert "chmod 700" in list(checks.folder(tmp_path))[1].text


def test_free_bytes(tmp_path: Path) -> None:
    assert 0 < checks.free_bytes(tmp_path) < 2**63


def test_a_snapshot_that_is_missing_new_or_late(tmp_path: Path) -> None:
    copy, database = tmp_path / "gotify.db", tmp_path / "carillon.db"
    (found,) = checks.snapshot(copy, [database])
    assert (found.verdict, found.text) == ("warn", f"there is no snapshot {copy} yet")
    copy.touch()
    assert [check.verdict for check in checks.snapshot(copy, [database])] == ["ok"]
    database.touch()
    assert [check.verdict for check in checks.snapshot(copy, [database])] == ["ok"]
    old = database.stat().st_mtime - checks.LATE - 60
    os.utime(copy, (old, old))
    (late,) = checks.snapshot(copy, [tmp_path / "none", database])
    assert late.verdict == "warn"
    assert "is not in it" in late.text


def test_passwords_and_settings_a_line_each() -> None:
    assert [(check.verdict, "ada" in check.text) for check in checks.passwords(["ada", "bob"])] == [
        ("fail", True),
        ("fail", False),
    ]
    assert [check.text for check in checks.settings(["x: why"])] == ["a setting in the database is ignored: x: why"]
