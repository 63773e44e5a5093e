"""Open streams that are only held: idle ones by the thousand, one that reads all, one that never reads."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from bench.servers import Server

PATIENCE = 20.0  # seconds
GLANCE = 0.05  # seconds between two looks whether it is time to end
HEAD_END = b"\r\n\r\n"


def opened(server: Server, request: bytes, *, buffer: int = 0) -> socket.socket:
    """A stream whose head has been answered well; `buffer`: bytes the kernel may receive ahead, 0: as it likes."""
    stream = socket.socket()
    if buffer:
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    stream.settimeout(PATIENCE)
    stream.connect(("127.0.0.1", server.port))
    stream.sendall(request)
    head = b""
    while HEAD_END not in head:
        head += stream.recv(4096) or HEAD_END
    if head.split(b" ", 2)[1:2] not in ([b"101"], [b"200"]):
        raise RuntimeError(f"a stream was refused: {head[:300].decode('latin-1')}")
    return stream


@contextmanager
def reading(server: Server, request: bytes) -> Iterator[None]:
    """A listener that takes all it is sent."""

    def read(ending: Event) -> None:
        with opened(server, request) as stream:
            while not ending.is_set():
                if select.select([stream], [], [], GLANCE)[0] and not stream.recv(1 << 20):
                    raise ConnectionError("a listener that reads was cut off")

    with _in_thread(read):
        yield


@contextmanager
def never_reading(server: Server, request: bytes) -> Iterator[None]:
    """A listener that takes nothing, and comes again at once whenever it is cut off."""

    def sleep(ending: Event) -> None:
        while not ending.is_set():
            with opened(server, request, buffer=4096) as stream:
                ended = select.poll()
                ended.register(stream, select.POLLHUP | select.POLLERR)
                while not ending.is_set() and not ended.poll(GLANCE * 1000):
                    pass

    with _in_thread(sleep):
        yield


@contextmanager
def _in_thread(work: Callable[[Event], None]) -> Iterator[None]:
    ending = Event()
    thread = Thread(target=work, args=[ending])
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
