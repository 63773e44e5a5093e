"""Programs of others, unchanged, each set in an environment of its own that is locked by hashes.

`tests/clients/<name>` holds what the environment is made from, `requirements.txt` for Python or `package-lock.json`
for Node, and what we wrote to drive the programs.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.walks.server import away, environment

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "clients"
CACHE = ROOT / ".cache" / "clients"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")
NPM = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")


def client(name: str) -> Path:
    """The folder of its Python programs. Made once for each state of its requirements."""
    requirements = CLIENTS / name / "requirements.txt"

    def make(home: Path) -> str:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
        install = (sys.executable, *PIP, "--python", str(home), "install", "--no-compile", "--no-deps")
        return _fault((*install, "--require-hashes", "-r", str(requirements)), home)

    return _made_once(name, requirements, make) / "bin"


def node_client(name: str) -> Path:
    """The folder that holds its `node_modules`. Made once for each state of its lock file."""
    lock = CLIENTS / name / "package-lock.json"
    if not shutil.which("node") or not shutil.which("npm"):
        away("node and npm")

    def make(home: Path) -> str:
        home.mkdir()
        for file in (lock, lock.with_name("package.json")):
            shutil.copy(file, home)
        return _fault(NPM, home)

    return _made_once(name, lock, make)


def _made_once(name: str, lock_file: Path, make: Callable[[Path], str]) -> Path:
    home = CACHE / f"{name}-{hashlib.sha256(lock_file.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "whole").exists():
            shutil.rmtree(home, ignore_errors=True)
            if fault := make(home):
                away(f"{name} from the package registry ({fault[-300:]})")
            (home / "whole").touch()
    return home


def _fault(command: tuple[str, ...], folder: Path) -> str:
    """What an installation that failed says."""
    made = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
    return made.stderr.strip() or "it failed" if made.returncode else ""


async def run(
    *command: str, env: Mapping[str, str] = {}, cwd: Path | None = None, patience: float = 30, status: int = 0
) -> str:
    """What it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, env=environment(env), cwd=cwd, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(patience):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == status, err.decode() + out.decode()
    return out.decode()
