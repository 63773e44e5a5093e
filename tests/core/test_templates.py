import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from carillon.core.models import Message
from carillon.core.template_filters import ALLOWED, TemplateError
from carillon.core.templates import OUTPUT, SOURCE, VARIABLES, check, render, values_of

PAGE = Path(__file__).parents[2] / "docs/templates.md"
MESSAGE = Message(
    id=7,
    public_id="abcdefghijkl",
    application_id=3,
    title="Disk <full>",
    body="Only 3 % left",
    content_type="text/plain",
    dialect="native",
    priority=8,
    level=8,
    created=1_790_000_000_000_000,
    tags=Raw(b'["disk","nas"]'),
    extras=Raw(b'{"host":{"name":"nas"},"free":3}'),
)
VALUES = values_of(MESSAGE, application="NAS", service="Phone", link="https://bells.example/#/m/abcdefghijkl")


def rendered(template: str, **values: Any) -> str:
    return render(template, {**VALUES, **values}, monotonic=monotonic)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("[{{ application }}] {{ title }}", "[NAS] Disk <full>"),
        ("{{ priority }} {{ band }}", "8 high"),
        ("{% if priority >= 8 %}!{% else %}.{% endif %}", "!"),
        ("{% for tag in tags %}#{{ tag }}{{ ' ' if not loop.last }}{% endfor %}", "#disk #nas"),
        ("{% for each in tags if each != 'nas' %}{{ loop.length }}{% else %}none{% endfor %}", "1"),
        ("{% for name, value in extras.items() %}{{ name }},{% endfor %}", "host,free,"),
        ("{{ extras.host.name }}{{ extras['free'] * 2 + 1 }}", "nas7"),
        ("{{ nobody.knows.this }}{{ extras.missing }}", ""),
        ("{{ created }}", datetime.fromtimestamp(1_790_000_000, UTC).isoformat(" ")),
        ("{{ created|date('%d.%m.%Y %H:%M', 'Europe/Berlin') }}", "21.09.2026 16:13"),
        ("{{ 'a' ~ 1 ~ none ~ url }}", "a1"),
        ("{{ body.split(' ')[0]|upper }} {{ 'x' if body.startswith('Only') }}", "ONLY x"),
        ("{% set name = title|lower %}{{ name|truncate(4, true, '…') }}", "dis…"),
        ("{{ tags|join(', ') }} {{ tags|select('in', ['nas'])|list|length }}", "disk, nas 1"),
        ("{{ [{'n': 1}, {'n': 2}]|sum('n') }} {{ [{'n': 1}]|map(attribute='n')|join }}", "3 1"),
        (
            "{{ 11520|duration }} {{ 59|duration }} {{ 86400|duration }} {{ -61|duration }}",
            "3 h 12 min 59 s 1 d -1 min 1 s",
        ),
        ("{{ 1234567890|bytes }} {{ 12|bytes }} {{ 999999|bytes }}", "1.2 GB 12 B 1.0 MB"),
        ("{{ {'title': title, 'x': y}|json }}", '{"title": "Disk <full>", "x": null}'),
        ("{{ title|urlencode }} {{ 'ü'|center(3) }}|{{ 'a\nb'|indent(2) }}", "Disk%20%3Cfull%3E  ü |a\n  b"),
        ("{{ range(3)|list }} {{ 7 % 4 }} {{ 2 ** 10 }} {{ 3.14159|round(2) }}", "[0, 1, 2] 3 1024 3.14"),
        ("{% raw %}{{ title }}{% endraw %}{# nothing #}", "{{ title }}"),
        ("{% with a = 1 %}{{ a }}{% endwith %}", "1"),
    ],
)
def test_renders(template: str, text: str) -> None:
    check(template)
    assert rendered(template) == text


def test_values() -> None:
    assert tuple(VALUES) == VARIABLES
    assert VALUES["created"].tzinfo is UTC
    bare = values_of(MESSAGE.__class__(**{**_fields(MESSAGE), "tags": None, "extras": Raw(b"[1]")}), **_names())
    assert (bare["tags"], bare["extras"]) == ([], {})
    huge = values_of(
        MESSAGE.__class__(**{**_fields(MESSAGE), "extras": Raw(b'{"a":"%s"}' % (b"x" * 300_000))}), **_names()
    )
    assert huge["extras"] == {}


def _names() -> dict[str, str]:
    return {"application": "", "service": "", "link": ""}


def _fields(message: Message) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__struct_fields__}


DOUBLINGS = "{% set x = 'xxxxxxxx' %}" + "{% set x = x + x %}" * 100
HEIR = "{% set a = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1] %}" + "{% set a = [a, a, a, a, a, a, a, a, a, a] %}" * 12

