"""Logs: every logger of the process through one handler, secrets masked, as lines for people or JSON for programs."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

from carillon.ops.ring import Ring

Form = Literal["auto", "text", "json"]

MASK = "***"

# What every record has, and uvicorn's second copy of its text. What else there is was given as `extra`.
STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
HEAD = frozenset({"time", "level", "logger", "event", "exception", "stack"})

# The end of a name whose value is secret: token=, access_token:, "X-Gotify-Key", --password
SECRET_NAME = r"(?:token|secret|password|passwd|authorization|auth|gotify[-_]key|api[-_]?key|cookie)"  # noqa: S105  # names, not values
SECRET_KEY = re.compile(SECRET_NAME + r"\Z", re.IGNORECASE)
QUOTED = r"""\\+(?P<quote>["']).*?\\+(?P=quote)|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?"""
HEADER = re.compile(r"""((?:authorization|cookie)\s{0,3}[:=]\s{0,3})(?!b?\\*["'])[^\n"']+""", re.IGNORECASE)
VALUE = rf"""b?(?:{QUOTED}|[^\s&"'<>]+)"""
PAIR = re.compile(rf"""({SECRET_NAME}(?:\s{{0,3}}(?:=|:|%3D)|\\*["']\s{{0,3}}[:=,])\s{{0,3}}){VALUE}""", re.IGNORECASE)
ARGUMENT = re.compile(rf"(--[\w-]{{0,32}}{SECRET_NAME}\s+){VALUE}", re.IGNORECASE)
BEARER = re.compile(r"""(Bearer )[^\s"'<>]+""")
# Bounded, or else a hostile line would cost the square of its length.
USERINFO = re.compile(r"""(://[^\s/:"']{0,256}:)[^\s"']{0,512}@""")

# Whoever fills a line with control characters must not move the reader's cursor or forge the next record.
VISIBLE = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"} | {
    ord("\n"): "\n    "
}


def mask(text: str) -> str:
    """The text without its secrets: in queries, headers, JSON, reprs, addresses and after a telling name."""
    text = USERINFO.sub(rf"\1{MASK}@", text)
    text = HEADER.sub(rf"\1{MASK}", text)
    text = PAIR.sub(rf"\1{MASK}", text)
    text = ARGUMENT.sub(rf"\1{MASK}", text)
    return BEARER.sub(rf"\1{MASK}", text)


def configure(level: str, form: Form, stream: TextIO | None = None, *, ring: Ring | None = None) -> None:
    """From now on each log record of `level` ("info" …) or above goes to `stream`, by default standard error.

    `auto` is text on a terminal and else JSON, one object a line. Errors that nobody catches are logged too. `ring`
    gets the same lines.
    """
    stream = stream or sys.stderr
    as_text = form == "text" or (form == "auto" and stream.isatty())
    handler = _Handler(stream)
    handler.setFormatter(_Text(ring) if as_text else _Json(ring))
    _route_all_to(handler)
    set_level(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def set_level(level: str) -> None:
    """What is below it ("info" …) is not logged any more."""
    level = level.upper()
    logging.getLogger().setLevel(level)
    # At INFO these have a line for each stream opened and each request sent.
    for name in ("uvicorn.error", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET if level == "DEBUG" else logging.WARNING)


def _route_all_to(handler: logging.Handler) -> None:
    logging.getLogger().handlers[:] = [handler]
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # logging's name
        """Logging itself would print the record with its arguments, secrets and all."""
        kind = sys.exc_info()[0]
        if kind is not None and not issubclass(kind, OSError):
            self.stream.write(f"a record from {record.pathname}:{record.lineno} cannot be logged: {kind.__name__}\n")


def _log_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("carillon").critical("stopped by an error", exc_info=(kind, error or kind(), trace))


class _Json(logging.Formatter):
    def __init__(self, ring: Ring | None) -> None:
        super().__init__()
        self._ring = ring

    def format(self, record: logging.LogRecord) -> str:
        fields = self.fields(record)
        if self._ring is not None:
            self._ring.add(record.created, record.levelname, component=record.name, text=_line(fields))
        return self.line(record, fields)

    def line(self, record: logging.LogRecord, fields: dict[str, object]) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        head = {"time": moment.replace("+00:00", "Z"), "level": record.levelname.lower(), "logger": record.name}
        return json.dumps(head | fields)

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the record says, without secrets: its text, what was given as `extra`, its exception."""
        fields: dict[str, object] = {"event": record.getMessage()}
        fields |= {name: value for name, value in vars(record).items() if name not in STANDARD | HEAD}
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return {name: _masked(name, value) for name, value in fields.items()}


class _Text(_Json):
    def line(self, record: logging.LogRecord, fields: dict[str, object]) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).astimezone()
        line = f"{moment:%Y-%m-%d %H:%M:%S} {record.levelname.lower():8} {record.name}: {_line(fields)}"
        return line.translate(VISIBLE)


def _line(fields: Mapping[str, object]) -> str:
    """The event, what belongs to it, and where it happened."""
    pairs = "".join(f"  {name}={value}" for name, value in fields.items() if name not in HEAD)
    traces = [str(fields[name]) for name in ("exception", "stack") if fields.get(name)]
    return "\n".join([f"{fields['event']}{pairs}", *traces])


def _masked(name: str, value: object) -> object:
    """The value as JSON has it, without secrets: all of it if the name says so, else what `mask` finds."""
    if value is None or isinstance(value, bool):
        return value
    if SECRET_KEY.search(name):
        return MASK
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {mask(_text(key)): _masked(_text(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        inner = list(value)
        if len(inner) == 2 and isinstance(inner[0], str | bytes):  # a header, as ASGI has them
            return [_masked("", inner[0]), _masked(_text(inner[0]), inner[1])]
        return [_masked("", each) for each in inner]
    return mask(_text(value))


def _text(value: object) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
