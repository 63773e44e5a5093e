from __future__ import annotations

import json

from tests.cli.program import Program


def test_every_setting_with_its_source(program: Program) -> None:
    lines = program.said("settings", CARILLON_PORT="81", CARILLON_TOKEN="Hush").splitlines()
    assert lines[0].split() == ["SETTING", "VALUE", "FROM"]
    rows = {line.split()[0]: line.split()[1:] for line in lines[1:]}
    assert rows["CARILLON_PORT"] == ["81", "environment"]
    assert rows["CARILLON_TOKEN"] == ["***", "environment"]
    assert rows["CARILLON_LOG_LEVEL"] == ["info", "default"]


def test_as_json(program: Program) -> None:
    program.data.mkdir()
    (program.data / "carillon.env").write_text("CARILLON_ADMIN_PASSWORD=Hush")
    text = program.said("settings", "--json")
    assert "Hush" not in text
    rows = {row["name"]: row for row in json.loads(text)}
    assert rows["CARILLON_ADMIN_PASSWORD"] == {
        "name": "CARILLON_ADMIN_PASSWORD",
        "value": "***",
        "source": str(program.data / "carillon.env"),
    }
