"""Reduces the description that Gotify gives of its API (Swagger 2.0) to the facts, and prints it.

    python strip.py spec.json > v3.0.0.json

spec.json is `docs/spec.json` of gotify/server at the tag. What stays are the routes, their parameters, answers and
credentials, and the shapes; all that is written for people goes: descriptions, titles, examples, Go's names.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PROSE = ("description", "summary", "title", "example", "contact", "license")
PLACES_OF_NAMES = ("properties", "definitions", "paths", "responses", "securityDefinitions")


def strip(value: Any, *, names: bool = False) -> Any:
    """`names`: the keys are names that Gotify chose, such as that of the property `title`."""
    if isinstance(value, list):
        return [strip(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: strip(each, names=key in PLACES_OF_NAMES and not names)
        for key, each in value.items()
        if names or (key not in PROSE and not key.startswith("x-go-"))
    }


def facts(description: dict[str, Any]) -> dict[str, Any]:
    """With the two texts that Swagger demands: a title, and a description of each answer."""
    stripped: dict[str, Any] = strip(description)
    stripped["info"]["title"] = "Gotify"
    for routes in stripped["paths"].values():
        for operation in routes.values():
            for status, answer in operation["responses"].items():
                operation["responses"][status] = {"description": "", **answer}
    return stripped


if __name__ == "__main__":
    print(json.dumps(facts(json.loads(Path(sys.argv[1]).read_text())), indent=1))
