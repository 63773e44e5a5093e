"""Every setting: its name, type, default and meaning, each declared once, as a field of `Settings`.

A setting `port` is CARILLON_PORT in the process environment or, if not there, in the file `carillon.env` in the data
folder. A secret may also be the content of a file: CARILLON_TOKEN_FILE names it. Empty is as good as absent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar, get_type_hints
from urllib.parse import urlsplit

T = TypeVar("T")

PREFIX = "CARILLON_"
FOR_TESTS = "CARILLON_TEST_"
ENV_FILE = "carillon.env"
MASK = "***"
KUBERNETES = re.compile(r"CARILLON_(SERVICE_|PORT_\d)")  # what it sets for a service named carillon


class SettingsError(Exception):
    """The settings cannot be used; a line for each thing that is wrong."""


@dataclass(frozen=True)
class Kind(Generic[T]):
    """How the text of a setting is read. `read` raises ValueError for what is not as `expects` says."""

    expects: str
    read: Callable[[str], T]


@dataclass(frozen=True)
class Setting:
    """The declaration of one setting, beside its type and default."""

    meaning: str
    kind: Kind[Any]
    secret: bool = False


@dataclass(frozen=True)
class Declared:
    """A setting as the manual shows it. `name` is that of the environment variable."""

    field: str
    default: str
    setting: Setting

    @property
    def name(self) -> str:
        return PREFIX + self.field.upper()


@dataclass(frozen=True)
class Effective:
    """A setting as it is in force. `value` is masked if it is secret, `source` says where it comes from."""

    name: str
    value: str
    source: str


def _host(text: str) -> str:
    bare = text.removeprefix("[").removesuffix("]")
    if ":" in bare:
        return str(ip_address(bare))
    if not re.fullmatch(r"[\w.-]+", bare):
        raise ValueError(text)
    return bare


def _whole(low: int, high: int) -> Kind[int]:
    def read(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return Kind(f"a whole number from {low} to {high}", read)


def _one_of(*words: str) -> Kind[str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(text)
        return text.lower()

    return Kind(f"one of {', '.join(words)}", read)


def _one_number_of(*numbers: int) -> Kind[int]:
    words = _one_of(*map(str, numbers))
    return Kind(words.expects, lambda text: int(words.read(text)))


def _switch(text: str) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _list_of(one: Kind[str]) -> Kind[tuple[str, ...]]:
    return Kind(
        f"{one.expects}, several separated by commas",
        lambda text: tuple(one.read(part.strip()) for part in text.split(",") if part.strip()),
    )


def _network(text: str) -> str:
    return str(ip_network(text)) if "/" in text else str(ip_address(text))


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ValueError(text)
    if parts.query or parts.fragment or re.search(r"[\s\\]", text) or parts.port == 0:
        raise ValueError(text)
    return text.rstrip("/")


def _origin(text: str) -> str:
    if urlsplit(_url(text)).path or text.endswith("/"):
        raise ValueError(text)
    return text.lower()


def _database(text: str) -> str:
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise ValueError(text)
    return text


TEXT = Kind("any text", str)
FOLDER = Kind("a folder", Path)
HOST = Kind("an address or a host name, without a port", _host)
PORT = _whole(0, 65_535)
URL = Kind("an address such as https://bell.example.org", _url)
NETWORK = Kind("an address or a network such as 10.0.0.0/8", _network)
ORIGIN = Kind("an origin such as https://app.example.org", _origin)
DATABASE = Kind("an address such as postgresql://user:password@host/name", _database)
LEVEL = _one_of("debug", "info", "warning", "error")
FORMAT = _one_of("auto", "text", "json")
SWITCH = Kind("true or false", _switch)
COUNT = _whole(1, 1_000_000)
RATE = _whole(0, 1_000_000)
TOKEN_LENGTH = _one_number_of(15, 49)
SIZE = _whole(1024, 1024**3)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the people who run Carillon decide. Sizes are in bytes."""

    host: Annotated[str, Setting("Address to listen on; empty: all, of IPv4 and IPv6.", HOST)] = ""
    port: Annotated[int, Setting("Port to listen on; 0: any that is free.", PORT)] = 8080
    data: Annotated[Path, Setting("Folder that holds everything Carillon keeps.", FOLDER)] = Path("data")
    database: Annotated[
        str, Setting("PostgreSQL database to store in; empty: SQLite, in the data folder.", DATABASE, secret=True)
    ] = field(default="", repr=False)
    base_url: Annotated[
        str, Setting("Address under which people and devices reach the server; empty: as each request says.", URL)
    ] = ""
    trusted_proxies: Annotated[
        tuple[str, ...],
        Setting(
            "Reverse proxies that are believed about who asks, and for which address of ours; empty: none.",
            _list_of(NETWORK),
        ),
    ] = ()
    admin_password: Annotated[
        str,
        Setting(
            "Password of the first user, `admin`, read at the very first start only; empty: `admin`, "
            "and until it is changed only this machine gets further than signing in.",
            TEXT,
            secret=True,
        ),
    ] = field(default="", repr=False)
    log_level: Annotated[str, Setting("What is not logged: all below this level.", LEVEL)] = "info"
    log_format: Annotated[
        str, Setting("`text` for people, `json` for programs, `auto`: text on a terminal and else JSON.", FORMAT)
    ] = "auto"
    cors_origins: Annotated[
        tuple[str, ...],
        Setting("Web pages of other origins that may call the server from a browser; empty: none.", _list_of(ORIGIN)),
    ] = ()
    streams_per_user: Annotated[int, Setting("Open streams that one user may have.", COUNT)] = 100
    request_limit: Annotated[int, Setting("Largest request, in bytes.", SIZE)] = 1024 * 1024
    message_limit: Annotated[int, Setting("Longest text of a message, in bytes of UTF-8.", SIZE)] = 64 * 1024
    publish_rate: Annotated[
        int,
        Setting(
            "Messages a second that one token may send in the long run; its user and its address, four times that; "
            "0: as many as it likes.",
            RATE,
        ),
    ] = 50
    publish_burst: Annotated[
        int, Setting("Messages that one token may send at once before that counts; user and address as above.", COUNT)
    ] = 5000
    token_length: Annotated[
        int,
        Setting("Characters of the tokens that are made: 15, as before Gotify 3, or 49, as since then.", TOKEN_LENGTH),
    ] = 15
    show_tokens: Annotated[
        bool,
        Setting(
            "Whether lists show their owners the tokens that are made from now on; each is then kept a second time, "
            "encrypted with the key in `carillon.key` in the data folder.",
            SWITCH,
        ),
    ] = False
    registration: Annotated[bool, Setting("Whether anybody may make himself an account.", SWITCH)] = False
    snapshot: Annotated[
        bool,
        Setting(
            "Whether a copy of the SQLite database is kept as gotify.db in the data folder, for backups with `cp`: "
            "made at the start, every hour and at the end.",
            SWITCH,
        ),
    ] = False
    gotify_face: Annotated[
        int,
        Setting(
            "Major version of Gotify to answer as: 3, or 2 for old clients: no elevation, an absolute `next`.",
            _whole(2, 3),
        ),
    ] = 3
    url: Annotated[str, Setting("Server that `send` and `listen` talk to; empty: the one of this machine.", URL)] = ""
    token: Annotated[
        str,
        Setting(
            "Token for `send` (an application's) and `listen` (a device's); empty: through the data folder.",
            TEXT,
            secret=True,
        ),
    ] = field(default="", repr=False)

    sources: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @staticmethod
    def load(environ: Mapping[str, str]) -> Settings:
        """Reads `environ`, `carillon.env` and the files that secrets are in.

        Raises SettingsError that names everything that is wrong at once.
        """
        problems: list[str] = []
        data = Path(environ.get(PREFIX + "DATA") or Settings.data)
        env_file = data / ENV_FILE
        places = [("environment", environ), (str(env_file), _read_env_file(env_file, problems))]
        for place, given in places:
            problems += _strangers(place, given)
        if given_in_file := places[1][1].get(PREFIX + "DATA"):
            problems.append(f"{env_file}: CARILLON_DATA = {given_in_file!r} cannot stand in a file of the data folder")
        values: dict[str, Any] = {}
        sources: dict[str, str] = {}
        for declared in declared_settings():
            try:
                found = _find(declared, places)
                if found is not None:
                    values[declared.field], sources[declared.field] = found
            except SettingsError as error:
                problems.append(str(error))
        settings = Settings(**values, sources=sources)
        if not problems and settings.message_limit > settings.request_limit:
            problems.append("CARILLON_MESSAGE_LIMIT must not be above CARILLON_REQUEST_LIMIT")
        if problems:
            raise SettingsError("\n".join(problems))
        return settings

    @property
    def server_url(self) -> str:
        """Where the commands find the server: `url`, or else the port on this machine."""
        if self.url:
            return self.url
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # what is bound is not what is called
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def socket(self) -> Path:
        """The socket by which commands talk to the server that runs on the data folder."""
        return self.data / "carillon.sock"

    def effective(self) -> list[Effective]:
        """In the order of declaration."""
        return [
            Effective(
                declared.name,
                MASK if declared.setting.secret and value else _show(value),
                self.sources.get(declared.field, "default"),
            )
            for declared in declared_settings()
            for value in [getattr(self, declared.field)]
        ]


