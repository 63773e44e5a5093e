"""Two commands on a fresh machine: clone, `make serve`."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from tests.walks.server import SOAK, environment, free_port, until

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not SOAK, reason="makes an environment from the package registry; `make soak` runs it")
async def test_clone_and_make_serve(tmp_path: Path) -> None:
    checkout = tmp_path / "carillon"
    await asyncio.to_thread(subprocess.run, ["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
    port = free_port()
    # Make tells the programs it starts of itself; a user's shell does not.
    env = {name: value for name, value in environment({"CARILLON_PORT": str(port)}).items() if "MAKE" not in name}
    for _ in range(2):  # the second time it is there already
        await serve_and_stop(checkout, env, port)
    assert (checkout / "data" / "carillon.db").exists()
    changed = await asyncio.to_thread(
        subprocess.run, ["git", "status", "--porcelain"], cwd=checkout, check=True, capture_output=True
    )
    assert changed.stdout == b"", "running it leaves files that git does not ignore"


async def serve_and_stop(checkout: Path, env: dict[str, str], port: int) -> None:
    make = await asyncio.create_subprocess_exec("make", "serve", cwd=checkout, env=env)
    process = psutil.Process(make.pid)
    try:
        async with httpx.AsyncClient(trust_env=False, base_url=f"http://127.0.0.1:{port}") as client:

            async def answers() -> bool:
                assert make.returncode is None, "make has ended"
                try:
                    return (await client.get("/health")).status_code == 200
                except httpx.TransportError:
                    return False

            await until(answers, "the server answers", patience=180)
        (server,) = [each for each in process.children(recursive=True) if each.cmdline()[-1:] == ["serve"]]
        server.terminate()
        assert await asyncio.wait_for(make.wait(), 20) == 0
    finally:
        if make.returncode is None:
            for each in [*process.children(recursive=True), process]:
                each.kill()
            await make.wait()
