from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from carillon import channels, dialects
from carillon.plugins import PluginError, discover


def from_elsewhere(name: str, module: str) -> EntryPoint:
    return EntryPoint(name, module, "carillon.dialects")


def test_every_module_of_the_folder_is_found_but_those_that_are_only_for_its_siblings() -> None:
    found = {plugin.name: plugin for plugin in discover("dialects", extra=[])}
    assert "gotify" in found
    assert not any(name.startswith("_") for name in found)
    assert all(plugin.module.API == dialects.API for plugin in found.values())
    assert found["gotify"].origin.endswith("dialects/gotify/__init__.py")


def test_other_packages_add_to_the_folder() -> None:
    extra = [from_elsewhere("carrier-pigeon", "carillon.channels")]
    plugin = discover("dialects", extra=extra)[-1]
    assert (plugin.name, plugin.module) == ("carrier-pigeon", channels)
    assert plugin.origin == channels.__file__


def test_what_is_installed_is_looked_up_by_the_name_of_the_folder() -> None:
    assert {plugin.name for plugin in discover("dialects")} >= {
        plugin.name for plugin in discover("dialects", extra=[])
    }


def test_a_name_used_twice_stops_the_start_and_names_both_files() -> None:
    with pytest.raises(PluginError) as caught:
        discover("dialects", extra=[from_elsewhere("gotify", "carillon.channels")])
    text = str(caught.value)
    assert text.startswith(str(channels.__file__))
    assert "'gotify'" in text
    assert text.endswith("dialects/gotify/__init__.py")


def test_another_api_number_stops_the_start_and_names_the_file() -> None:
    with pytest.raises(PluginError, match=r"json/__init__\.py: made for API None, this Carillon has 1$"):
        discover("dialects", extra=[from_elsewhere("smoke-signals", "json")])


def test_a_module_that_cannot_be_loaded_stops_the_start_and_is_named() -> None:
    with pytest.raises(PluginError, match=r"smoke-signals.*carillon_smoke"):
        discover("dialects", extra=[from_elsewhere("smoke-signals", "carillon_smoke")])