def declared_settings() -> list[Declared]:
    """Every setting, in the order of declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return [
        Declared(each.name, _show(each.default), next(iter(hints[each.name].__metadata__)))
        for each in fields(Settings)
        if hasattr(hints[each.name], "__metadata__")
    ]


def parse_env_file(text: str) -> dict[str, str]:
    """The lines `NAME=value` of an env file, like a shell's: `export ` before it, quotes around the value, comments.

    In double quotes a backslash keeps the next character; nothing is substituted. Raises SettingsError, a line for
    each bad line, without the values.
    """
    found: dict[str, str] = {}
    problems = []
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = ENV_LINE.fullmatch(line)
        if match is None:
            problems.append(f"line {number} is not like NAME=value")
        elif match["name"] in found:
            problems.append(f"line {number}: {match['name']} is given twice")
        else:
            found[match["name"]] = _unquoted(match)
    if problems:
        raise SettingsError("\n".join(problems))
    return found


ENV_LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?:"(?P<double>(?:[^"\\]|\\.)*)"|'(?P<single>[^']*)'|(?P<bare>(?!["']).*?))
    (?:\s+\#.*|\s*)""",
    re.VERBOSE,
)


def _unquoted(match: re.Match[str]) -> str:
    if match["double"] is not None:
        return re.sub(r"\\(.)", r"\1", match["double"])
    return match["single"] if match["single"] is not None else match["bare"]


