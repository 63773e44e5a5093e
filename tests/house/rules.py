"""The rules of the house. Each takes the folder of a checkout and gives a line for everything that breaks it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence, Set
from functools import cache
from importlib.metadata import Distribution, distributions
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Rule = Callable[[Path], list[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

PACKAGE = Path("src/carillon")
MODULE_LINES, MEDIAN_MODULE_LINES = 500, 120
FUNCTION_LINES, SHORT_FUNCTIONS = 40, 0.95
CHANNEL_LINES, MEDIAN_CHANNEL_LINES = 150, 60
APP_LINES = 150
FOLDERS_DEEP = 3
COMPONENT_LINES = 300
POSITIONAL = 3
KIT_ATTRIBUTES = 10
VAGUE_NAMES = {"common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
CLOCKS_AND_DICE = {"random", "secrets", "time", "uuid"}
READS_CLOCK_AND_DICE = {PACKAGE / "ops/system.py"}
OUTSIDE_WORLD = {"asyncpg", "httpx", "os", "pathlib", "socket", "sqlite3", "starlette", "subprocess", "uvicorn"}
OPTIONAL_DRIVERS = {"carillon.storage.postgres"}  # its library is loaded only where that database is used

DOCUMENT_LINES = {
    "README.md": (80, 150),
    "ARCHITECTURE.md": (120, 180),
    "CONTRIBUTING.md": (80, 150),
    "SECURITY.md": (20, 40),
}
DECISION_LINES = 60

LICENCE = re.compile(r"\b(MIT(-0)?|BSD|0BSD|Apache|MPL|Mozilla Public|PSF|Python Software Foundation|ISC)\b")
LICENCE_EXCEPTIONS: dict[str, str] = {  # package: why it may stay all the same
    "argparse": "Python's own licence, before it was called PSF",
    "make-plural": "Unicode's, which is MIT in other words",
    "svelte-toolbelt": "MIT by its LICENSE file, though its package does not say so",
}

ADDRESSES = re.compile(
    r"--(?:(?:extra-)?index-url|find-links|trusted-host)\b|\"resolved\"\s*:"
    r"|pypi\.org/simple|files\.pythonhosted\.org|registry\.npmjs\.org"
    r"|(?<![\w.])/(?:root|work|Users|opt/wheels)/"
)


class Module(NamedTuple):
    path: Path
    lines: int
    syntax: ast.Module

    @property
    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.syntax) if isinstance(node, Function))


@cache
def modules(tree: Path, folder: Path = PACKAGE) -> list[Module]:
    """The Python files below `folder`, their paths relative to the checkout."""
    found = []
    for path in sorted((tree / folder).rglob("*.py")):
        text = path.read_text()
        found.append(Module(path.relative_to(tree), text.count("\n"), ast.parse(text)))
    return found


@cache
def committed(tree: Path) -> list[Path]:
    """The files of the checkout that git knows or would take; without git, all."""
    if not (tree / ".git").exists():
        return sorted(path for path in tree.rglob("*") if path.is_file())
    command = ["git", "-C", str(tree), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(path for name in names if name and (path := tree / name).is_file())


def texts(tree: Path) -> Iterator[tuple[Path, str]]:
    for path in committed(tree):
        content = path.read_bytes()
        if b"\0" not in content:
            yield path.relative_to(tree), content.decode(errors="replace")


def settings(tree: Path) -> dict[str, Any]:
    return tomllib.loads((tree / "pyproject.toml").read_text())


def every_module_has_its_test(tree: Path) -> list[str]:
    """`src/carillon/a/b.py` has `tests/a/test_b.py`, unless it only declares; records and protocols are mypy's."""
    faults = []
    for module in modules(tree):
        path = "tests" / module.path.relative_to(PACKAGE)
        homes = [path.with_name(f"test_{path.stem.strip('_')}.py"), path.with_name(f"test_{path.name}")]
        if path.stem == "__init__":
            homes.append(path.parent.with_name(f"test_{path.parent.name}.py"))
        if any(map(_does_something, module.syntax.body)) and not any((tree / home).exists() for home in homes):
            faults.append(f"{module.path}: {homes[0]} is missing")
    return faults


def _does_something(node: ast.stmt) -> bool:
    match node:
        case ast.ClassDef():
            return any(map(_does_something, node.body))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return not all(map(_says_nothing, node.body))
        case ast.Import() | ast.ImportFrom() | ast.Assign() | ast.AnnAssign():
            return False
    return not _says_nothing(node)


