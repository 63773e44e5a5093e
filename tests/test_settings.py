from __future__ import annotations

import re
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields as struct_fields

from carillon.core.decisions import Policy
from carillon.core.limits import Limits
from carillon.core.peers import Peers
from carillon.settings import MASK, Settings, SettingsError, declared_settings, parse_env_file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path


def load(data: Path, **given: str) -> Settings:
    return Settings.load({"CARILLON_DATA": str(data)} | {f"CARILLON_{name}": value for name, value in given.items()})


def problems(data: Path, **given: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(data, **given)
    return str(caught.value).splitlines()


def source_of(settings: Settings, name: str) -> str:
    return next(each.source for each in settings.effective() if each.name == name)


def test_defaults() -> None:
    settings = Settings.load({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.data) == ("", 8080, Path("data"))
    assert settings.request_limit == Limits().request
    assert settings.message_limit == Limits().text
    assert settings.streams_per_user == Limits().streams_per_user


def test_every_field_is_declared_with_a_sentence() -> None:
    declared = declared_settings()
    assert {each.field for each in declared} == {field.name for field in fields(Settings)} - {"sources"}
    for each in declared:
        assert each.name == f"CARILLON_{each.field.upper()}"
        assert re.fullmatch(r".+\.", each.setting.meaning), each.name


def test_settings_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]  # the point


def test_the_environment_goes_before_the_file(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_PORT=1\nCARILLON_LOG_LEVEL=debug\n")
    settings = load(data, PORT="2")
    assert (settings.port, settings.log_level) == (2, "debug")
    assert source_of(settings, "CARILLON_PORT") == "environment"
    assert source_of(settings, "CARILLON_LOG_LEVEL") == str(data / "carillon.env")
    assert source_of(settings, "CARILLON_HOST") == "default"


def test_empty_is_as_good_as_absent(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_PORT=\nCARILLON_LOG_LEVEL=error")
    settings = load(data, LOG_LEVEL="", TOKEN="", TOKEN_FILE="")
    assert (settings.port, settings.log_level, settings.token) == (8080, "error", "")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("HOST", "::", "::"),
        ("HOST", "[::1]", "::1"),
        ("HOST", "bell.example.org", "bell.example.org"),
        ("PORT", " 0 ", 0),
        ("DATABASE", "postgresql://me:pw@db/name", "postgresql://me:pw@db/name"),
        ("BASE_URL", "https://example.org/bells/", "https://example.org/bells"),
        ("BASE_URL", "http://[::1]:8080", "http://[::1]:8080"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1,", ("10.0.0.0/8", "::1")),
        ("REGISTRATION", "Yes", True),
        ("REGISTRATION", "0", False),
        ("GOTIFY_FACE", "2", 2),
        ("PUBLISH_RATE", "0", 0),
        ("TOKEN_LENGTH", "49", 49),
        ("DEFAULT_PRIORITY", "10", 10),
        ("DEFAULT_CONTENT_TYPE", "Text/Plain", "text/plain"),
        ("SESSION_DAYS", "3650", 3650),
        (
            "CORS_ORIGINS",
            "https://App.example.org,http://localhost:3000",
            ("https://app.example.org", "http://localhost:3000"),
        ),
        ("ADMIN_PASSWORD", " spaces are kept ", " spaces are kept "),
        ("LOG_LEVEL", "WARNING", "warning"),
        ("LOG_FORMAT", "json", "json"),
        ("REQUEST_LIMIT", "65536", 65536),
    ],
)
def test_good_values(data: Path, name: str, text: str, value: object) -> None:
    assert getattr(load(data, **{name: text}), name.lower()) == value


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("HOST", "http://example.org", "an address or a host name"),
        ("HOST", "example.org:8080", "an address or a host name"),
        ("PORT", "65536", "a whole number from 0 to 65535"),
        ("PORT", "-1", "a whole number"),
        ("PORT", "http", "a whole number"),
        ("REGISTRATION", "maybe", "true or false"),
        ("GOTIFY_FACE", "4", "one of 2, 3"),
        ("PUBLISH_RATE", "-1", "a whole number from 0 to 1000000"),
        ("PUBLISH_BURST", "0", "a whole number from 1 to 1000000"),
        ("TOKEN_LENGTH", "16", "one of 15, 49"),
        ("DATABASE", "mysql://db", "postgresql://"),
        ("BASE_URL", "example.org", "https://"),
        ("BASE_URL", "ftp://example.org", "https://"),
        ("BASE_URL", "https://", "https://"),
        ("BASE_URL", "https://user@example.org", "https://"),
        ("BASE_URL", "https://example.org/?a=b", "https://"),
        ("BASE_URL", "https://exa mple.org", "https://"),
        ("BASE_URL", "https://example.org:port", "https://"),
        ("TRUSTED_PROXIES", "proxy", "an address or a network"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "an address or a network"),
        ("CORS_ORIGINS", "*", "an origin"),
        ("CORS_ORIGINS", "https://example.org/", "an origin"),
        ("CORS_ORIGINS", "https://example.org/app", "an origin"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error"),
        ("LOG_FORMAT", "xml", "one of auto, text, json"),
        ("STREAMS_PER_USER", "0", "a whole number from 1"),
        ("REQUEST_LIMIT", "1 MiB", "a whole number from 1024"),
    ],
)
def test_bad_values(data: Path, name: str, text: str, expected: str) -> None:
    (line,) = problems(data, **{name: text})
    assert line.startswith(f"CARILLON_{name}: ")
    assert expected in line
    assert (text in line) == (name != "DATABASE")


def test_what_is_trusted_here_is_what_peers_takes(data: Path) -> None:
    Peers(load(data, TRUSTED_PROXIES="10.0.0.0/8, 2001:db8::/32, 127.0.0.1").trusted_proxies)


def test_a_message_must_fit_into_a_request(data: Path) -> None:
    assert problems(data, REQUEST_LIMIT="2048") == ["CARILLON_MESSAGE_LIMIT must not be above CARILLON_REQUEST_LIMIT"]


def test_everything_wrong_is_told_at_once(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_LOGLEVEL=debug\nCARILLON_PORT=x\n")
    assert len(problems(data, HOTS="::", LOG_FORMAT="xml", TOKEN="a", TOKEN_FILE="b")) == 5


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CARILLON_PROT", "CARILLON_PORT"),
        ("CARILLON_TRUSTED_PROXY", "CARILLON_TRUSTED_PROXIES"),
        ("carillon_port", "CARILLON_PORT"),
        ("CARILLON_TOKEN_FLE", "CARILLON_TOKEN_FILE"),
        ("CARILLON_PORT_FILE", "CARILLON_PORT"),
    ],
)
def test_a_misspelt_name_stops_the_start(data: Path, name: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=rf"environment: there is no setting {name}, did you mean {nearest}\?"):
        Settings.load({"CARILLON_DATA": str(data), name: "1"})
    (data / "carillon.env").write_text(f"{name}=1")
    (line,) = problems(data)
    assert line == f"{data / 'carillon.env'}: there is no setting {name}, did you mean {nearest}?"


