"""Apprise's command, told that Pushover is elsewhere.

Arguments: the server's address, then those of the command.
"""

from __future__ import annotations

import sys

from apprise.cli import main
from apprise.plugins.pushover import NotifyPushover

NotifyPushover.notify_url = f"{sys.argv.pop(1)}/1/messages.json"
main()
