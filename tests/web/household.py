"""A household with its machines and what they have to say: people, hosts and places are invented."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import NamedTuple


class Sender(NamedTuple):
    """`glyph` of the web app's icons, `hue` of the ground it stands on; `often`: messages a day, on the whole."""

    name: str
    glyph: str
    hue: int
    description: str
    often: float


class Said(NamedTuple):
    """`ago`: how long before now. `read`: by the time of the picture."""

    sender: str
    title: str
    message: str
    ago: timedelta
    priority: int = 5
    read: bool = True
    pinned: bool = False
    url: str = ""
    url_title: str = ""
    markdown: bool = False


SENDERS = (
    Sender("Front door", "a-door", 40, "Bell and camera", 5),
    Sender("Grafana", "a-graph", 85, "Alerts of all hosts", 7),
    Sender("Forge CI", "a-ci", 275, "Pipelines of the house's own repositories", 9),
    Sender("Proxmox", "a-rack", 225, "pve-1 and pve-2", 4),
    Sender("Home Assistant", "a-home", 190, "Washing, windows, weather", 11),
    Sender("Backups", "a-vault", 145, "restic, nightly at 03:00", 3),
    Sender("GoMFT", "a-xfer", 305, "File transfers of the office", 4),
    Sender("Uptime", "a-pulse", 340, "Looks at 14 addresses once a minute", 6),
)

DISK = """**/srv/media** has 38 GB left (4 %). At today's pace it is full on **Tuesday around 03:00**.

| Volume | Used | Free | Per day |
|---|--:|--:|--:|
| `/srv/media` | 96 % | 38 GB | +21.4 GB |
| `/srv/backup` | 71 % | 1.1 TB | +3.0 GB |

Largest growth: `/srv/media/camera/front`. Keep fewer days with `camctl retain 7d`.
"""
PIPELINE = "`test:integration` failed after 6 min 12 s. 1 of 214 tests: `test_resume_after_kill`"
REPORT = """148 transfers, 2 failed, 1.2 TB moved.

- slowest: payroll-archive to the shed, 41 min
- largest: media-sync, 812 GB
- failed: `payroll-archive` twice, connection reset by 203.0.113.40
"""


def _ago(minutes: float = 0, hours: float = 0, days: float = 0) -> timedelta:
    return timedelta(minutes=minutes, hours=hours, days=days)


SAID = (
    Said(
        "Front door",
        "Someone is at the front door",
        "Motion for 8 s, then the bell. Person and parcel recognised.",
        _ago(2),
        8,
        read=False,
        url="https://home.example/camera/front",
        url_title="Live view",
    ),
    Said(
        "Grafana",
        "Disk almost full on nas-01",
        DISK,
        _ago(12),
        8,
        read=False,
        markdown=True,
        url="https://grafana.example/d/disks",
        url_title="Open panel",
    ),
    Said(
        "Forge CI",
        "Pipeline #4821 failed on main",
        PIPELINE,
        _ago(41),
        read=False,
        markdown=True,
        url="https://forge.example/p/4821",
        url_title="Open pipeline",
    ),
    Said(
        "Home Assistant",
        "Washing machine is done",
        "1 h 48 min, 0.71 kWh. The drum light goes off in 10 minutes.",
        _ago(93),
        2,
        read=False,
    ),
    Said(
        "Proxmox",
        "Update ready for pve-2",
        "Kernel 6.14.8-2 waits for a restart. 3 guests would move to pve-1.",
        _ago(144),
        read=False,
    ),
    Said(
        "Backups",
        "Nightly backup finished",
        "412 GB in 3 h 12 min, 18,204 files changed, all 3 copies verified.",
        _ago(hours=4),
        2,
        pinned=True,
    ),
    Said("Uptime", "pages.example answers again", "It was away for 4 min 12 s: connection refused.", _ago(hours=5)),
    Said(
        "Uptime",
        "pages.example does not answer",
        "Connection refused, three times in a row.",
        _ago(hours=5, minutes=4),
        8,
    ),
    Said("Home Assistant", "Window in the study is open", "It rains from 14:00 on.", _ago(hours=6), 4),
    Said(
        "Proxmox",
        "UPS on battery, 11 minutes left",
        "Utility power was away for 38 s. Load 214 W, charge 98 %.",
        _ago(hours=9),
        10,
    ),
    Said("GoMFT", "Weekly report", REPORT, _ago(hours=14), 3, markdown=True),
    Said(
        "Backups",
        "Backup of nas-01 has errors",
        "2 files could not be read: …/photos/2019/IMG_2210.CR2: input/output error",
        _ago(hours=20),
        8,
    ),
    Said("Forge CI", "Pipeline #4820 passed", "6 min 2 s, 214 tests.", _ago(hours=21), 0),
    Said("Grafana", "Load of pve-1 is normal again", "0.8 over 15 minutes; it was 14.2.", _ago(hours=26), 2),
    Said(
        "Home Assistant", "Nobody is at home", "All lights are off, the heating goes down to 17 °C.", _ago(hours=28), 0
    ),
    Said(
        "Proxmox",
        "Maintenance window, every first Sunday",
        "02:00 to 04:00. Guests move, nobody is called.",
        _ago(days=3),
        3,
        pinned=True,
    ),
    Said("GoMFT", "Transfer failed: payroll-archive", "Connection reset by 203.0.113.40.", _ago(days=4), 8),
)

ROUTINE = (
    ("Front door", "Parcel at the front door", "Left behind the bench.", 5),
    ("Grafana", "Load of pve-1 is high", "14.2 over 15 minutes.", 6),
    ("Forge CI", "Pipeline passed", "6 min 10 s, 214 tests.", 0),
    ("Proxmox", "Guest web-2 restarted", "It asked for it.", 4),
    ("Home Assistant", "Dishwasher is done", "1 h 20 min, 0.9 kWh.", 2),
    ("Backups", "Nightly backup finished", "All 3 copies verified.", 2),
    ("GoMFT", "Transfer finished", "media-sync, 112 GB in 31 min.", 3),
    ("Uptime", "docs.example answers slowly", "2.4 s instead of 0.2 s.", 5),
)


def routine(random: Random, days: int = 14) -> list[Said]:
    """What else came, by day rather than by night, and more on some days than on others."""
    said = []
    for sender in SENDERS:
        _, title, message, priority = next(one for one in ROUTINE if one[0] == sender.name)
        for day in range(1, days):
            for _ in range(round(sender.often * random.uniform(0.3, 1.5))):
                hours = 24 * day + min(23.9, max(0.1, random.gauss(10, 5)))
                loud = 8 if random.random() < 0.06 else priority
                said.append(Said(sender.name, title, message, timedelta(hours=hours), loud))
    return said
