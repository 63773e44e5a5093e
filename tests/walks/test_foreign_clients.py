"""Programs of others, unchanged, each in an environment of its own that is locked by hashes."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

from tests.walks.server import Person, Server, away, environment, heard, listening

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "clients"
CACHE = ROOT / ".cache" / "clients"
PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input")


def client(name: str) -> Path:
    """The folder of its programs. Made once for each state of its requirements."""
    requirements = CLIENTS / name / "requirements.txt"
    home = CACHE / f"{name}-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "whole").exists():
            shutil.rmtree(home, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
            install = [str(home / "bin/python"), *PIP, "install", "--no-deps", "--require-hashes", "-r"]
            made = subprocess.run([*install, str(requirements)], check=False, capture_output=True, text=True)
            if made.returncode:
                away(f"{name} from the package registry ({made.stderr.strip()[-300:]})")
            (home / "whole").touch()
    return home / "bin"


async def run(*command: str) -> str:
    process = await asyncio.create_subprocess_exec(*command, env=environment({}), stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, err.decode() + out.decode()
    return out.decode()


async def test_the_gotify_library(server: Server, admin: Person) -> None:
    bin_folder = client("gotify")
    device = await admin.device()
    said = await run(str(bin_folder / "python"), "-W", "ignore", str(CLIENTS / "gotify/client.py"), server.url, device)
    got: dict[str, Any] = json.loads(said)
    assert got["health"] == {"health": "green", "database": "green"}
    assert got["user"]["name"] == "admin"
    message = got["heard"]
    assert (message["message"], message["title"], message["priority"]) == ("hello", "t", 7)
    assert message["extras"] == {"a::b": {"c": 1}}
    assert message["appid"] == got["application"]["id"]
    assert got["last"]["priority"] == 3
    assert got["refusal"] is not None
    assert [each["name"] for each in got["applications"]] == ["from PyPI"]
    assert {each["name"] for each in got["clients"]} == {"phone", "second"}
    assert got["page"]["paging"]["size"] == 1
    ids = [each["id"] for each in got["of application"]["messages"]]
    assert message["id"] in ids
    assert got["last"]["id"] not in ids


async def test_apprise(server: Server, admin: Person) -> None:
    bin_folder = client("apprise")
    token, device = await admin.tokens()
    async with listening(server, device) as stream:
        address = f"gotify://127.0.0.1:{server.port}/{token}?priority=high"
        await run(str(bin_folder / "apprise"), "-t", "Title", "-b", "Grüße ✓", "-n", "warning", address)
        message = await heard(stream)
    assert (message["title"], message["message"], message["priority"]) == ("Title", "Grüße ✓", 8)
    assert await admin.messages() == [message]
