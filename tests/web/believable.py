"""A household with a history, for pictures: everything in it is invented."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from carillon.app import composed
from carillon.core.models import MARKDOWN, PLAIN
from carillon.settings import Settings
from tests.builders import DAY, HOUR, publication
from tests.web.person import Account

MINUTE = HOUR // 60
MIRA = Account("Mira", "seven bells in a row")
JONAS = Account("Jonas", "one bell is enough")

DISK = """**/srv/media** has 38 GB left (4 %). At today’s pace it is full on **Tuesday around 03:00**.

| Volume | Used | Free | Per day |
|---|--:|--:|--:|
| `/srv/media` | 96 % | 38 GB | +21.4 GB |
| `/srv/backup` | 71 % | 1.1 TB | +3.0 GB |

Largest growth: `/srv/media/camera/front`. Keep fewer days with `camctl retain 7d`."""


@dataclass(frozen=True)
class Event:
    application: str
    title: str
    body: str
    level: int
    minutes: int  # ago
    read: bool = True
    link: tuple[str, str] | None = None


APPLICATIONS = {
    "Front door": ("The bell and the camera", 8),
    "Grafana": ("Disks, memory, temperatures", 5),
    "Forge CI": ("Pipelines of the little projects", 5),
    "Proxmox": ("Two hosts in the cellar", 3),
    "Home Assistant": ("Washing, water, windows", 3),
    "Backups": ("restic, nightly at 03:00", 2),
    "Uptime": ("What others see of us", 8),
}

LATELY = (
    Event("Front door", "Someone is at the front door", "Motion for 8 s, then the bell. Person and parcel recognised.",
          8, 2, read=False, link=("https://cam.lindenhof.example/live", "Live view")),
    Event("Grafana", "Disk almost full on nas-01", DISK, 8, 12, read=False,
          link=("https://grafana.lindenhof.example/d/disks", "Open panel")),
    Event("Forge CI", "Pipeline #4821 failed on main",
          "`test:integration` failed after 6 min 12 s. 1 of 214 tests: `test_resume_after_kill`", 5, 41, read=False,
          link=("https://forge.lindenhof.example/4821", "Open pipeline")),
    Event("Home Assistant", "Washing machine is done", "1 h 48 min, 0.71 kWh. The drum light goes off in 10 minutes.",
          3, 83, read=False),
    Event("Proxmox", "Update ready for pve-2", "Kernel 6.14.8-2 waits for a restart. 3 guests would move to pve-1.",
          5, 134, read=False),
    Event("Backups", "Nightly backup finished",
          "412 GB in 3 h 12 min, 18,204 files changed, all 3 copies verified.", 2, 292),
    Event("Home Assistant", "Water under the washing machine",
          "Sensor basement-2 reported water. Valve closed by itself.", 10, 341),
    Event("Uptime", "status.lindenhof.example is back", "Down for 4 min 10 s. Answer time 182 ms.", 8, 980),
    Event("Grafana", "UPS on battery for 40 s", "Load 31 %, 52 min left. Back on mains.", 9, 1210),
)  # fmt: skip

USUAL = (
    ("Forge CI", "Pipeline #{n} passed on main", "214 tests in 5 min {s} s.", 5),
    ("Proxmox", "Snapshot of guest {g} taken", "`vzdump` wrote {s} GB.", 3),
    ("Home Assistant", "Window open in the bathroom", "For {s} minutes, 11 °C outside.", 4),
    ("Backups", "Backup of nas-01 finished", "{s} GB changed, all copies verified.", 2),
    ("Grafana", "Temperature in the rack {s} °C", "Above 24 °C for ten minutes.", 5),
    ("Home Assistant", "Good night", "All {s} windows are closed.", 0),
    ("Front door", "Parcel in the box", "Weight {s} hg.", 5),
    ("Uptime", "Certificate renewed", "mail.lindenhof.example, for {s} days.", 3),
    ("Grafana", "Backup job failed on shed-pi", "SSH error: no route to host. Next try tonight, attempt {s}.", 8),
)


async def furnish(folder: Path, now: int) -> None:
    """Fills an empty data folder. `now` in microseconds."""
    dice = random.Random(7)
    async with composed(Settings.load({"CARILLON_DATA": str(folder)})) as app:
        accounts, store = app.kit.accounts, app.store
        mira = await accounts.users.add(MIRA.name, MIRA.password, admin=True)
        jonas = await accounts.users.add(JONAS.name, JONAS.password)
        ids = {}
        for name, (description, priority) in APPLICATIONS.items():
            tie, _ = await accounts.applications.add(
                mira.id, name, description=description, default_priority=priority, token_name="nas-01"
            )
            ids[name] = tie.application.id
            await accounts.applications.share(mira.id, tie.application.id, with_user=jonas.id)
        group = await accounts.groups.add("Family")
        await accounts.groups.join(group.id, mira.id)
        await accounts.groups.join(group.id, jonas.id)
        for name in ("Pixel 8", "iPad"):
            await accounts.devices.add(mira.id, name)
        events = sorted([*LATELY, *_history(dice)], key=lambda event: -event.minutes)
        read = []
        for number, event in enumerate(events):
            url, url_title = event.link or (None, None)
            stored = await store.publish(
                publication(
                    ids[event.application],
                    mira.id,
                    jonas.id,
                    public_id=f"bell{number:08}",
                    title=event.title,
                    body=event.body,
                    content_type=MARKDOWN if "`" in event.body or "**" in event.body else PLAIN,
                    priority=event.level,
                    level=event.level,
                    created=now - event.minutes * MINUTE,
                    url=url,
                    url_title=url_title,
                )
            )
            if event.read:
                read.append(stored.id)
            if event.title.startswith("Nightly"):
                await app.kit.inbox.mark(mira.id, [stored.id], pinned=True)
        for at in range(0, len(read), 200):
            await app.kit.inbox.mark(mira.id, read[at : at + 200], read=True)


def _history(dice: random.Random) -> list[Event]:
    """Two weeks of ordinary days, a little more in the evening."""
    found = []
    for day in range(15):
        for _ in range(dice.randint(28, 46)):
            application, title, body, level = dice.choice(USUAL)
            hour = min(23, int(dice.triangular(0, 24, 20)))
            minutes = day * DAY // MINUTE + (23 - hour) * 60 + dice.randint(15, 59)
            values = {"n": dice.randint(4100, 4820), "g": dice.randint(100, 118), "s": dice.randint(12, 58)}
            found.append(Event(application, title.format(**values), body.format(**values), level, minutes))
    return found
