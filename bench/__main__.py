"""Measures how fast Carillon is, prints tables, and ends with the targets.

python -m bench                                 everything, some minutes
python -m bench publish --seconds 3 --rounds 5  one program
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from bench import delivery, fanout, flat, idle, publish, scrolling, search, start, tables
from bench.client import NoCompiler, compiled
from bench.engines import POSTGRES, SQLITE, started
from bench.processes import Others
from bench.records import Options, Result, Target

PROGRAMS: Mapping[str, Callable[[Options], Result]] = {
    "publish": publish.measure,
    "fanout": fanout.measure,
    "delivery": delivery.measure,
    "idle": idle.measure,
    "flat": flat.measure,
    "search": search.measure,
    "start": start.measure,
    "scrolling": scrolling.measure,
}
DISTURBED = 0.1  # cores used by others, above which figures are not to be believed


def main() -> None:
    arguments = _arguments()
    _allow_many_files()
    with tempfile.TemporaryDirectory(prefix="carillon-bench-") as folder, started(arguments.engines) as engines:
        options = Options(
            seconds=arguments.seconds,
            rounds=arguments.rounds,
            folder=Path(folder),
            load=compiled(Path(folder)),
            engines=engines,
            messages=arguments.messages,
            share=arguments.share,
        )
        targets: list[Target] = []
        for name in arguments.programs or PROGRAMS:
            targets += _one(name, options)
    print(tables.targets(targets))


def _one(name: str, options: Options) -> list[Target]:
    others, began = Others(), time.monotonic()
    found = PROGRAMS[name](options)
    took = time.monotonic() - began
    print(tables.result(found), end="\n\n")
    busy = others.cores(took)
    warning = ": too much, measure again when the machine is quiet" if busy > DISTURBED else ""
    print(f"{name} took {took:.0f} s; other programs used {busy:.2f} cores{warning}.", end="\n\n", flush=True)
    return list(found.targets)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("programs", nargs="*", choices=[[], *PROGRAMS], metavar="PROGRAM", help=" ".join(PROGRAMS))
    parser.add_argument("--seconds", type=float, default=1, help="of one run (1)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each thing, in turn (3)")
    parser.add_argument("--engines", nargs="+", choices=[SQLITE, POSTGRES], default=[SQLITE, POSTGRES])
    parser.add_argument("--messages", type=int, default=10**6, help="in the large database (1000000)")
    parser.add_argument("--ten-million", action="store_const", const=10**7, dest="messages", help="the same, 10000000")
    parser.add_argument("--share", type=float, default=1.0, help="of the usual counts, to see that it runs (1)")
    return parser.parse_args()


def _allow_many_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    try:
        main()
    except NoCompiler as error:
        sys.exit(str(error))
