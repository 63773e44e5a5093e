"""The latest lines of the log, kept in memory for admins to read."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import get_args

from carillon.core.backstage import Level, LogLine, Wanted

LINES = 2000
LONGEST = 8 * 1024  # characters of a line

LEVELS: tuple[Level, ...] = get_args(Level)


class Ring:
    """Implements the LogBook port. Lines come from any thread; they are put into words when somebody asks."""

    def __init__(self, bound: int = LINES) -> None:
        self._lines: deque[tuple[int, float, str, str, str]] = deque(maxlen=bound)
        self._count = 0
        self._lock = Lock()

    def add(self, created: float, level: str, *, component: str, text: str) -> None:
        """`created` in seconds since 1970, `level` as logging names it; `text` without secrets."""
        with self._lock:
            self._count += 1
            self._lines.append((self._count, created, level, component, text[:LONGEST]))

    def lines(self, wanted: Wanted) -> list[LogLine]:
        text = wanted.text.casefold()
        levels = LEVELS[LEVELS.index(wanted.level) :]
        found: list[LogLine] = []
        for line in reversed(self._all()):
            if len(found) == wanted.limit:
                break
            if (
                (wanted.before is None or line.seq < wanted.before)
                and line.level in levels
                and f"{line.component}.".startswith(f"{wanted.component}." if wanted.component else "")
                and text in f"{line.component}: {line.text}".casefold()
            ):
                found.append(line)
        return found

    def components(self) -> list[str]:
        return sorted({line.component for line in self._all()})

    def _all(self) -> list[LogLine]:
        with self._lock:
            lines = list(self._lines)
        return [
            LogLine(seq, int(created * 1_000_000), _level(level), component=component, text=text)
            for seq, created, level, component, text in lines
        ]


def _level(name: str) -> Level:
    """Of a library's own level, info."""
    return next((level for level in LEVELS if level == name.lower()), "info")
