"""What processes use, as Linux tells it in /proc: processor time, memory, and what the rest of the machine did."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
KERNEL_THREADS = 2  # the parent of all of them
PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for each in found:
        try:
            for thread in (PROC / str(each) / "task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def processor_seconds(pids: Iterable[int], *, with_ended_children: bool = False) -> float:
    ticks = 0
    for pid in pids:
        ticks += sum(map(int, _stat(pid)[11 : 15 if with_ended_children else 13]))
    return ticks / TICK


def memory(pids: Iterable[int]) -> float:
    """Bytes; what processes share is split between them (PSS)."""
    lines = [line for pid in pids for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


class Others:
    """Processor time of the programs that are not this process or started by it."""

    def __init__(self) -> None:
        self._before = self._used()

    def cores(self, seconds: float) -> float:
        """How many they kept busy on average since this was made, which was `seconds` ago."""
        return max((self._used() - self._before) / seconds, 0.0)

    def _used(self) -> float:
        everyone = [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]
        users = [pid for pid in everyone if (stat := _stat(pid)) and stat[1] != str(KERNEL_THREADS)]
        ours = tree(os.getpid())
        return processor_seconds(users, with_ended_children=True) - processor_seconds(ours, with_ended_children=True)


def _stat(pid: int) -> list[str]:
    """From the state on; nothing for a process that has ended."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
