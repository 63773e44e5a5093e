"""The checkout keeps the rules of the house, and each rule finds what breaks it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house import rules
from tests.house.rules import RULES, Rule

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule) -> None:
    assert rule(ROOT) == []


PYPROJECT = """
[tool.ruff.lint]
select = ["B", "C4"]
ignore = ["B008"] # declared defaults

[tool.ruff.lint.per-file-ignores]
"tests/**" = [
    "S101", # asserts
]

[[tool.importlinter.contracts]]
type = "layers"
containers = ["carillon"]
exhaustive = true
layers = ["(app)", "dialects | channels | ops", "core"]

[[tool.importlinter.contracts]]
type = "independence"
modules = ["carillon.dialects.*", "carillon.channels.*"]
"""
CORE, APP, CHANNEL = "src/carillon/core/bell.py", "src/carillon/app.py", "src/carillon/channels/horn.py"
SOUND_HOUSE = {
    "pyproject.toml": PYPROJECT,
    "README.md": "See [the rules](CONTRIBUTING.md#the-rules) and [elsewhere](https://example.org).\n" * 80,
    "ARCHITECTURE.md": "line\n" * 120,
    "CONTRIBUTING.md": "# The rules\n\nRuff: `B`, `C4`.\n" + "line\n" * 100,
    "SECURITY.md": "line\n" * 20,
    "docs/decisions/0001-bells.md": "line\n" * 60,
    "docs/channels/horn.md": "line\n",
    "requirements/runtime.txt": "open==1.0 \\\n    --hash=sha256:00\nelsewhere==2 ; sys_platform == 'win32' \\\n",
    "requirements/dev.txt": "open==1.0 \\\n",
    "installed/open-1.0.dist-info/METADATA": "Metadata-Version: 2.4\nName: open\nVersion: 1.0\nLicense: MIT\n",
    CORE: "import json\n\ndef ring(self, a, b, c, *, d):\n    return a\n",
    APP: "from carillon.core import bell\n\ndef start():\n    import slow_library\n",
    CHANNEL: "X = 1  # noqa: S105  # not a secret\n",
    "src/carillon/ops/system.py": '"""Declares."""\nimport time\n\nclass Clock:\n    def now(self) -> int: ...\n',
    **dict.fromkeys(("src/carillon/core/__init__.py", "src/carillon/ops/__init__.py", "src/carillon/__init__.py"), ""),
    "src/carillon/channels/__init__.py": "",
    "tests/core/test_bell.py": "",
    "tests/test_app.py": "",
}


NOQA, IGNORED = "noqa: S105", "type: ignore[misc]"


class Breach(NamedTuple):
    """`files` replace those of the sound house; without text they are removed. `finding` is part of the complaint."""

    rule: Rule
    files: dict[str, str | None]
    finding: str


def long_function(name: str) -> str:
    return f"def {name}():\n" + "    x = 1\n" * 40


BREACHES = [
    Breach(rules.every_module_has_its_test, {"tests/core/test_bell.py": None}, "tests/core/test_bell.py is missing"),
    Breach(rules.every_test_has_its_module, {"tests/core/test_gong.py": ""}, "no src/carillon/core/gong.py"),
    Breach(rules.modules_are_short, {CORE: "x = 1\n" * 501}, "bell.py: 501 lines"),
    Breach(
        rules.modules_are_short,
        {f"src/carillon/{number}.py": "x = 1\n" * 121 for number in range(9)},
        "median module has 121",
    ),
    Breach(rules.components_are_short, {"web/src/Bell.svelte": "x\n" * 301}, "Bell.svelte: 301 lines"),
    Breach(rules.functions_are_short, {CORE: long_function("ring")}, "bell.py:1 ring: 41 lines"),
    Breach(rules.channels_are_a_page, {CHANNEL: "x = 1\n" * 151}, "horn.py: 151 lines"),
    Breach(rules.channels_are_a_page, {CHANNEL: "x = 1\n" * 61}, "median channel has 61"),
    Breach(rules.the_composition_root_is_short, {APP: "x = 1\n" * 151}, "app.py: 151 lines"),
    Breach(rules.folders_are_shallow, {"src/carillon/a/b/c/d/e.py": ""}, "a/b/c/d: 4 levels deep"),
    Breach(rules.names_say_what_is_inside, {"src/carillon/core/utils.py": ""}, "core/utils.py: a name for anything"),
    Breach(rules.names_say_what_is_inside, {"tests/helpers/bell.py": ""}, "helpers/bell.py: a name for anything"),
    Breach(rules.imports_stand_at_the_top, {APP: "def f():\n    from carillon import x\n"}, "f imports carillon"),
    Breach(rules.imports_stand_at_the_top, {APP: "def f():\n    from . import x\n"}, "f imports carillon"),
    Breach(rules.few_positional_parameters, {CORE: "class A:\n    def f(self, a, b, c, d): ...\n"}, ":2 f: 4 pos"),
    Breach(rules.few_positional_parameters, {CORE: "async def f(a, b, c, d=None): ...\n"}, ":1 f: 4 pos"),
    Breach(rules.no_assert_guards, {CORE: "assert True\n"}, "bell.py:1 guards by assert"),
    Breach(rules.the_world_comes_through_ports, {APP: "import random\n"}, "app.py imports random"),
    Breach(rules.the_world_comes_through_ports, {CORE: "from os import path\n"}, "bell.py imports os"),
    Breach(
        rules.the_kit_is_small,
        {CORE: "class Kit:\n" + "".join(f"    a{n}: int\n" for n in range(11))},
        "Kit has 11 attributes",
    ),
    Breach(rules.layers_name_every_module, {"src/carillon/wild/gong.py": ""}, "src/carillon/wild: in no layer"),
    Breach(rules.layers_name_every_module, {"src/carillon/ops/__init__.py": None}, "ops: not seen without"),
    Breach(
        rules.layers_name_every_module, {"pyproject.toml": PYPROJECT.replace("= true", "= false")}, "not the exhaustive"
    ),
    Breach(
        rules.layers_name_every_module,
        {"pyproject.toml": PYPROJECT.replace("exhaustive =", "exhaustive_ignores = ['x']\nexhaustive =")},
        "exempt from the layers",
    ),
    Breach(
        rules.layers_name_every_module,
        {"pyproject.toml": PYPROJECT.replace("channels.*", "channels.horn")},
        "carillon.channels.* may import each other",
    ),
    Breach(rules.linted_families_are_documented, {"pyproject.toml": PYPROJECT.replace('"B"', '"N"')}, "N is on"),
    Breach(rules.exceptions_give_their_reason, {CORE: f"x = 1  # {NOQA}\n"}, "bell.py:1 # no"),
    Breach(rules.exceptions_give_their_reason, {"tests/x.py": f"x = 1  # {IGNORED}\n"}, "x.py:1 # type"),
    Breach(
        rules.exceptions_give_their_reason,
        {"pyproject.toml": PYPROJECT.replace("# asserts", "")},
        '"S101", gives no reason',
    ),
    Breach(
        rules.exceptions_give_their_reason,
        {"pyproject.toml": PYPROJECT.replace("# declared defaults", "")},
        'ignore = ["B008"] gives no reason',
    ),
    Breach(rules.documents_keep_their_length, {"README.md": "line\n" * 151}, "README.md: 151 lines, not 80 to 150"),
    Breach(rules.documents_keep_their_length, {"SECURITY.md": None}, "SECURITY.md: 0 lines"),
    Breach(rules.documents_keep_their_length, {"docs/decisions/0002-x.md": "line\n" * 61}, "0002-x.md: 61 lines"),
    Breach(rules.links_lead_somewhere, {"docs/a.md": "[x](../b.md)"}, "docs/a.md: ../b.md leads nowhere"),
    Breach(rules.links_lead_somewhere, {"docs/a.md": "[x](../README.md#nothing)"}, "README.md#nothing leads nowhere"),
    Breach(rules.every_door_has_its_page, {"docs/channels/horn.md": None}, "docs/channels/horn.md is missing"),
    Breach(
        rules.licences_of_the_web_are_open,
        {"web/package-lock.json": '{"packages": {"": {}, "node_modules/gong": {"license": "SSPL-1.0"}}}'},
        "gong: 'SSPL-1.0' is not on",
    ),
    Breach(rules.no_address_of_a_machine, {"a.txt": "--{}-url https://example.org".format("index")}, "a.txt: --index"),
    Breach(rules.no_address_of_a_machine, {"a.py": "x = '{}root/x'".format("/")}, "a.py: /"),
]


@pytest.fixture
def build(tmp_path: Path) -> Path:
    furnish(tmp_path, SOUND_HOUSE)
    return tmp_path


def furnish(house: Path, files: dict[str, str] | dict[str, str | None]) -> None:
    for name, text in files.items():
        path = house / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if text is None else path.write_text(text)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_sound_house_is_left_in_peace(rule: Rule, build: Path) -> None:
    if rule is rules.licences_are_open:
        assert rules.licences_are_open(build, [str(build / "installed")]) == []
    else:
        assert rule(build) == []


@pytest.mark.parametrize("breach", BREACHES, ids=lambda breach: f"{breach.rule.__name__}: {breach.finding}")
def test_a_breach_is_found(breach: Breach, build: Path) -> None:
    furnish(build, breach.files)
    assert breach.finding in "\n".join(breach.rule(build))


@pytest.mark.parametrize(
    "licence", ["Classifier: License :: OSI Approved :: GPL", "License: SSPL-1.0", "Summary: none"]
)
def test_a_licence_that_is_not_on_the_list_is_found(licence: str, build: Path) -> None:
    furnish(build, {"installed/open-1.0.dist-info/METADATA": f"Name: open\nVersion: 1.0\n{licence}\n"})
    assert "open: " in "\n".join(rules.licences_are_open(build, [str(build / "installed")]))


def test_a_package_that_is_not_installed_is_found(build: Path) -> None:
    assert rules.licences_are_open(build, []) == ["open: not installed"]


def test_the_host_of_a_mirror_is_found(build: Path) -> None:
    furnish(build, {"requirements/dev.txt": "# from mirror.example.net\n"})
    mirrors = rules.mirrors_in(
        "global.index-url='https://me:secret@mirror.example.net:8443/simple' http://localhost:1/"
    )
    assert rules.no_address_of_a_machine(build, mirrors) == ["requirements/dev.txt: mirror.example.net"]


def test_every_rule_has_a_breach() -> None:
    assert {breach.rule for breach in BREACHES} | {rules.licences_are_open} == set(RULES)