REFUSED = [
    "{{ ''.__class__ }}",
    "{{ ''['__cl' ~ 'ass__'] }}",
    "{{ title['__class__']['__mro__'] }}",
    "{{ [title]|map(attribute='__class__')|list }}",
    "{{ title|attr('__class__') }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ '{0.__class__}'.format(title) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 1000000000 * 'a' }}",
    "{{ [1] * 1000000000 }}",
    "{{ 9 ** 9 ** 9 ** 9 }}",
    "{{ 2 ** 64 ** 64 }}",
    "{{ " + " * ".join(["9" * 400] * 8) + " }}",
    "{{ 5|round(-1000000000) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'|indent(1000000000) }}",
    "{{ ('\\n' * 60000)|indent(40) }}",
    "{{ ('a' * 60000)|replace('a', 'b' * 60000) }}",
    "{{ ('a' * 60000)|replace('', 'b' * 60000) }}",
    "{{ ('a' * 10000)|join('b' * 10000) }}",
    "{{ ('a' * 10000)|list|join('b' * 10000) }}",
    "{{ range(1000000000) }}",
    "{{ range(1000000000)|list }}",
    "{{ range(16000)|list|json ~ range(16000)|list|json ~ range(16000)|list|json }}",
    "{% for a in range(1000) %}{% for b in range(1000) %}{% endfor %}{% endfor %}",
    "{% for a in range(10001) if false %}{% endfor %}",
    "{% for a in range(9000) %}0123456789{% endfor %}",
    "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% for a in [1] %}{{ loop.cycle('a') }}{% endfor %}",
    "{% for a in [1] %}{{ loop }}{% endfor %}",
    "{% for a in range(9999) %}{{ range(9000)|list|sort|string|length }}{% endfor %}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% call a() %}{% endcall %}",
    "{% filter upper %}{% endfilter %}",
    "{% set a %}b{% endset %}",
    "{% set ns.a = 1 %}",
    "{{ namespace(a=1) }}",
    "{{ cycler(1) }}",
    "{{ lipsum(1000) }}",
    "{{ dict(a=1) }}",
    "{{ created.strftime('%1000000000d') }}",
    "{{ created|date('%1000000000d') }}",
    "{{ created|date('%d', 'Mars/Olympus') }}",
    "{{ tags.append(1) }}",
    "{{ extras.update(tags) }}",
    "{{ range(*tags) }}",
    "{{ title.upper }}",
    "{{ title|xmlattr }}",
    "{{ title is callable }}",
    "{{ ('a' * 60000)|sort }}",
    "{{ range(16000)|sort(attribute='" + "a," * 1500 + "a') }}",
    "{{ range(16000)|map(attribute='" + "a." * 1500 + "a')|list }}",
    "{{ range(16000)|selectattr('" + "a." * 1500 + "a')|list }}",
    "{{ range(16000)|select('in', range(16000)|list)|list|length }}",
    "{{ 1 / 0 }}",
    "{{ (-1) ** 0.5 }}",
    "{{ ['a']|sum }}",
    "{{ created + 1 }}",
    "{{ " + "(" * 1500 + ")" * 1500 + " }}",
    "{{ " + "not " * 900 + "a }}",
    "{{ a" + ".a" * 1500 + " }}",
    "{{ " + "1+" * 1500 + "1 }}",
    "{% if a %}" * 100 + "{% endif %}" * 100,
    "{{ title",
    "{% frob %}",
    "a" * (SOURCE + 1),
    DOUBLINGS + "{{ x }}",
    DOUBLINGS.replace("x + x", "x ~ x") + "{{ x }}",
    DOUBLINGS.replace("x + x", "x|replace('x', x)") + "{{ x }}",
    HEIR + "{{ a }}",
    HEIR + "{{ a|string }}",
    HEIR.replace("[a,", "a + [a,") + "{{ a == a }}",
]


@pytest.mark.parametrize("template", REFUSED, ids=range(len(REFUSED)))
def test_refuses(template: str) -> None:
    began = monotonic()
    with pytest.raises(TemplateError):
        rendered(template)
    assert monotonic() - began < 2  # one that gets through takes minutes, or all memory


def test_looks_at_the_clock() -> None:
    times = iter(range(100))
    with pytest.raises(TemplateError, match="too long"):
        render("{% for each in range(9) %}{% endfor %}", {}, monotonic=lambda: float(next(times)))


def test_the_longest_text_passes() -> None:
    assert len(rendered("{{ body }}", body="x" * OUTPUT)) == OUTPUT
    with pytest.raises(TemplateError, match="longer"):
        rendered("{{ body }}.", body="x" * OUTPUT)


SIGNS = ["{{", "}}", "%}", "|", "+", "*", "**", "%", "~", "(", ")", "[", "]", ",", ".", "9", "'ab'"]
WORDS = ["title", "tags", "extras", "upper", "join", "list", "center", "range", "{% if", "{% for a in", "{% endif %}"]
FRAGMENTS = st.sampled_from(SIGNS + WORDS)


@given(st.lists(FRAGMENTS, max_size=30).map(" ".join) | st.text(max_size=40).map("{{{{ {} }}}}".format))
def test_nothing_else_is_raised(template: str) -> None:
    with suppress(TemplateError):
        assert len(rendered(template)) <= OUTPUT


def test_the_page_names_every_variable_and_filter() -> None:
    variables, filters = (
        set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`[^|]*) \|", part, re.MULTILINE))))
        for part in PAGE.read_text().split("## Filters")
    )
    assert variables == set(VARIABLES)
    assert filters == set(ALLOWED)


def test_the_examples_of_the_page_render() -> None:
    examples = re.findall(r"^```\n(.*?)\n```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(examples) > 2
    for example in examples:
        assert rendered(example)
