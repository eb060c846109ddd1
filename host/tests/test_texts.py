"""Every code that a person may meet has a sentence in both languages."""

import inspect
import re
import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from typing import get_args

import pytest

from nagorik.errors import NagorikError
from nagorik.model.application import ConsentGap
from nagorik.model.status import PaymentState
from nagorik.operations import Operation
from nagorik_host.engine import claims
from nagorik_host.store import cases
from nagorik_host.texts import hold_sentence, sentence, timeline
from nagorik_platform.cli.explanation_page import as_written
from nagorik_platform.lifecycle import Hold, Party, commands, state, state_label
from nagorik_platform.lifecycle.events import Actor, LookedUp, PaymentMoved, WithdrawalSettled
from nagorik_platform.lifecycle.rules import holds

CODE = re.compile(r'"([a-z]+(?:-[a-z]+)+|ineligible)"')


def codes_of(module, pattern):
    return sorted(set(re.findall(pattern, inspect.getsource(module))))


CODES = {
    "not-possible": codes_of(commands, r'(?:NotPossible\(|_refuse_unless\(.*, )"([a-z-]+)"\)'),
    "hold": [*codes_of(holds, CODE), *codes_of(state, CODE), *(f"consent-{gap}" for gap in get_args(ConsentGap))],
    "blocked": [
        *(cases.PLUGIN_CHANGED, cases.PLUGIN_FAULT, cases.WORKERS_LOST, claims.DEFECT),
        *codes_of(claims, r'set_aside\(transaction, row\.id, "([a-z-]+)"'),
    ],
    "attempt": [kind.code for kind in NagorikError.__subclasses__() if kind.__module__ == NagorikError.__module__],
}


@pytest.mark.parametrize("table", CODES)
def test_every_code_has_a_sentence(table):
    assert [code for code in CODES[table] if sentence(table, code) is None] == []
    assert CODES[table]


@pytest.mark.parametrize("table", ["hold", "blocked", "outage", "event", "attempt"])
def test_that_nothing_is_to_be_done_is_told_by_what_knows_everything_else(table):
    """A sentence about one thing stands beside others that may ask for something."""
    tables = tomllib.loads(files("nagorik_host").joinpath("texts.toml").read_text("utf-8"))
    for code, text in tables[table].items():
        said = f"{text['en']} {text['bn']}"
        assert not re.search(r"need not do|has to do anything|কিছু করতে হবে না", said, re.IGNORECASE), code


def test_form_that_the_citizen_cannot_correct_any_more_is_an_officers_work():
    late = hold_sentence(Hold(party=Party.PERSON, code="input-rejected"))
    assert late is not None
    assert "officer" in late.en
    assert hold_sentence(Hold(party=Party.CITIZEN, code="input-rejected")) == sentence("hold", "input-rejected")


def test_withdrawal_that_is_found_not_to_have_been_made_is_told():
    at = datetime(2026, 11, 24, 6, tzinfo=UTC)
    lost = WithdrawalSettled(at=at, outcome="unknown")
    looked_up = LookedUp(at=at, operation=Operation.WITHDRAW)
    (line,) = timeline([lost, looked_up], None, as_written, str)
    assert "The withdrawal has not been made" in line.text.en
    assert timeline([LookedUp(at=at, operation=Operation.ANSWER_CORRECTION)], None, as_written, str) == []


def test_payer_reads_what_the_payment_service_says_in_its_own_words():
    at = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
    said = "Insufficient \x1b[31mbalance\n"
    moved = PaymentMoved(
        at=at, payment="p-1", to=PaymentState.FAILED, actor=Actor.GATEWAY, code="reported", remark=said
    )
    (line,) = timeline([moved], None, as_written, str)
    assert line.text.en.endswith("The payment service says: «Insufficient [31mbalance»")
    assert line.text.bn.endswith("পেমেন্ট সেবা জানিয়েছে: «Insufficient [31mbalance»")
    (silent,) = timeline([moved.model_copy(update={"remark": None})], None, as_written, str)
    assert silent.text == state_label(PaymentState.FAILED)
