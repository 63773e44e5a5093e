"""Carillon: a self-hosted notification server that every notification client already speaks to."""

from importlib.metadata import version

__version__ = version("carillon")
