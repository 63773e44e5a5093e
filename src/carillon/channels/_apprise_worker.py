"""The program beside the server in which Apprise runs: see `ops/workers.py` for how it is talked to.

Apprise blocks, and its plugins go wherever an address leads. So this process watches itself: whatever connects is
held to the reach of its question, nothing is started, and of files only those are read that belong to the programs.

A question is a `Question`, an answer an `Answer`.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Literal
from urllib.parse import unquote

import msgspec
from msgspec import Raw, Struct

from carillon.core.channels import WORDS, Reach

THREADS = 32
SHORTEST_SECRET = 4  # characters: shorter pieces of an address would take words apart
CONNECT = 8.0  # seconds
SPARE = 0.9  # of the seconds of a question are Apprise's: its own word comes before ours

# What rings on this machine, or keeps files on it.
DENIED = (
    *("blink1", "dbus", "gio", "glib", "gnome", "kde", "qt", "macosx", "syslog", "windows"),
    *("deltachat", "deltachats"),
)

PRIVATE = [ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]
LOOPBACK = [ip_network(each) for each in ("127.0.0.0/8", "::1/128")]
CLOUDS = [ip_network(each) for each in ("100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fd20:ce::254")]
GLOBAL = ip_network("2000::/3")
PROTOCOLS = ip_network("192.0.0.0/24")
TRANSLATED = ip_network("64:ff9b::/96")
TUNNELLED = ip_network("2002::/16")

MAY_BE_ALLOWED = ": an administrator may allow some under Settings → Limits → Services may reach"
PROGRAMS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "pty.spawn"}
)
SENDING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
READABLE = ("/usr/lib/", "/usr/share/", "/usr/local/lib/", "/usr/local/share/", "/etc/ssl/", "/etc/pki/", "/dev/null")
READABLE_FILES = frozenset({"/etc/hosts", "/etc/resolv.conf", "/etc/mime.types", "/etc/localtime", "/dev/urandom"})
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Question(Struct, frozen=True, kw_only=True):
    """`kind` is one of Apprise's types; `seconds` until nobody waits for the answer. Without a body only the address
    is looked at."""

    url: str
    title: str = ""
    body: str = ""
    kind: Literal["info", "success", "warning", "failure"] = "info"
    markdown: bool = False
    reach: Reach = "internet"
    seconds: float = 30.0


class Answer(Struct, frozen=True, kw_only=True):
    """`text` is what the plugin said, without the secrets of the address; `name` what it calls its service."""

    outcome: Literal["sent", "failed", "timeout", "options", "private"]
    text: str = ""
    name: str = ""


class Asked:
    """The question that a thread works on, and what it was refused or told meanwhile."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.refused: list[str] = []
        self.said: list[str] = []


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


class Refusal(PermissionError):
    pass


def admits(reach: Reach, address: str) -> bool:
    """Whether this address may be connected to. Raises ValueError for what is no address."""
    ip = _plain(ip_address(address.partition("%")[0]))
    if any(ip in each for each in CLOUDS):
        return False
    if any(ip in each for each in PRIVATE):
        return reach in ("private", "any")
    if any(ip in each for each in LOOPBACK):
        return reach == "any"
    if isinstance(ip, IPv6Address):
        return ip in GLOBAL and ip.is_global and not ip.is_multicast
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip in PROTOCOLS)


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip in TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return IPv4Address(int(ip) >> 80 & 0xFFFFFFFF) if ip in TUNNELLED else ip


def watch(roots: tuple[str, ...], event: str, arguments: tuple[Any, ...]) -> None:
    """Python's audit hook: raises Refusal. `roots` are the folders whose files may be read."""
    if event in PROGRAMS:
        raise Refusal(f"{event} is not allowed here")
    if event in SENDING:
        _watch_sending(arguments[-1])
    elif event == "open":
        _watch_file(roots, arguments[0], arguments[2])


def _watch_sending(address: Any) -> None:  # noqa: ANN401  # of whatever family the socket is
    asked = _asked.get()
    if address is None:  # of a socket that is connected
        return
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        if admits(asked.reach if asked else "internet", host):
            return
    except ValueError:  # a socket of this machine, or a name, which Python has not looked up yet
        pass
    refusal = f"{host or 'a socket of this machine'} is not an address that services may reach{MAY_BE_ALLOWED}"
    if asked:
        asked.refused.append(refusal)
    raise Refusal(refusal)


def _watch_file(roots: tuple[str, ...], path: Any, flags: Any) -> None:  # noqa: ANN401  # text, bytes, or a number
    if isinstance(path, int):
        return
    name = os.path.realpath(os.fsdecode(path))
    writes = isinstance(flags, int) and flags & WRITING and name != "/dev/null"
    if writes or not (name.startswith((*READABLE, *roots)) or name in READABLE_FILES):
        raise Refusal(f"{name} is not for this program")


