"""Logging is the process's: whoever sets it up in a test leaves it as it was."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi", "httpx", "httpcore")


@contextmanager
def logging_kept() -> Iterator[None]:
    root = logging.getLogger()
    levels = {name: logging.getLogger(name).level for name in NAMES}
    handlers, level, uncaught, in_thread = root.handlers[:], root.level, sys.excepthook, threading.excepthook
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name in NAMES:
            logging.getLogger(name).setLevel(levels[name])
            logging.getLogger(name).propagate = True
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook = uncaught, in_thread
