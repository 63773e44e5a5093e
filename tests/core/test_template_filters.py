import pytest

from carillon.core.template_filters import ALLOWED, HEAVIEST, ITEM, TemplateError, numbers, weigh


def test_what_is_light_stays_as_it_is() -> None:
    for value in ("text", 3, None, [1, [2]], {"a": {"b": (1,)}}, range(3)):
        assert weigh(value) is value


def test_iterators_become_lists() -> None:
    assert weigh(iter([1, 2])) == [1, 2]
    assert weigh({"a": 1}.items()) == [("a", 1)]


@pytest.mark.parametrize(
    "value", ["x" * (HEAVIEST + 1), [0] * (HEAVIEST // ITEM + 1), [["x" * HEAVIEST]], iter(range(10**9))]
)
def test_what_is_heavy_is_refused(value: object) -> None:
    with pytest.raises(TemplateError, match="too long"):
        weigh(value)


def test_what_is_shared_weighs_each_time() -> None:
    value: list[object] = ["x"]
    for _ in range(30):
        value = [value, value]
    with pytest.raises(TemplateError):
        weigh(value)


def test_numbers_are_few() -> None:
    assert list(numbers(1, 3)) == [1, 2]
    with pytest.raises(TemplateError):
        numbers(10**9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (61, "1 min 1 s"), (3600, "1 h"), (90_061, "1 d 1 h"), ("7.6", "8 s"), (-60, "-1 min")],
)
def test_durations(seconds: object, text: str) -> None:
    assert ALLOWED["duration"](seconds) == text


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (1000, "1.0 kB"), (5e12, "5.0 TB"), (1e15, "1.0 PB"), (1e30, "1.0e+15 PB")]
)
def test_sizes(size: float, text: str) -> None:
    assert ALLOWED["bytes"](size) == text
