"""Finds the dialects and channels: the modules of a folder of ours, then what other packages add to it."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from types import ModuleType

from msgspec import Struct


class PluginError(Exception):
    """A module that cannot be used; the text names its file. It stops the start."""


class Plugin(Struct, frozen=True):
    """`origin` is the file it was loaded from."""

    name: str
    module: ModuleType
    origin: str


def discover(folder: str, *, extra: Sequence[EntryPoint] | None = None) -> list[Plugin]:
    """The plugins of `carillon.<folder>`, then the entry points of the group of that name (`extra` stands in for them).

    Raises PluginError for a name used twice, for a module made for another API number than the folder's, and for an
    entry point that cannot be loaded.
    """
    package = import_module(f"carillon.{folder}")
    found: dict[str, Plugin] = {}
    modules = [
        (module.name, import_module(f"{package.__name__}.{module.name}"))
        for module in iter_modules(package.__path__)
        if not module.name.startswith("_")
    ]
    points = entry_points(group=package.__name__) if extra is None else extra
    for name, module in modules + [(point.name, _load(point)) for point in points]:
        origin = str(getattr(module, "__file__", module.__name__))
        if name in found:
            raise PluginError(f"{origin}: the name {name!r} is taken by {found[name].origin}")
        spoken = getattr(module, "API", None)
        if spoken != package.API:
            raise PluginError(f"{origin}: made for API {spoken}, this Carillon has {package.API}")
        found[name] = Plugin(name, module, origin)
    return list(found.values())


def _load(point: EntryPoint) -> ModuleType:
    try:
        module: ModuleType = point.load()
    except Exception as error:
        raise PluginError(f"{point.name} = {point.value} of {point.group} cannot be loaded: {error!r}") from error
    return module
