"""What citizens read of states and flags."""

import re
import tomllib
from importlib.resources import files

import pytest

from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik_platform.lifecycle import state_label

EVERYTHING = [*ApplicationState, *PaymentState, *Flag]


@pytest.mark.parametrize("state", EVERYTHING, ids=lambda state: f"{type(state).__name__}-{state.value}")
def test_each_has_one_to_three_sentences_in_both_languages(state):
    label = state_label(state)
    assert 1 <= len(re.findall(r"[.!?](?:\s|$)", label.en)) <= 3
    assert 1 <= label.bn.count("।") <= 3
    assert not re.search(r"[A-Za-z0-9]", label.bn), "Bangla in Bangla letters and digits"
    assert not re.search(r"[\u0980-\u09ff]", label.en)


def _tables(file: str) -> dict[str, dict[str, object]]:
    return tomllib.loads(files("nagorik_platform.lifecycle").joinpath(file).read_text("utf-8"))


def test_no_advice_is_for_nothing():
    tables = _tables("advice.toml")
    assert set(tables) == {"nobody", "application", "payment", "flag"}
    assert set(tables["application"]) < set(ApplicationState)
    assert set(tables["payment"]) < set(PaymentState)
    assert set(tables["flag"]) < set(Flag)


@pytest.mark.parametrize(
    "state",
    [
        ApplicationState.SUBMISSION_UNKNOWN,
        ApplicationState.MANUAL_REVIEW,
        PaymentState.UNKNOWN,
        PaymentState.UNDER_INVESTIGATION,
        Flag.PAYMENT_UNKNOWN,
    ],
)
def test_whoever_waits_for_something_unknown_is_told_not_to_pay_again(state):
    label = state_label(state)
    assert re.search(r"do not (submit or )?pay again", label.en, re.IGNORECASE)
    assert "আবার টাকা দেবেন না" in label.bn
