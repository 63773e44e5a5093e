"""Where deliveries end: a process of its own that takes whatever it is sent by HTTP and by SMTP, and counts it.

It looks at nothing, so that it is not what is measured. While it is `held` it takes and answers nothing more, and what
waits is answered when it is freed.

    python -m bench.sink

It prints its two ports. On stdin it is told `hold` or `free`, or asked `count`, one a line; each is answered by how
many it has answered well so far.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from bench.processes import processor_seconds
from bench.servers import CHECKOUT, PATIENCE

LOOK = 0.01  # seconds between two looks at the count
QUIET = 0.3  # seconds without an arrival, after which nothing is under way any more
HEAD_END, MAIL_END = b"\r\n\r\n", b"\r\n.\r\n"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# What any of the services that are sent to by HTTP would have said.
SAID = b'{"status":1,"request":"647d2300","id":1,"iden":"ujpah72o0"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(SAID), SAID)


class Sink:
    """The way to one that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.http, self.smtp = map(int, self._line().split())

    def hold(self) -> None:
        self._ask("hold")

    def free(self) -> None:
        self._ask("free")

    def count(self) -> int:
        return self._ask("count")

    def processor_seconds(self) -> float:
        return processor_seconds([self._process.pid])

    def until(self, count: int) -> None:
        """Raises TimeoutError."""
        end = time.monotonic() + PATIENCE
        while (found := self.count()) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"the sink waits for {count - found} more")
            time.sleep(LOOK)

    def until_quiet(self) -> None:
        """Nothing comes any more."""
        before = -1
        while (now := self.count()) != before:
            before = now
            time.sleep(QUIET)

    def _ask(self, command: str) -> int:
        told = cast(IO[str], self._process.stdin)
        told.write(f"{command}\n")
        told.flush()
        return int(self._line())

    def _line(self) -> str:
        line = cast(IO[str], self._process.stdout).readline()
        if not line:
            raise RuntimeError("the sink has ended")
        return line


@contextmanager
def sink() -> Iterator[Sink]:
    command = [sys.executable, "-m", "bench.sink"]
    with subprocess.Popen(command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Sink(process)
        finally:
            process.kill()


class Gate:
    """Counts answers, and lets them wait while it is closed."""

    def __init__(self) -> None:
        self.answered = 0
        self._closed = False
        self._waiting: list[Callable[[], None]] = []

    def hold(self) -> None:
        self._closed = True

    def free(self) -> None:
        self._closed = False
        waiting, self._waiting = self._waiting, []
        for answer in waiting:
            self.take(answer)

    def take(self, answer: Callable[[], None]) -> None:
        if self._closed:
            self._waiting.append(answer)
        else:
            self.answered += 1
            answer()


class Receiver(asyncio.Protocol):
    """What both protocols have in common: bytes that have come and are not understood yet."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.come = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def say(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)


class Http(Receiver):
    """Requests with bodies whose length is said."""

    def data_received(self, data: bytes) -> None:
        self.come += data
        while (head := self.come.find(HEAD_END)) >= 0:
            length = LENGTH.search(self.come, 0, head + 2)
            end = head + len(HEAD_END) + (int(length[1]) if length else 0)
            if len(self.come) < end:
                return
            del self.come[:end]
            self.gate.take(lambda: self.say(ANSWER))


class Smtp(Receiver):
    """As much of it as a sender needs who neither signs in nor encrypts."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(gate)
        self._mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.say(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.come += data
        while (end := self.come.find(mark := MAIL_END if self._mail else b"\r\n")) >= 0:
            line = bytes(self.come[:end])
            del self.come[: end + len(mark)]
            if self._mail:
                self._mail = False
                self.gate.take(lambda: self.say(b"250 taken\r\n"))
            else:
                self._command(line[:4].upper())

    def _command(self, verb: bytes) -> None:
        self._mail = verb == b"DATA"
        self.say({b"DATA": b"354 go on\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 sink\r\n"))
        if verb == b"QUIT":
            self.transport.close()


async def main() -> None:
    """Until stdin ends."""
    gate, loop = Gate(), asyncio.get_running_loop()
    ports = []
    for made in (lambda: Http(gate), lambda: Smtp(gate)):
        server = await loop.create_server(made, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
    print(*ports, flush=True)
    told = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    do = {b"hold": gate.hold, b"free": gate.free}
    async for line in told:
        do.get(line.strip(), int)()
        print(gate.answered, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
