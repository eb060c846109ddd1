"""The drift canary: what a recording holds, and what it says of an agency that answers otherwise."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nagorik import Operation
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_testing import SyntheticCitizens
from nagorik_testing.contract.drift import Drift, DriftChange, compare
from nagorik_testing.contract.recording import known_words, record_run
from nagorik_testing.contract.subject import Subject
from nagorik_testing.fixtures.canaries import canary_values, count_leaks
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_testing.simulator.exchanges import Provenance, dump_exchanges, load_recording
from nagorik_testing.simulator.scrubbing import Known, Scrubber, is_shape, names_in, shape_label, shape_of

pytestmark = pytest.mark.long

RECORDED = Path(__file__).parent / "recorded"
STRANGE = "a word that the plugin does not know"
CITIZEN = SyntheticCitizens().citizen(4242)


def tampered(change: Mapping[str, tuple[str, str]], path: str) -> type[CashDeskSimulator]:
    """A till whose answers below ``path`` have these patterns replaced."""

    class Tampered(CashDeskSimulator):
        async def app(self, scope, receive, send) -> None:
            async def altered(message) -> None:
                if message["type"] == "http.response.start":
                    headers = [each for each in message["headers"] if each[0] != b"content-length"]
                    message = {**message, "headers": headers}
                if message["type"] == "http.response.body":
                    body = message["body"].decode()
                    for pattern, replacement in change.values():
                        body = re.sub(pattern, replacement, body)
                    message = {**message, "body": body.encode()}
                await send(message)

            await super().app(scope, receive, altered if path in scope["path"] else send)

    return Tampered


def drift_of(simulator: type[CashDeskSimulator]) -> list[DriftChange]:
    subject = replace(Subject.installed(CashDeskSimulator), simulator=simulator)
    now = asyncio.run(record_run(subject))
    recorded = load_recording(RECORDED / "cashdesk.toml")
    return list(compare(recorded, now.exchanges, called=now.called, failed=now.failed, words=known_words(subject)))


@pytest.mark.parametrize("loopback", [False, True], ids=["in-process", "loopback"])
@pytest.mark.parametrize("simulator", [CashDeskSimulator, NidSimulator], ids=["cashdesk", "nid"])
def test_nothing_has_changed_since_the_committed_recording(simulator, loopback):
    subject = Subject.installed(simulator, loopback=loopback)
    recorded = load_recording(RECORDED / f"{simulator.plugin_id}.toml")
    now = asyncio.run(record_run(subject))
    assert now.failed == {}
    assert now.called == {
        operation for offer in subject.manifest.offers for operation in offer.operations - {Operation.HEALTH}
    }
    assert compare(recorded, now.exchanges, called=now.called, words=known_words(subject)) == ()


def test_recording_is_the_same_each_time():
    first, second = (asyncio.run(record_run(Subject.installed(CashDeskSimulator))).exchanges for _ in range(2))
    assert dump_exchanges(first) == dump_exchanges(second)


def test_recording_of_a_modelled_simulator_says_that_it_is_assumed():
    exchanges = asyncio.run(record_run(Subject.installed(NidSimulator))).exchanges
    by_path = {exchange.request.path: exchange.provenance for exchange in exchanges if exchange.operation}
    assert by_path["/partner-service/rest/demographic/verification"] is Provenance.FROM_SPEC
    assert by_path["/sim/nid/v1/reissues"] is Provenance.ASSUMED


@pytest.mark.parametrize(
    ("pattern", "replacement", "found"),
    [
        ('"state":', '"status":', (Drift.FIELD_GONE, "$.state", "OPEN", "gone", True)),
        ('"state":', '"colour":"RED","state":', (Drift.FIELD_NEW, "$.colour", "not there", "text", False)),
        ('"state":"OPEN"', '"state":"ON_HOLD"', (Drift.WORD_NEW, "$.state", "OPEN", STRANGE, True)),
        ('"state":"OPEN"', '"state":"EXPIRED"', (Drift.WORD_NEW, "$.state", "OPEN", "EXPIRED", False)),
        ('"amount":"([0-9.]+)"', r'"amount":\1', (Drift.TYPE, "$.amount", "text", "number", True)),
        (
            '"amount":"([0-9]+)[0-9.]+"',
            r'"amount":"\1"',
            (Drift.FORMAT, "$.amount", "decimal(2)", "digits(1..6)", True),
        ),
        ('"payerName":"[^"]+"', '"payerName":null', (Drift.TYPE, "$.payerName", "text", "null", True)),
    ],
)
def test_changed_field_is_told_with_operation_and_path(pattern, replacement, found):
    changes = drift_of(tampered({"": (pattern, replacement)}, "/payments/"))
    told = [
        (change.drift, change.place, change.was, change.now, change.breaking)
        for change in changes
        if change.operation == "query-payment"
    ]
    assert found in told
    assert {change.request for change in changes if change.operation == "query-payment"} == {
        "GET /sim/cashdesk/v1/payments/{id}"
    }


def test_changed_status_and_content_type_are_told():
    class Renewed(CashDeskSimulator):
        async def app(self, scope, receive, send) -> None:
            async def altered(message) -> None:
                if message["type"] == "http.response.start":
                    headers = [
                        (name, b"text/json" if name == b"content-type" else text) for name, text in message["headers"]
                    ]
                    message = {**message, "status": 200, "headers": headers}
                await send(message)

            await super().app(scope, receive, altered)

    told = {(change.drift, change.was, change.now) for change in drift_of(Renewed)}
    assert (Drift.STATUS, "201", "200") in told
    assert (Drift.CONTENT_TYPE, "application/json", "text/json") in told


def test_operation_that_was_not_tried_is_not_missed():
    recorded = load_recording(RECORDED / "cashdesk.toml")
    assert compare(recorded, (), called=frozenset(), words=()) == ()
    gone = compare(recorded, (), called={Operation.QUERY_PAYMENT}, words=())
    assert [(change.drift, change.breaking) for change in gone] == [(Drift.REQUEST_GONE, True)]


@pytest.mark.parametrize("plugin", sorted(installed_simulators()))
def test_nobody_is_in_a_recording_of_an_installed_plugin(plugin):
    subject = Subject.installed(load_simulator(installed_simulators()[plugin]))
    written = dump_exchanges(asyncio.run(record_run(subject)).exchanges)
    parts = names_in(text for name in (CITIZEN.name, CITIZEN.father, CITIZEN.mother) for text in (name.en, name.bn))
    sought = (*canary_values(CITIZEN), str(CITIZEN.birth_date), CITIZEN.phone.e164[4:], CITIZEN.alias)
    assert written
    assert count_leaks(written, sought) == 0
    # A part of the citizen's name is the platform's own, in other letters.
    assert [part for part in parts if part in written] == []
    assert not re.search(r"[0-9]{5,}", re.sub(r"as_of = .*|date\([^)]*\)", "", written))


PERSONAL = canary_values(CITIZEN)
inside = (
    st.sampled_from(PERSONAL)
    | st.sampled_from(PERSONAL).map(str.upper)
    | st.just(CITIZEN.birth_date.strftime("%d/%m/%Y"))
)
strings = st.builds(
    lambda before, middle, after: f"{before}{middle}{after}",
    st.text(max_size=6),
    inside | st.text(),
    st.text(max_size=6),
)
numbers = st.sampled_from([int(value) for value in PERSONAL if value.isascii() and value.isdigit()]) | st.integers()
documents = st.recursive(
    strings | numbers | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(strings | st.sampled_from(["name", "state"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(documents)
def test_whatever_an_agency_answers_nobody_is_left_in_it(document):
    known = Known({"person": PERSONAL, "name": names_in((CITIZEN.name.en, CITIZEN.name.bn))}, (CITIZEN.birth_date,))
    left = json.dumps(Scrubber(known, frozenset({"OPEN"})).value(document), ensure_ascii=False)
    assert count_leaks(left.casefold(), tuple(value.casefold() for value in PERSONAL)) == 0
    assert not re.search(r"[0-9]{6,}", left)


@given(st.text())
def test_shape_of_any_text_is_a_shape_and_has_a_label(text):
    shape = shape_of(text)
    assert is_shape(shape)
    assert shape_label(shape)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("2026-11-24", "date(YYYY-MM-DD)"),
        ("24/11/2026", "date(DD/MM/YYYY)"),
        ("24/11/2026 10:00", "date(99/99/9999 99:99)"),
        ("24 Nov 2026", "date(99 Mon 9999)"),
        ("2026-11-24T04:00:00Z", "date(YYYY-MM-DDThh:mm:ssZ)"),
        ("2026-11-24 04:00:00.5+06:00", "date(YYYY-MM-DD hh:mm:ss.s+00:00)"),
        ("1234567890", "digits(10)"),
        ("230", "digits(1..6)"),
        ("১২৩৪৫৬৭৮৯০", "digits(10 bn)"),
        ("230.00", "decimal(2)"),
        ("NIDW-2026-000001", "code(A-9-9)"),
        ("f3b2a1c09d8e7f60", "code(X)"),
        ("6f1c2b1a-0000-4000-8000-1234567890ab", "uuid()"),
        ("Approved by the officer", "text(21..50)"),
        ("অনুমোদিত", "text(5..11 bn)"),
        ("", "text(0)"),
    ],
)
def test_shape_keeps_the_format_and_nothing_else(text, shape):
    assert shape_of(text) == shape


@pytest.mark.parametrize(
    ("field", "text", "left"),
    [
        ("state", "ON_HOLD", "word()"),
        ("applicationStatus", "ON_HOLD", "word()"),
        ("error_code", "LOCKED", "word()"),
        ("collectionCode", "KJHGFD", "word()"),
        ("officer", "RAHIM", "text(5..11)"),
        ("religion", "ISLAM", "text(5..11)"),
        ("bloodGroup", "AB", "text(1..4)"),
        ("district", "DHAKA", "text(5..11)"),
        ("estate", "RAHIM", "text(5..11)"),
        ("", "RAHIM", "text(5..11)"),
        ("fatherName", "RAHIM", "text(5..11)"),
        ("access_token", "ABC", "<token-1>"),
        ("state", "captured", "captured"),
        ("state", "Rahim", "text(5..11)"),
    ],
)
def test_only_words_that_the_plugin_knows_are_kept(field, text, left):
    assert Scrubber(Known({}), frozenset({"captured"})).text(text, field) == left


def test_only_names_of_fields_are_kept_as_such():
    sent = {"Lines": 1, "state": 1, "paidAt": 1, "RAHIM": 1, "Rahim": 1, "রহিম": 1, "nid1990": 1, "a b": 1}
    kept = Scrubber(Known({}), frozenset({"Lines"})).value(sent)
    assert kept == {"Lines": 0, "state": 0, "paidAt": 0, "<field-1>": 0, "<field-2>": 0, "<field-3>": 0} | {
        "<key-1>": 0,
        "<key-2>": 0,
    }


def test_answer_that_breaks_the_plugin_is_told_with_the_operation_that_fails():
    changes = drift_of(tampered({"": ('"state":', '"status":')}, "/payments/"))
    told = {(change.drift, change.operation, change.now) for change in changes}
    assert (Drift.OPERATION_FAILS, "cashdesk.counter query-payment", "it ends in contract-violation") in told
