from __future__ import annotations

import io
import json
import logging
import sys
import threading
import time
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carillon.core.backstage import Wanted
from carillon.ops import logs
from carillon.ops.ring import Ring
from tests.ops.keep_logging import logging_kept

SECRET = "Cq7xYzSecret9AB"

# As uvicorn, ASGI servers, HTTP libraries, database drivers, shells and reprs write them.
SHAPES = [
    '127.0.0.1:5 - "WebSocket /stream?token={}" [accepted]',
    "GET /message?since=1&token={}&limit=2 HTTP/1.1",
    "https://example.org/?auth={}#top",
    "/apprise?secret={}",
    "next=%2Fstream%3Ftoken%3D{}%26since%3D1",
    "X-Gotify-Key: {}",
    "x-gotify-key={}",
    "Authorization: Bearer {}",
    "Authorization: Basic {}==",
    "proxy-authorization: Digest username=admin, response={}",
    "{{'Authorization': 'Bearer {}'}}",
    "[(b'host', b'a'), (b'authorization', b'Basic {}')]",
    '[["x-gotify-key", "{}"]]',
    "Cookie: theme=dark; session={}",
    "sent with Bearer {} by curl",
    '{{"name": "phone", "token": "{}"}}',
    '{{"inner": "{{\\"password\\": \\"{}\\"}}"}}',
    "Settings(port=8080, admin_password='{}')",
    'login(password="a\\"{}")',
    "password: {}",
    "client_secret = {}",
    "api_key={}",
    "postgresql://carillon:{}@db:5432/carillon",
    "smtp://me@example.org:{}@mail.example.org:465",
    "carillon send hello --token {}",
    "carillon users add bob --password   {}",
]


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    with logging_kept():
        yield


def configured(level: str = "info", form: logs.Form = "json") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level, form, stream)
    return stream