def _says_nothing(node: ast.stmt) -> bool:
    """A docstring, three dots or `pass`."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def every_test_has_its_module(tree: Path) -> list[str]:
    """No test stands where nobody would look for it; whole suites have folders of their own."""
    faults = []
    for test in sorted((tree / "tests").rglob("test_*.py")):
        path = test.relative_to(tree / "tests")
        if path.parts[0] not in {"contracts", "walks", "house", "bench", "web"}:
            name = path.stem.removeprefix("test_")
            names = [f"{name}.py", f"_{name}.py", f"__{name}__.py", f"{name}/__init__.py"]
            homes = [PACKAGE / path.parent / name for name in names]
            if not any((tree / home).exists() for home in homes):
                faults.append(f"tests/{path}: there is no {homes[0]}")
    return faults


def modules_are_short(tree: Path) -> list[str]:
    lengths = {module.path: module.lines for module in modules(tree)}
    faults = [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > MODULE_LINES]
    if lengths and (middle := median(lengths.values())) > MEDIAN_MODULE_LINES:
        faults.append(f"{PACKAGE}: the median module has {middle} lines")
    return faults


def components_are_short(tree: Path) -> list[str]:
    """The web app's. `*.d.ts` is not counted: `make types` writes it, whole, and a test holds it to the API."""
    sources = [path for path in committed(tree) if path.suffix in {".svelte", ".ts"} and not path.match("*.d.ts")]
    lengths = {path.relative_to(tree): path.read_text().count("\n") for path in sources}
    return [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > COMPONENT_LINES]


def functions_are_short(tree: Path) -> list[str]:
    lengths = [
        (f"{module.path}:{function.lineno} {function.name}", (function.end_lineno or 0) - function.lineno + 1)
        for module in modules(tree)
        for function in module.functions
    ]
    long = [f"{name}: {lines} lines" for name, lines in lengths if lines > FUNCTION_LINES]
    return long if len(long) > (1 - SHORT_FUNCTIONS) * len(lengths) else []


def channels_are_a_page(tree: Path) -> list[str]:
    lengths = {
        module.path: module.lines
        for module in modules(tree, PACKAGE / "channels")
        if not module.path.name.startswith("_")
    }
    faults = [f"{path}: {lines} lines" for path, lines in lengths.items() if lines > CHANNEL_LINES]
    if lengths and (middle := median(lengths.values())) > MEDIAN_CHANNEL_LINES:
        faults.append(f"{PACKAGE}/channels: the median channel has {middle} lines")
    return faults


def the_composition_root_is_short(tree: Path) -> list[str]:
    return [
        f"{module.path}: {module.lines} lines"
        for module in modules(tree)
        if module.path == PACKAGE / "app.py" and module.lines > APP_LINES
    ]


def folders_are_shallow(tree: Path) -> list[str]:
    depths = {module.path.parent: len(module.path.relative_to(PACKAGE).parts) - 1 for module in modules(tree)}
    return [f"{folder}: {depth} levels deep" for folder, depth in depths.items() if depth > FOLDERS_DEEP]


def names_say_what_is_inside(tree: Path) -> list[str]:
    paths = chain.from_iterable(modules(tree, Path(folder)) for folder in ("src", "tests", "bench"))
    return [f"{path}: a name for anything" for path, *_ in paths if VAGUE_NAMES & {*path.parent.parts, path.stem}]


def imports_stand_at_the_top(tree: Path) -> list[str]:
    """Ours, at least: a foreign library that is slow to load and seldom needed may wait."""
    return [
        f"{module.path}:{function.lineno} {function.name} imports {name}"
        for module in modules(tree)
        for function in module.functions
        for node in ast.walk(function)
        for name in _imported(node)
        if name.split(".")[0] == PACKAGE.name and name not in OPTIONAL_DRIVERS
    ]


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module, names, level):
            home = PACKAGE.name if level else module or ""
            drivers = OPTIONAL_DRIVERS.intersection(f"{home}.{alias.name}" for alias in names)
            return [*drivers] or [home]
    return []


def few_positional_parameters(tree: Path) -> list[str]:
    return [
        f"{module.path}:{function.lineno} {function.name}: {count} positional parameters"
        for module in modules(tree)
        for function in module.functions
        if (count := _positional(function.args)) > POSITIONAL
    ]


def _positional(arguments: ast.arguments) -> int:
    names = [argument.arg for argument in arguments.posonlyargs + arguments.args]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def no_assert_guards(tree: Path) -> list[str]:
    """Python drops them when asked to optimise."""
    return [
        f"{module.path}:{node.lineno} guards by assert"
        for module in modules(tree)
        for node in ast.walk(module.syntax)
        if isinstance(node, ast.Assert)
    ]


