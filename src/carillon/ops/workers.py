"""Programs of ours that run beside the server, because what they load is large, blocks, or is not to be trusted.

A program reads lines {"id": 1, "question": …} from stdin and writes lines {"id": 1, "answer": …} to stdout, in whatever
order; it ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from itertools import count
from typing import Any

import msgspec
from msgspec import Raw, Struct

from carillon.core.channels import Failure

LONGEST = 1024 * 1024  # bytes of a line
STUCK = 4  # questions in a row that were not answered in time, until the program is taken for hung
# No proxies, which would carry requests around its guard; no home, and nothing that holds a secret.
INHERITED = ("LANG", "LC_ALL", "LC_CTYPE", "PATH", "PYTHONPATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "TZ", "VIRTUAL_ENV")
ISOLATED = ("-P", "-B")  # nothing is imported from the working folder, nothing is written beside the code


class _Reply(Struct, frozen=True):
    id: int
    answer: Raw


class Workers:
    """Starts each program when it is first asked, and again when it is asked after it has ended."""

    def __init__(self) -> None:
        self._running: dict[str, _Worker] = {}
        self._starting = asyncio.Lock()

    async def ask(self, program: str, question: bytes, *, seconds: float) -> bytes:
        """Question and answer are JSON. Raises Failure: "timeout"; "connect" when the program cannot be started, or
        ends before it has answered; "options" for a question that is too long."""
        try:
            async with asyncio.timeout(seconds):
                worker = await self._worker(program)
        except TimeoutError:
            raise Failure("timeout", f"{program} does not start") from None
        except OSError as error:
            raise Failure("connect", f"{program} cannot be started: {error.strerror}") from None
        return await worker.ask(question, seconds)

    async def close(self) -> None:
        running, self._running = self._running, {}
        for worker in running.values():
            await worker.close()

    async def _worker(self, program: str) -> _Worker:
        async with self._starting:
            worker = self._running.get(program)
            if worker is None or worker.over:
                if worker is not None:
                    await worker.close()
                worker = self._running[program] = _Worker(program, await _start(program))
            return worker


async def _start(program: str) -> Process:
    environment = {name: os.environ[name] for name in INHERITED if name in os.environ}
    arguments = (sys.executable, *ISOLATED, "-m", program)
    return await asyncio.create_subprocess_exec(
        *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment, limit=LONGEST
    )


class _Worker:
    def __init__(self, program: str, process: Process) -> None:
        self.over = False
        self._program = program
        self._process = process
        self._ids = count(1)
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._late = 0  # in a row
        self._reading = asyncio.create_task(self._read(), name=f"answers of {program}")

    async def ask(self, question: bytes, seconds: float) -> bytes:
        number = next(self._ids)
        line = b'{"id":%d,"question":%b}\n' % (number, question)
        if len(line) > LONGEST or b"\n" in question:
            raise Failure("options", "the question is too long")
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            async with asyncio.timeout(seconds):
                await self._write(line)
                return await answer
        except TimeoutError:
            self._count_late()
            raise Failure("timeout", f"there was no answer within {seconds:g} seconds", uncertain=True) from None
        finally:
            self._asked.pop(number, None)
            answer.cancel()

    async def close(self) -> None:
        self._end()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._process.wait()

    async def _write(self, line: bytes) -> None:
        pipe = self._pipe(self._process.stdin)
        with contextlib.suppress(ConnectionError):  # it has ended: the reader tells everybody
            pipe.write(line)
            await pipe.drain()

    async def _read(self) -> None:
        """Until the program ends, or says what is no answer."""
        pipe = self._pipe(self._process.stdout)
        with contextlib.suppress(msgspec.DecodeError, ValueError, ConnectionError):
            while line := await pipe.readline():
                reply = msgspec.json.decode(line, type=_Reply)
                if (asked := self._asked.get(reply.id)) and not asked.done():
                    self._late = 0
                    asked.set_result(bytes(reply.answer))
        self._end()

    def _count_late(self) -> None:
        self._late += 1
        if self._late >= STUCK:
            self._end()

    def _end(self) -> None:
        """Nobody waits for it any longer."""
        self.over = True
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(Failure("connect", f"{self._program} has ended", uncertain=True))

    def _pipe(self, pipe: Any | None) -> Any:  # noqa: ANN401  # reader or writer
        if pipe is None:
            raise Failure("connect", f"{self._program} has no pipe")
        return pipe