def test_a_name_like_no_other(data: Path) -> None:
    assert problems(data, ZZZZZZZZZZ="1") == [
        "environment: there is no setting CARILLON_ZZZZZZZZZZ (carillon settings lists them)"
    ]


def test_names_that_kubernetes_sets_are_explained(data: Path) -> None:
    assert "enableServiceLinks" in problems(data, SERVICE_HOST="10.0.0.1")[0]
    assert "enableServiceLinks" in problems(data, PORT_8080_TCP="tcp://10.0.0.1:8080")[0]


def test_only_the_file_is_ours_alone(data: Path) -> None:
    assert Settings.load({"CARILLON_DATA": str(data), "HOME": "/root", "CARILLON_TEST_SOAK": "1"}).data == data
    (data / "carillon.env").write_text("CARILLON_TEST_SOAK=1\nPORT=1")
    assert problems(data) == [f"{data / 'carillon.env'}: there is no setting PORT, did you mean CARILLON_PORT?"]


def test_the_data_folder_cannot_be_named_by_a_file_in_it(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_DATA=elsewhere")
    (line,) = problems(data)
    assert "CARILLON_DATA = 'elsewhere' cannot stand in" in line


def test_a_data_folder_that_is_a_file(data: Path) -> None:
    (data / "file").write_text("")
    assert problems(data / "file") == [f"CARILLON_DATA: {str(data / 'file')!r} is not a folder"]


def test_a_secret_from_a_file(data: Path) -> None:
    (data / "token").write_text("Cabc \r\n\n")
    settings = load(data, TOKEN_FILE=str(data / "token"))
    assert settings.token == "Cabc "
    assert source_of(settings, "CARILLON_TOKEN") == f"{data / 'token'} (environment)"


def test_a_secret_given_twice(data: Path) -> None:
    assert problems(data, TOKEN="a", TOKEN_FILE="b") == [
        "environment: CARILLON_TOKEN and CARILLON_TOKEN_FILE are both given, one is enough"
    ]


def test_a_secret_of_the_environment_goes_before_the_file_of_another(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_TOKEN_FILE=/nowhere")
    assert load(data, TOKEN="Cabc").token == "Cabc"


def test_a_secret_file_that_cannot_be_read(data: Path) -> None:
    (data / "binary").write_bytes(b"\xff")
    assert "No such file" in problems(data, TOKEN_FILE=str(data / "none"))[0]
    assert "UTF-8" in problems(data, TOKEN_FILE=str(data / "binary"))[0]


def test_secrets_are_masked(data: Path) -> None:
    secrets = [each for each in declared_settings() if each.setting.secret]
    assert {each.field for each in secrets} == {"database", "admin_password", "token"}
    settings = load(data, DATABASE="postgres://u:Hush@h/d", ADMIN_PASSWORD="Hush", TOKEN="Hush")
    assert "Hush" not in repr(settings)
    shown = {each.name: each.value for each in settings.effective()}
    assert [shown[each.name] for each in secrets] == [MASK] * 3
    assert {each.value for each in Settings().effective() if each.name == "CARILLON_TOKEN"} == {""}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"HOST": "0.0.0.0", "PORT": "80"}, "http://127.0.0.1:80"),
        ({"HOST": "::"}, "http://[::1]:8080"),
        ({"HOST": "192.168.1.2"}, "http://192.168.1.2:8080"),
        ({"URL": "https://example.org/"}, "https://example.org"),
    ],
)
def test_where_the_commands_find_the_server(data: Path, given: dict[str, str], url: str) -> None:
    assert load(data, **given).server_url == url