class _Listening(logging.Handler):
    """Keeps what plugins say, for the question they say it of."""

    def emit(self, record: logging.LogRecord) -> None:
        if asked := _asked.get():
            asked.said.append(record.getMessage())


def answer(question: Question) -> Answer:
    """Sends, by an Apprise object of its own."""
    asked = Asked(question.reach)
    _asked.set(asked)
    try:
        result = _notify(question)
    except Exception as error:  # whatever a plugin raises is a failure of this question alone
        asked.said.append(str(error) or type(error).__name__)
        result = Answer(outcome="failed")
    if asked.refused and result.outcome == "failed":
        return Answer(outcome="private", text=asked.refused[0], name=result.name)
    text = result.text or "; ".join(dict.fromkeys(asked.said))
    return Answer(outcome=result.outcome, text=masked(text, question.url)[:WORDS], name=result.name)


def _notify(question: Question) -> Answer:
    import apprise
    from apprise.common import OverflowMode
    from apprise.result import AppriseResultStatus as Status

    asset = apprise.AppriseAsset(
        app_id="Carillon",
        async_mode=False,
        http_redirects=False,
        plugin_paths=None,
        service_timeout=question.seconds * SPARE,
        allow_templates=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    try:
        plugin = apprise.Apprise.instantiate(question.url, asset=asset, suppress_exceptions=False)
    except TypeError as error:
        return Answer(outcome="options", text=str(error))
    if plugin is None:
        return Answer(outcome="options", text="" if _said() else "Apprise does not know this kind of address")
    name = str(plugin.service_name)
    if not question.body and not question.title:
        return Answer(outcome="sent", name=name)
    plugin.socket_connect_timeout = CONNECT
    plugin.socket_read_timeout = question.seconds  # or what was heard and not answered would look like what was not
    plugin.overflow_mode = OverflowMode.SPLIT
    plugin.redirects = False
    plugin.retry = 0
    box = apprise.Apprise(asset=asset)
    box.add(plugin)
    form = apprise.NotifyFormat.MARKDOWN if question.markdown else apprise.NotifyFormat.TEXT
    result = box.notify(question.body, question.title, question.kind, body_format=form)
    if result.status == Status.SUCCESS:
        return Answer(outcome="sent", name=name)
    return Answer(outcome="timeout" if result.status == Status.TIMEOUT else "failed", name=name)


def _said() -> bool:
    asked = _asked.get()
    return bool(asked and asked.said)


def masked(text: str, url: str) -> str:
    """The text without pieces of the address that may be secrets: all but its scheme and what looks like its host."""
    host = re.search(r"://(?:[^/@]*@)?([\w-]+(?:\.[\w-]+){1,3})(?=[:/?]|$)", url)
    shown = {url.partition("://")[0], host[1] if host else ""}
    pieces = {form for piece in re.split(r"[/?&=@:,#]+", url) for form in (piece, unquote(piece))} - shown
    for piece in sorted((each for each in pieces if len(each) >= SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(piece, "•••")
    return text


def prepare() -> None:
    """Loads Apprise and takes away what it must not do. What is read from now on is held to the programs' folders."""
    import apprise
    import apprise.logger

    plugins: Any = apprise.NotificationManager()  # type: ignore[no-untyped-call]  # Apprise's own has no types
    plugins.disable(*DENIED)
    logger = logging.getLogger("apprise")
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    logger.addHandler(_Listening(logging.WARNING))
    packages = {
        os.path.dirname(os.path.dirname(os.path.realpath(each))) for each in (apprise.__file__, msgspec.__file__)
    }
    roots = {*packages, os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)} - {"/", "/usr"}
    sys.addaudithook(partial(watch, tuple(f"{each}/" for each in roots)))


class _Asked(Struct, frozen=True):
    id: int
    question: Raw


def main() -> None:
    """Until stdin ends."""
    said = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    sys.stdout = sys.stderr  # what a plugin prints is no answer
    prepare()
    writing = threading.Lock()

    def work(asked: _Asked) -> None:
        try:
            told = answer(msgspec.json.decode(asked.question, type=Question))
        except msgspec.DecodeError as error:
            told = Answer(outcome="failed", text=str(error))
        line = b'{"id":%d,"answer":%b}\n' % (asked.id, msgspec.json.encode(told))
        with writing:
            said.write(line)

    threads = ThreadPoolExecutor(THREADS, "question")
    for line in sys.stdin.buffer:
        threads.submit(work, msgspec.json.decode(line, type=_Asked))
    os._exit(0)  # whoever is stuck in a plugin is not waited for


if __name__ == "__main__":
    main()
