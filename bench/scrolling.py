"""Whether the web app's list scrolls as smoothly while messages pour in as it does while none come."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from threading import Event, Thread

from playwright.sync_api import Page, sync_playwright

from bench.client import application
from bench.filling import fill
from bench.records import Options, Result, Table, Target, middle
from bench.servers import PASSWORD, Place, Server, carillon

MESSAGES = 100_000
APPLICATIONS = 20
RATE = 60  # messages a second
STEP = 24  # px of a frame: a fast finger
SECONDS = 4  # of one run, by --seconds 1
SMOOTH = 0.9  # of the frames drawn while no messages come, at least
LONG = 50  # ms, from which a frame is felt
FELT = 1  # long frames a second more than while no messages come, at most
PATIENCE = 30_000  # ms: against hanging only

# Counts frames for so many seconds while the list is scrolled by so many pixels a frame, there and back again.
FRAMES = """([seconds, step]) => new Promise((done) => {
    const list = document.getElementById("list");
    const began = performance.now();
    const lengths = [];
    let [last, way] = [began, step];
    const frame = (now) => {
        lengths.push(now - last);
        last = now;
        if (list.scrollTop + list.clientHeight > list.scrollHeight - 2000) way = -step;
        else if (list.scrollTop < 400) way = step;
        if (step) list.scrollTop += way;
        if (now - began < seconds * 1000) requestAnimationFrame(frame);
        else done(lengths.slice(1));
    };
    requestAnimationFrame(frame);
})"""


def measure(options: Options) -> Result:
    chromium = shutil.which("chromium")
    if not chromium:
        return Result(notes=["Scrolling was not measured: there is no Chromium here."])
    place = Place.fresh(options.folder, "scrolling", options.engines[0])
    with carillon(place) as server:
        made = [application(server, f"application {n}") for n in range(APPLICATIONS)]
    fill(place, options.some(MESSAGES), user=1, first=made[0][0], applications=APPLICATIONS)
    with carillon(place) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        _sign_in(page, server)
        runs = [
            _round(page, server, token=made[0][1], seconds=options.seconds * SECONDS) for _ in range(options.rounds)
        ]
        browser.close()
    return _result(options, runs)


def _sign_in(page: Page, server: Server) -> None:
    root = f"http://127.0.0.1:{server.port}"
    given = {"name": "admin", "password": PASSWORD}
    answer = page.context.request.post(f"{root}/api/1/session", data=given)
    if not answer.ok:
        raise RuntimeError(answer.text())
    page.goto(root)
    page.get_by_role("feed").get_by_role("article").first.wait_for(timeout=PATIENCE)


def _round(page: Page, server: Server, *, token: str, seconds: float) -> dict[str, list[float]]:
    """Milliseconds of each frame, by what happened meanwhile."""
    found = {"at rest": _frames(page, seconds, 0), "scrolled": _frames(page, seconds, STEP)}
    with _sending(server, token):
        found[f"{RATE} messages/s"] = _frames(page, seconds, 0)
        found[f"{RATE} messages/s, scrolled"] = _frames(page, seconds, STEP)
    return found


def _frames(page: Page, seconds: float, step: int) -> list[float]:
    if not step:
        page.evaluate("document.getElementById('list').scrollTop = 0")
        page.wait_for_timeout(300)
    return [float(length) for length in page.evaluate(FRAMES, [seconds, step])]


def _result(options: Options, runs: list[dict[str, list[float]]]) -> Result:
    rows = {name: _row([run[name] for run in runs]) for name in runs[0]}
    rest, busy = rows["scrolled"], rows[f"{RATE} messages/s, scrolled"]
    smooth = busy["frames/s"] / rest["frames/s"]
    felt = busy["long/s"] - rest["long/s"]
    targets = [
        Target(f"scrolling at {RATE} messages/s: frames, of those without messages", SMOOTH, smooth, at_least=True),
        Target(f"scrolling at {RATE} messages/s: frames over {LONG} ms a second, more than without", FELT, felt),
    ]
    return Result([Table(f"The web app's list of {options.some(MESSAGES):,} messages", rows)], targets)


def _row(runs: list[list[float]]) -> dict[str, float]:
    return {
        "frames/s": middle([1000 * len(lengths) / sum(lengths) for lengths in runs]),
        "long/s": middle([1000 * sum(length > LONG for length in lengths) / sum(lengths) for lengths in runs]),
        "longest ms": middle([max(lengths) for lengths in runs]),
    }


@contextmanager
def _sending(server: Server, token: str) -> Iterator[None]:
    """A script that sends at its pace, whatever the server and the page do."""

    def send(ending: Event) -> None:
        connection = HTTPConnection("127.0.0.1", server.port)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        began = time.monotonic()
        for n in range(10**9):
            if ending.wait(max(0.0, began + n / RATE - time.monotonic())):
                break
            body = {"title": f"Check {n}", "message": f"All is well, for the {n}th time.", "priority": n % 11}
            connection.request("POST", "/api/1/messages", json.dumps(body), headers)
            connection.getresponse().read()
        connection.close()

    ending = Event()
    thread = Thread(target=send, args=[ending])
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()