def test_the_socket_is_in_the_data_folder(data: Path) -> None:
    assert load(data).socket == data / "carillon.sock"


def test_what_is_live_says_all_that_programs_need(data: Path) -> None:
    live = {each.name: each for each in load(data, TOKEN_LENGTH="49").decidable()}
    assert set(live) == {field.name for field in struct_fields(Policy)}
    for each in live.values():
        assert each.check(each.default) == each.default == getattr(Settings, each.name)
        assert each.help == next(one.setting.meaning for one in declared_settings() if one.field == each.name)
        assert (each.kind == "choice") == bool(each.choices)
        assert (each.kind == "integer") == (each.minimum is not None) == (each.maximum is not None)
    assert {name for name, each in live.items() if each.fixed_by} == {"token_length"}
    assert (live["token_length"].fixed_by, live["token_length"].value) == ("CARILLON_TOKEN_LENGTH", 49)
    assert not any(each.setting.secret for each in declared_settings() if each.setting.live)


def test_what_is_decided_goes_before_the_default_and_behind_all_else(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_PUBLISH_RATE=2")
    settings = load(data, REGISTRATION="no")
    decided: dict[str, bool | int | str] = {"registration": True, "publish_rate": 3, "publish_burst": 4}
    shown = {each.name: (each.value, each.source) for each in settings.effective(decided)}
    assert shown["CARILLON_REGISTRATION"] == ("false", "environment")
    assert shown["CARILLON_PUBLISH_RATE"] == ("2", str(data / "carillon.env"))
    assert shown["CARILLON_PUBLISH_BURST"] == ("4", "database")
    assert shown["CARILLON_SNAPSHOT"] == ("false", "default")
    assert "CARILLON_PUBLISH_BURST = 4    (database)\n" in settings.text(decided)


def test_env_file_lines() -> None:
    text = """
    # a comment
    A=1
    export B = two words   # said of it
    C="double \\"quoted\\" # no comment \\\\" # but this
    D='single "quoted" \\n'
    E=
    F=a#b
    G=a=b
    """
    assert parse_env_file(text) == {
        "A": "1",
        "B": "two words",
        "C": 'double "quoted" # no comment \\',
        "D": 'single "quoted" \\n',
        "E": "",
        "F": "a#b",
        "G": "a=b",
    }


@pytest.mark.parametrize("line", ["nonsense", "=1", "1A=1", 'A="open', "A='open", 'A="a" b', "A B=1", "export A"])
def test_a_bad_line_is_named_but_not_shown(line: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_env_file(f"X=1\n{line}\n")
    assert str(caught.value) == "line 2 is not like NAME=value"


def test_a_name_given_twice(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_PORT=1\r\nCARILLON_PORT=2\r\n")
    assert problems(data) == [f"{data / 'carillon.env'}: line 2: CARILLON_PORT is given twice"]


def test_a_file_that_is_no_text(data: Path) -> None:
    (data / "carillon.env").write_bytes(b"CARILLON_PORT=\xff")
    assert "cannot be read" in problems(data)[0]


def test_a_byte_order_mark_is_no_part_of_a_name(data: Path) -> None:
    (data / "carillon.env").write_text("CARILLON_PORT=9\n", "utf-8-sig")
    assert load(data).port == 9


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True)
ONE_LINE = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=40)


@given(
    st.dictionaries(NAMES, ONE_LINE, max_size=5),
    st.sampled_from(["", "export ", "  "]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_is_quoted_comes_back(values: dict[str, str], before: str, end: str) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'

    text = end.join(f"{before}{name} = {quoted(value)} # said of it" for name, value in values.items())
    assert parse_env_file(text) == values


@given(
    NAMES,
    st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True).filter(lambda v: v[0] not in "\"'#" and " #" not in v),
)
def test_what_needs_no_quotes_comes_back(name: str, value: str) -> None:
    assert parse_env_file(f"{name}={value}  ") == {name: value}


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_env_file(text)
    except SettingsError as error:
        assert "line" in str(error)  # noqa: PT017  # either outcome is right
    else:
        assert all(isinstance(value, str) for value in found.values())
