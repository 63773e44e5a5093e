"""Something on this machine that speaks Pushover's API, as far as a walk needs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs

USER, TOKEN, WRONG = "u" * 30, "a" * 30, "w" * 30


class Pushover:
    """`got` are the messages that it took. While it is `away`, it answers that it has trouble."""

    def __init__(self) -> None:
        self.got: list[dict[str, str]] = []
        self.away = False
        self.url = ""

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if self.away:
            return 500, {"status": 0, "errors": ["the belfry is closed"]}
        if form.get("token") != TOKEN:
            return 400, {"status": 0, "token": "invalid", "errors": ["application token is invalid"]}
        if path.endswith("/messages.json"):
            self.got.append(form)
        return 200, {"status": 1, "request": "5042853c", "devices": ["pixel8"]}


@contextmanager
def pushover() -> Iterator[Pushover]:
    remote = Pushover()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name that the standard library calls
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            form = {name: values[-1] for name, values in parse_qs(body).items()}
            status, told = remote.answer(self.path, form)
            content = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    remote.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield remote
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
