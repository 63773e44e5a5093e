"""Where the installation is that the settings name."""

from __future__ import annotations

from carillon.settings import Settings
from carillon.storage.backup.make import Place


def place_of(settings: Settings) -> Place:
    return Place(settings.database or None, settings.data)
