from __future__ import annotations

from typing import Annotated

import pytest
from msgspec import Struct

from carillon.channels._fields import choice, listed, only, secret, server, switch, text
from carillon.core.forms import BadOption, form, read


class Options(Struct, kw_only=True):
    url: Annotated[str, server("https://a.example")]
    key: Annotated[str, secret("Key", "Schlüssel", when=("kind", "a b"))] = ""
    name: Annotated[str, text("Name", "Name")] = ""
    kind: Annotated[str, choice("Kind", "Art", [("a", "A", "A")])] = "a"
    all: Annotated[list[str], listed("All", "Alle")] = []
    on: Annotated[bool, switch("On", "An")] = False


def test_what_channels_share_looks_alike_everywhere() -> None:
    kinds = {each.name: each.look.kind for each in form(Options)}
    assert kinds == {"url": "address", "key": "secret", "name": "text", "kind": "choice", "all": "list", "on": "switch"}
    assert form(Options)[1].look.when == only(("kind", "a b")) == ("kind", ("a", "b"))
    assert form(Options)[0].look.placeholder == "https://a.example"


def test_a_server_has_an_address() -> None:
    with pytest.raises(BadOption):
        read(Options, {"url": "ftp://a.example"})