def records(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def refuse(text: str) -> None:
    raise ValueError(text)


def fail(text: str) -> None:
    try:
        refuse(text)
    except ValueError as error:
        raise RuntimeError("could not") from error


@pytest.mark.parametrize("shape", SHAPES)
def test_mask_hides_the_secret_in_every_shape(shape: str) -> None:
    masked = logs.mask(shape.format(SECRET))
    assert SECRET not in masked
    assert "***" in masked


@given(st.sampled_from(SHAPES), st.from_regex(r"[0-9A-Za-z_.~-]{8,40}", fullmatch=True))
def test_mask_hides_any_token(shape: str, secret: str) -> None:
    # Letters around the secret that are part of the shape are no leak.
    secret = "Zq" + secret
    assert secret not in logs.mask(shape.format(secret))


@given(st.text())
def test_mask_takes_any_text(text: str) -> None:
    assert logs.mask(logs.mask(text)) is not None


def test_mask_leaves_the_rest() -> None:
    for text in (
        "GET /message?since=7&limit=20",
        "https://example.org:8080/application",
        "3 tokens, token 4 of user 'anna' revoked",
        "token_id=4",
        "author=anna",
    ):
        assert logs.mask(text) == text
    assert logs.mask("GET /stream?token=abc&since=7") == "GET /stream?token=***&since=7"
    assert logs.mask("postgresql://me:abc@db/x") == "postgresql://me:***@db/x"


@pytest.mark.parametrize(
    "hostile",
    [
        "token" * 13_000,
        'token="' * 9_000,
        "token='token=\"" * 4_000,
        'token="' + "\\a" * 30_000,
        'token\\"' * 9_000,
        "--token   " * 6_000,
        "cookie:" * 9_000,
        "Bearer " * 9_000,
        "://a:" * 13_000,
        "\\" * 65_000,
    ],
)
def test_a_hostile_line_costs_little(hostile: str) -> None:
    began = time.process_time()
    logs.mask(hostile)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("name", ["carillon.access", "uvicorn.error", "asyncio", "somebody.else"])
@pytest.mark.parametrize("shape", SHAPES)
def test_no_logger_lets_a_secret_out(form: logs.Form, name: str, shape: str) -> None:
    stream = configured(form=form)
    text = shape.format(SECRET)
    logger = logging.getLogger(name)
    logger.warning(text)
    logger.warning("an argument: %s", text)
    logger.warning("extras", extra={"line": text, "token": SECRET, "deep": {"list": [text, {"password": SECRET}]}})
    logger.warning("headers", extra={"headers": [(b"authorization", SECRET.encode()), ("x-gotify-key", SECRET)]})
    try:
        fail(text)
    except RuntimeError:
        logger.exception("it failed")
    assert stream.getvalue().count("RuntimeError: could not") == 1
    assert SECRET not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_record_that_cannot_be_formatted_is_told_without_its_arguments(
    form: logs.Form, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = configured(form=form)
    logging.getLogger("x").warning("%d", f"token={SECRET}")
    assert "cannot be logged: TypeError" in stream.getvalue()
    assert SECRET not in stream.getvalue() + capsys.readouterr().err


def test_json_is_one_object_a_line() -> None:
    stream = configured()
    logging.getLogger("carillon").info("two\nlines with \x1b[31m and \ud800")
    try:
        fail("inner")
    except RuntimeError:
        logging.getLogger("carillon").exception("it failed")
    first, second = records(stream)
    assert first["event"] == "two\nlines with \x1b[31m and \ud800"
    assert (first["level"], first["logger"]) == ("info", "carillon")
    assert str(first["time"]).endswith("Z")
    assert "ValueError: inner" in str(second["exception"])


def test_text_is_a_line_for_people() -> None:
    stream = configured(form="text")
    logging.getLogger("carillon.hub").warning("a listener fell behind", extra={"user": "anna"})
    line = stream.getvalue()
    assert line.endswith("warning  carillon.hub: a listener fell behind  user=anna\n")
    assert line[4] == line[7] == "-"


def test_what_is_extra_cannot_pass_for_the_record_itself() -> None:
    stream = configured()
    logging.getLogger("x").info("true", extra={"event": "forged", "level": "critical", "user": 3})
    (record,) = records(stream)
    assert (record["event"], record["level"], record["user"]) == ("true", "info", 3)


def test_a_stack_is_masked_too() -> None:
    for form in ("json", "text"):
        stream = configured(form=form)
        logging.getLogger("x").info("here", stack_info=True)  # token=Cq7xYzSecret9AB
        assert "test_a_stack" in stream.getvalue()
        assert SECRET not in stream.getvalue()


def test_text_cannot_be_forged_or_move_the_cursor() -> None:
    stream = configured(form="text")
    logging.getLogger("x").info("one\n2026-01-01 00:00:00 error    carillon: forged \x1b[2J\r\x9b1m")
    first, second = stream.getvalue().splitlines()
    assert first.endswith("one")
    assert second.startswith("    2026")
    assert second.endswith("forged \\x1b[2J\\x0d\\x9b1m")


def test_auto_is_text_on_a_terminal_only() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    logs.configure("info", "auto", terminal)
    logging.getLogger("x").info("hello")
    assert not terminal.getvalue().startswith("{")
    pipe = configured(form="auto")
    logging.getLogger("x").info("hello")
    assert records(pipe)[0]["event"] == "hello"


def test_levels() -> None:
    stream = configured("warning")
    logging.getLogger("carillon").info("quiet")
    logging.getLogger("asyncio").warning("slow callback")
    assert [record["event"] for record in records(stream)] == ["slow callback"]


def test_uvicorn_tells_only_what_matters() -> None:
    stream = configured("info")
    logging.getLogger("uvicorn.error").info("connection open")
    logging.getLogger("uvicorn.error").error("it broke", extra={"color_message": "it \x1b[31mbroke"})
    logging.getLogger("uvicorn.access").error("GET /")
    (record,) = records(stream)
    assert record["event"] == "it broke"
    assert "color_message" not in record


def test_handlers_that_others_set_up_are_replaced() -> None:
    other = io.StringIO()
    logging.getLogger("uvicorn.error").addHandler(logging.StreamHandler(other))
    logging.getLogger("uvicorn").propagate = False
    stream = configured()
    logging.getLogger("uvicorn.error").error("once")
    assert other.getvalue() == ""
    assert len(records(stream)) == 1


def test_warnings_are_logged() -> None:
    stream = configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"old call with token={SECRET}", UserWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert records(stream)[0]["logger"] == "py.warnings"
    assert SECRET not in stream.getvalue()


def test_uncaught_errors_are_logged_masked() -> None:
    stream = configured()
    try:
        fail(f"password={SECRET}")
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    thread = threading.Thread(target=fail, args=(f"token={SECRET}",), name="broken")
    thread.start()
    thread.join()
    assert [record["level"] for record in records(stream)] == ["critical", "critical"]
    assert SECRET not in stream.getvalue()
    assert "RuntimeError: could not" in stream.getvalue()


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_ring_gets_the_same_lines_without_their_secrets(form: logs.Form) -> None:
    ring, stream = Ring(), io.StringIO()
    logs.configure("info", form, stream, ring=ring)
    log = logging.getLogger("carillon.test")
    log.debug("too little")
    log.info("asked for /stream?token=%s", SECRET, extra={"peer": "192.0.2.7", "cookie": SECRET})
    try:
        int(f"password={SECRET}")
    except ValueError:
        log.exception("a defect")
    newest, oldest = ring.lines(Wanted())
    assert (oldest.level, oldest.component) == ("info", "carillon.test")
    assert oldest.text == "asked for /stream?token=***  peer=192.0.2.7  cookie=***"
    assert newest.level == "error"
    assert newest.text.startswith("a defect\nTraceback (most recent call last):\n")
    assert "password=***" in newest.text.splitlines()[-1]
    assert SECRET not in stream.getvalue() + newest.text + oldest.text
    assert len(stream.getvalue().split("carillon.test")) == 3


def test_the_level_may_be_changed() -> None:
    stream = configured("warning", "text")
    log = logging.getLogger("carillon.test")
    log.info("one")
    logs.set_level("debug")
    log.debug("two")
    assert logging.getLogger("httpx").isEnabledFor(logging.INFO)
    logs.set_level("error")
    log.warning("three")
    logging.getLogger("httpx").info("four")
    assert [line.split()[-1] for line in stream.getvalue().splitlines()] == ["two"]
