"""Every setting: its name, type, default and meaning, each declared once, as a field of `Settings`.

A setting `port` is CARILLON_PORT in the process environment or, if not there, in the file `carillon.env` in the data
folder. A secret may also be the content of a file: CARILLON_TOKEN_FILE names it. Empty is as good as absent. One that
is `live` and stands in neither can be decided by admins while the server runs, and is kept in the database then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from carillon.core.decisions import Decidable, Section, Value
from carillon.kinds import (
    CONTENT_TYPE,
    COUNT,
    DATABASE,
    DAYS,
    FACE,
    FOLDER,
    FORMAT,
    HOST,
    LEVEL,
    NETWORK,
    ORIGIN,
    PORT,
    PRIORITY,
    RATE,
    REACH,
    SIZE,
    SWITCH,
    TEXT,
    TOKEN_LENGTH,
    URL,
    Kind,
    list_of,
)

PREFIX = "CARILLON_"
FOR_TESTS = "CARILLON_TEST_"
ENV_FILE = "carillon.env"
MASK = "***"
KUBERNETES = re.compile(r"CARILLON_(SERVICE_|PORT_\d)")  # what it sets for a service named carillon


class SettingsError(Exception):
    """The settings cannot be used; a line for each thing that is wrong."""


@dataclass(frozen=True)
class Live:
    """May be changed while the server runs. `section` is where admins find it, `unit` what a number counts."""

    section: Section
    unit: str | None = None


@dataclass(frozen=True)
class Setting:
    """The declaration of one setting, beside its type and default."""

    meaning: str
    kind: Kind[Any]
    secret: bool = False
    live: Live | None = None


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
            list_of(NETWORK),
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
    log_level: Annotated[
        str,
        Setting(
            "What is not logged: all below this level. `debug` tells much more, and slows a busy server down.",
            LEVEL,
            live=Live("server"),
        ),
    ] = "info"
    log_format: Annotated[
        str, Setting("`text` for people, `json` for programs, `auto`: text on a terminal and else JSON.", FORMAT)
    ] = "auto"
    cors_origins: Annotated[
        tuple[str, ...],
        Setting("Web pages of other origins that may call the server from a browser; empty: none.", list_of(ORIGIN)),
    ] = ()
    picture_networks: Annotated[
        tuple[str, ...],
        Setting(
            "Private networks or addresses from which the pictures in messages are fetched too, such as that of your "
            "cameras; whoever may send a message can then make the server ask for any address there; empty: none.",
            list_of(NETWORK),
        ),
    ] = ()
    service_addresses: Annotated[
        str,
        Setting(
            "What services may send to: `internet`; `private`: also the private networks that this machine is in; "
            "`any`: also this machine itself. Whoever has an account can then make the server ask for any address "
            "there. Link-local addresses, and those where clouds keep secrets, are never reached.",
            REACH,
            live=Live("sending"),
        ),
    ] = "internet"
    streams_per_user: Annotated[
        int,
        Setting(
            "Open streams that one user may have; each page, app and script that listens is one. What is open stays.",
            COUNT,
            live=Live("clients", "streams"),
        ),
    ] = 100
    request_limit: Annotated[
        int,
        Setting("Largest request, in bytes; pictures of applications too.", SIZE, live=Live("sending", "bytes")),
    ] = 1024 * 1024
    message_limit: Annotated[
        int,
        Setting(
            "Longest text of a message, in bytes of UTF-8. A longer one is refused, not cut.",
            SIZE,
            live=Live("sending", "bytes"),
        ),
    ] = 64 * 1024
    publish_rate: Annotated[
        int,
        Setting(
            "Messages a second that one token may send in the long run; its user and its address, four times that; "
            "0: as many as it likes.",
            RATE,
            live=Live("sending", "messages a second"),
        ),
    ] = 50
    publish_burst: Annotated[
        int,
        Setting(
            "Messages that one token may send at once before that counts; user and address as above.",
            COUNT,
            live=Live("sending", "messages"),
        ),
    ] = 5000
    default_priority: Annotated[
        int,
        Setting(
            "Default priority of an application that is made without one: that of its messages which say none. 0 is "
            "silent.",
            PRIORITY,
            live=Live("applications"),
        ),
    ] = 0
    default_content_type: Annotated[
        str,
        Setting(
            "Content type of the messages of new applications which say none. `auto`: Markdown where a text of several "
            "lines looks like it.",
            CONTENT_TYPE,
            live=Live("applications"),
        ),
    ] = "auto"
    token_length: Annotated[
        int,
        Setting(
            "Characters of the tokens that are made: 15, as before Gotify 3, or 49, as since then. Old ones stay good.",
            TOKEN_LENGTH,
            live=Live("applications", "characters"),
        ),
    ] = 15
    show_tokens: Annotated[
        bool,
        Setting(
            "Whether lists show their owners the tokens that are made from now on; each is then kept a second time, "
            "encrypted with the key in `carillon.key` in the data folder.",
            SWITCH,
            live=Live("applications"),
        ),
    ] = False
    registration: Annotated[
        bool, Setting("Whether anybody may make himself an account.", SWITCH, live=Live("accounts"))
    ] = False
    session_days: Annotated[
        int,
        Setting(
            "Days without use after which a browser has to sign in again; for sessions that begin from now on.",
            DAYS,
            live=Live("accounts", "days"),
        ),
    ] = 30
    snapshot: Annotated[
        bool,
        Setting(
            "Whether a copy of the SQLite database is kept as gotify.db in the data folder, for backups with `cp`: "
            "made at the start, every hour and at the end. It takes as much room again as the database.",
            SWITCH,
            live=Live("server"),
        ),
    ] = False
    gotify_face: Annotated[
        int,
        Setting(
            "Major version of Gotify to answer as: 3, or 2 for old clients: no elevation, an absolute `next`.",
            FACE,
            live=Live("clients"),
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

    def effective(self, decided: Mapping[str, Value] | None = None) -> list[Effective]:
        """In the order of declaration. `decided` is what the database says, by field, where nothing else does."""
        decided = {name: value for name, value in (decided or {}).items() if name not in self.sources}
        return [
            Effective(
                declared.name,
                MASK if declared.setting.secret and value else _show(value),
                "database" if declared.field in decided else self.sources.get(declared.field, "default"),
            )
            for declared in declared_settings()
            for value in [decided.get(declared.field, getattr(self, declared.field))]
        ]

    def text(self, decided: Mapping[str, Value] | None = None) -> str:
        """The same for people, a line each."""
        return "".join(f"{each.name} = {each.value}    ({each.source})\n" for each in self.effective(decided))

    def decidable(self) -> list[Decidable]:
        """The live ones in the order of declaration, each with its value and what fixes it."""
        return [
            _decidable(declared, declared.setting.live, settings=self)
            for declared in declared_settings()
            if declared.setting.live is not None
        ]


@cache
def declared_settings() -> tuple[Declared, ...]:
    """Every setting, in the order of declaration."""
    hints = get_type_hints(Settings, include_extras=True)
    return tuple(
        Declared(each.name, _show(each.default), next(iter(hints[each.name].__metadata__)))
        for each in fields(Settings)
        if hasattr(hints[each.name], "__metadata__")
    )


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


def _decidable(declared: Declared, live: Live, *, settings: Settings) -> Decidable:
    kind = declared.setting.kind
    bounds = kind.bounds or (None, None)
    return Decidable(
        name=declared.field,
        section=live.section,
        kind="choice" if kind.choices else "boolean" if kind.bounds is None else "integer",
        default=getattr(Settings, declared.field),
        help=declared.setting.meaning,
        value=getattr(settings, declared.field),
        choices=kind.choices,
        minimum=bounds[0],
        maximum=bounds[1],
        unit=live.unit,
        fixed_by=declared.name if declared.field in settings.sources else None,
    )
