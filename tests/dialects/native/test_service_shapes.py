from __future__ import annotations

import pytest

from carillon.core.channels import Refused, Sent
from carillon.core.forms import Choice, Look
from carillon.core.forms import FormField as Declared
from carillon.core.outgoing import Quiet, Rules, Window
from carillon.core.trials import Verdict
from carillon.dialects.native.parse import FieldError
from carillon.dialects.native.service_shapes import Choice as ShownChoice
from carillon.dialects.native.service_shapes import (
    QuietHours,
    QuietWindow,
    ServiceRules,
    Texts,
    When,
    form_field,
    rules_of,
    shown_rules,
    trial_answer,
)


def test_rules_are_shown_as_they_were_asked_for() -> None:
    rules = Rules(
        applications=(3, 4),
        min_level=4,
        quiet=Quiet(zone="Europe/Berlin", windows=(Window((0, 6), 22 * 60 + 30, 7 * 60),), passes=8, policy="drop"),
        fallback=2,
        quota=100,
        retry="quick",
        title_template="{{ title }}",
    )
    shown = shown_rules(rules)
    assert shown.quiet == QuietHours(
        zone="Europe/Berlin", windows=[QuietWindow([0, 6], "22:30", "07:00")], passes=8, policy="drop"
    )
    assert rules_of(shown) == rules
    assert rules_of(ServiceRules()) == Rules()
    assert shown_rules(Rules()) == ServiceRules()


def test_midnight_has_two_names() -> None:
    def window(start: str, end: str) -> Window:
        asked = ServiceRules(quiet=QuietHours(zone="UTC", windows=[QuietWindow([5, 5, 1], start, end)]))
        quiet = rules_of(asked).quiet
        assert quiet is not None
        return quiet.windows[0]

    assert window("22:00", "24:00") == window("22:00", "00:00") == Window((1, 5), 22 * 60, 0)
    for wrong in ("24:01", "25:00", "12:60"):
        with pytest.raises(FieldError, match="no time of day"):
            window(wrong, "07:00")


def test_how_an_attempt_went() -> None:
    sent = trial_answer(Verdict(Sent(quota_left=9), 1500))
    assert (sent.ok, sent.outcome, sent.took_ms, sent.quota_left) == (True, "sent", 1.5, 9)
    refused = trial_answer(Verdict(Refused(code="too_large", text="too long", status=413), 0))
    assert (refused.ok, refused.outcome, refused.text, refused.quota_left) == (False, "refused", "too long", None)


def test_a_field_of_a_form() -> None:
    column = Declared(name="sound", look=Look(label=("Sound", "Ton")), required=False)
    look = Look(
        label=("Way", "Weg"),
        kind="choice",
        choices=(Choice("a", ("One", "Eins")),),
        when=("other", ("x", "y")),
        advanced=True,
    )
    shown = form_field(Declared(name="way", look=look, required=True, maximum=5, columns=(column,)))
    assert (shown.name, shown.type, shown.label, shown.help) == ("way", "choice", Texts("Way", "Weg"), Texts("", ""))
    assert (shown.choices, shown.when) == ([ShownChoice("a", Texts("One", "Eins"))], When("other", ["x", "y"]))
    assert (shown.required, shown.advanced, shown.maximum) == (True, True, 5)
    assert [one.name for one in shown.columns] == ["sound"]