def _read_env_file(path: Path, problems: list[str]) -> dict[str, str]:
    try:
        return parse_env_file(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except NotADirectoryError:
        problems.append(f"CARILLON_DATA: {str(path.parent)!r} is not a folder")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: cannot be read ({error})")
    except SettingsError as error:
        problems += [f"{path}: {line}" for line in str(error).splitlines()]
    return {}


def _strangers(place: str, given: Mapping[str, str]) -> list[str]:
    """A line for each name that is none of ours. What else the environment holds is no business of ours."""
    known = {declared.name for declared in declared_settings()}
    known |= {declared.name + "_FILE" for declared in declared_settings() if declared.setting.secret}
    problems = []
    for name in given:
        ours = name.upper().startswith(PREFIX) or place != "environment"
        if not ours or name in known or name.startswith(FOR_TESTS):
            continue
        nearest = get_close_matches(PREFIX + name.upper().removeprefix(PREFIX), sorted(known), n=1)
        hint = f", did you mean {nearest[0]}?" if nearest else " (carillon settings lists them)"
        if KUBERNETES.match(name):
            hint = ": Kubernetes sets it, put `enableServiceLinks: false` into the pod"
        problems.append(f"{place}: there is no setting {name}{hint}")
    return problems


def _find(declared: Declared, places: list[tuple[str, Mapping[str, str]]]) -> tuple[object, str] | None:
    """The value of a setting and where it stands, from the first place that has it."""
    for place, given in places:
        text, twin = given.get(declared.name), given.get(declared.name + "_FILE")
        if declared.setting.secret and twin:
            if text:
                raise SettingsError(f"{place}: {declared.name} and {declared.name}_FILE are both given, one is enough")
            return _value(declared, _secret_file(declared, twin)), f"{twin} ({place})"
        if text:
            return _value(declared, text), place
    return None


def _secret_file(declared: Declared, path: str) -> str:
    try:
        return Path(path).read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise SettingsError(f"{declared.name}_FILE = {path!r}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{declared.name}_FILE = {path!r}: not a text in UTF-8") from None


def _value(declared: Declared, text: str) -> object:
    try:
        return declared.setting.kind.read(text.strip() if declared.setting.kind is not TEXT else text)
    except ValueError:
        given = "what is given" if declared.setting.secret else repr(text)
        raise SettingsError(f"{declared.name}: {given} is not {declared.setting.kind.expects}") from None


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(value) if isinstance(value, tuple) else str(value)