def the_world_comes_through_ports(tree: Path) -> list[str]:
    """The core touches nothing outside; one module reads the clock and throws the dice for everybody."""
    faults = []
    for module in modules(tree):
        barred = set() if module.path in READS_CLOCK_AND_DICE else CLOCKS_AND_DICE
        if module.path.is_relative_to(PACKAGE / "core"):
            barred = barred | OUTSIDE_WORLD
        names = chain.from_iterable(map(_imported, ast.walk(module.syntax)))
        faults += [f"{module.path} imports {name}" for name in names if name.split(".")[0] in barred]
    return faults


def the_kit_is_small(tree: Path) -> list[str]:
    """What a dialect is handed fits in a hand."""
    return [
        f"{module.path}: Kit has {count} attributes"
        for module in modules(tree)
        for node in module.syntax.body
        if isinstance(node, ast.ClassDef) and node.name == "Kit"
        if (count := sum(isinstance(line, ast.AnnAssign) for line in node.body)) > KIT_ATTRIBUTES
    ]


def layers_name_every_module(tree: Path) -> list[str]:
    """Nothing below the package escapes import-linter: its layers are all there is, siblings are found by pattern."""
    contracts = settings(tree)["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    faults = []
    if layers.get("containers") != [PACKAGE.name] or layers.get("exhaustive") is not True:
        faults.append("pyproject.toml: the layers are not the exhaustive list of the package's modules")
    if "exhaustive_ignores" in layers:
        faults.append("pyproject.toml: modules are exempt from the layers")
    named = set(re.findall(r"\w+", " ".join(layers["layers"])))
    there = {module.path.relative_to(PACKAGE).parts[0].removesuffix(".py") for module in modules(tree)}
    faults += [f"{PACKAGE}/{name}: in no layer" for name in sorted(there - named - {"__init__"})]
    folders = {module.path.parent for module in modules(tree)}
    faults += [
        f"{path}: not seen without __init__.py"
        for path in sorted(folders)
        if not (tree / path / "__init__.py").exists()
    ]
    apart = {name for contract in contracts if contract["type"] == "independence" for name in contract["modules"]}
    edges = [f"{PACKAGE.name}.{folder}.*" for folder in ("dialects", "channels")]
    return faults + [f"pyproject.toml: {edge} may import each other" for edge in edges if edge not in apart]


def linted_families_are_documented(tree: Path) -> list[str]:
    """CONTRIBUTING.md has a paragraph that begins with "Ruff" and names each family that is on."""
    selected = set(settings(tree)["tool"]["ruff"]["lint"]["select"])
    text = (tree / "CONTRIBUTING.md").read_text()
    paragraph = next((part for part in text.split("\n\n") if part.lstrip("- ").startswith("Ruff")), "")
    documented = set(re.findall(r"`([A-Z]+\d*)`", paragraph))
    return [f"CONTRIBUTING.md: {code} is on, or named, but not both" for code in sorted(selected ^ documented)]


def exceptions_give_their_reason(tree: Path) -> list[str]:
    """Where a checker is told to look away, the same line says why."""
    silence = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b.*")
    reason = re.compile(r"# (?:noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*|type: ignore\[[\w, -]+\])  ?# \w{2,}")
    faults = []
    for module in chain.from_iterable(modules(tree, Path(folder)) for folder in ("src", "tests", "bench")):
        for number, line in enumerate((tree / module.path).read_text().splitlines(), 1):
            if (found := silence.search(line)) and not reason.search(found[0]):
                faults.append(f"{module.path}:{number} {found[0]}")
    lists = re.findall(
        r'^(?:ignore|"[^"\n]+") = \[(?:\n[^\]]*|.*)', (tree / "pyproject.toml").read_text(), re.MULTILINE
    )
    for lines in (text.splitlines() for text in lists):
        silent = [line for line in lines[1:] or lines if "#" not in line]
        faults += [f"pyproject.toml: {line.strip()} gives no reason" for line in silent]
    return faults


def documents_keep_their_length(tree: Path) -> list[str]:
    decisions = sorted((tree / "docs/decisions").glob("*.md"))
    budgets = DOCUMENT_LINES | {str(path.relative_to(tree)): (1, DECISION_LINES) for path in decisions}
    faults = []
    for name, (least, most) in budgets.items():
        lines = (tree / name).read_text().count("\n") if (tree / name).exists() else 0
        if not least <= lines <= most:
            faults.append(f"{name}: {lines} lines, not {least} to {most}")
    return faults


def links_lead_somewhere(tree: Path) -> list[str]:
    """Those between documents: to a file, and to a heading where they name one."""
    faults = []
    for path, text in texts(tree):
        links = re.findall(r"\]\((?!\w+:)([^)\s]+)\)", text) if path.suffix == ".md" else []
        faults += [f"{path}: {link} leads nowhere" for link in links if not _leads_somewhere(tree / path, link)]
    return faults


def _leads_somewhere(document: Path, link: str) -> bool:
    name, _, heading = link.partition("#")
    target = document.parent / name if name else document
    if not target.exists() or not heading:
        return target.exists()
    headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
    return heading in {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def every_door_has_its_page(tree: Path) -> list[str]:
    """Each dialect and each channel is a page of the manual: what is the same, what differs, what is missing."""
    faults = []
    for kind, pages in (("dialects", "docs"), ("channels", "docs/channels")):
        for path in sorted((tree / PACKAGE / kind).glob("[!_]*")):
            page = Path(pages, f"{path.stem}.md")
            if (path.suffix == ".py" or any(path.glob("*.py"))) and not (tree / page).exists():
                faults.append(f"{path.relative_to(tree)}: {page} is missing")
    return faults


def licences_are_open(tree: Path, path: Sequence[str] = sys.path) -> list[str]:
    """Every locked package is installed on `path`, but for those of other systems, and has a licence of the list."""
    locked = "".join((tree / "requirements" / f"{name}.txt").read_text() for name in ("runtime", "dev"))
    names = {name: bool(marker) for name, marker in re.findall(r"^([\w.-]+)==\S+ (; )?", locked, re.MULTILINE)}
    installed = {_canonical(package.name): package for package in distributions(path=list(path))}
    faults = []
    for name, conditional in sorted(names.items()):
        package = installed.get(_canonical(name))
        if package is None:
            faults += [] if conditional else [f"{name}: not installed"]
        elif name not in LICENCE_EXCEPTIONS and not LICENCE.search(licence := _licence(package)):
            faults.append(f"{name}: {licence!r} is not on the list of licences")
    return faults


def licences_of_the_web_are_open(tree: Path) -> list[str]:
    """As the lock of npm tells them."""
    lock = tree / "web/package-lock.json"
    packages = json.loads(lock.read_text())["packages"] if lock.exists() else {}
    told = {path.rpartition("node_modules/")[2]: str(about.get("license", "")) for path, about in packages.items()}
    return [
        f"{name}: {licence!r} is not on the list of licences"
        for name, licence in told.items()
        if name and name not in LICENCE_EXCEPTIONS and not LICENCE.search(licence)
    ]


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _licence(package: Distribution) -> str:
    fields = {name: package.metadata.get_all(name) or [] for name in ("License-Expression", "Classifier", "License")}
    classifiers = [line for line in fields["Classifier"] if line.startswith("License ::")]
    return " ".join(fields["License-Expression"] or classifiers or fields["License"])[:80]


def no_address_of_a_machine(tree: Path, mirrors: Set[str] | None = None) -> list[str]:
    """No registry, mirror or folder of whoever made a file stands in it. `mirrors`: this machine's, if not given."""
    hosts = _mirrors_of_this_machine() if mirrors is None else mirrors
    faults = []
    for path, text in texts(tree):
        found = {*ADDRESSES.findall(text), *(host for host in hosts if host in text)}
        faults += [f"{path}: {address}" for address in sorted(found)]
    return faults


@cache
def _mirrors_of_this_machine() -> Set[str]:
    pip = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True)
    environment = [value for key, value in os.environ.items() if key.lower().startswith(("pip_", "uv_", "npm_config_"))]
    return mirrors_in(" ".join([pip.stdout, *environment]))


def mirrors_in(configuration: str) -> Set[str]:
    """The hosts it names, but for those that everybody has."""
    addresses = re.findall(r"https?://[^\s'\"]+", configuration)
    return {urlsplit(address).hostname or "" for address in addresses} - {"", "pypi.org", "localhost", "127.0.0.1"}


RULES: tuple[Rule, ...] = (
    every_module_has_its_test,
    every_test_has_its_module,
    modules_are_short,
    components_are_short,
    functions_are_short,
    channels_are_a_page,
    the_composition_root_is_short,
    folders_are_shallow,
    names_say_what_is_inside,
    imports_stand_at_the_top,
    few_positional_parameters,
    no_assert_guards,
    the_world_comes_through_ports,
    the_kit_is_small,
    layers_name_every_module,
    linted_families_are_documented,
    exceptions_give_their_reason,
    documents_keep_their_length,
    links_lead_somewhere,
    every_door_has_its_page,
    licences_are_open,
    licences_of_the_web_are_open,
    no_address_of_a_machine,
)
