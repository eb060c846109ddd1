"""BMET's words and what they mean."""

from datetime import UTC, datetime
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nagorik import AgencyRejected, CallbackRequest
from nagorik.manifest import parse_manifest
from nagorik.model.status import ApplicationState as S, Flag
from nagorik_bmet.data import DATA
from nagorik_bmet.plugin import FILED, PLUGIN
from nagorik_bmet.simulator import BmetSimulator
from nagorik_testing import ServiceDesk
from nagorik_toolkit import Standing

STATUSES = DATA.statuses


def read(word: str, **more: Any) -> Any:
    request: Any = SimpleNamespace(service="bmet.clearance")
    return PLUGIN.read(request, Standing.model_validate({"reference": "REG-00000001", "status": word, **more}))


@pytest.mark.parametrize(
    ("word", "state", "paid", "fee_due"),
    [
        ("PAYMENT_DUE", S.SUBMITTED, False, "application"),
        ("PAID", S.IN_REVIEW, True, None),
        ("REGISTERED", S.ISSUED, True, None),
        ("BATCH_TO_CHOOSE", S.AWAITING_APPEARANCE, True, None),
        ("PDO_BOOKED", S.AWAITING_APPEARANCE, True, None),
        ("pdo booked", S.AWAITING_APPEARANCE, True, None),
        ("PDO_COMPLETED", S.ISSUED, True, None),
        ("CLEARANCE_SUBMITTED", S.IN_REVIEW, None, None),
        ("QUERY", S.CORRECTION_REQUESTED, None, None),
        ("APPROVED", S.APPROVED, None, None),
        ("CARD_ISSUED", S.ISSUED, None, None),
        ("EXPIRED", S.EXPIRED, None, None),
    ],
)
def test_words(word: str, state: S, paid: bool | None, fee_due: str | None) -> None:
    status = read(word)
    assert (status.state, status.raw, status.payment_confirmed, status.fee_due) == (state, word, paid, fee_due)


def test_approved_is_not_issued() -> None:
    approved, issued = read("APPROVED"), read("CARD_ISSUED", issued=[{"kind": "smart-card", "number": "EC1"}])
    assert (approved.deliverables, approved.flags) == ((), frozenset({Flag.IN_PRODUCTION}))
    [card] = issued.deliverables
    assert (card.kind, card.delivery, card.reference) == ("smart-card", "download", "EC1")


@pytest.mark.parametrize("word", ["REJECTED", "Approved?", "REGISTERED AGAIN", "নিবন্ধিত"])
def test_a_word_that_nobody_knows_is_kept_and_means_nothing(word: str) -> None:
    status = read(word)
    assert (status.state, status.raw, status.fee_due, status.deliverables) == (None, word, None, ())


@given(
    st.text(min_size=1, max_size=60).filter(lambda word: word.strip() and STATUSES.meaning_of(word.strip()) is None)
)
def test_no_other_word_has_a_state(word: str) -> None:
    assert read(word).state is None


def test_a_query_carries_the_officers_remark() -> None:
    status = read("QUERY", remarks="নাম মেলে না", updatedAt="2026-11-24T10:05:00+06:00", sequence=2)
    assert (status.remark, status.sequence, status.reason is not None) == ("নাম মেলে না", 2, True)
    assert status.at == datetime(2026, 11, 24, 4, 5, tzinfo=UTC)
    assert status.reason == DATA.texts.text("status.query")


@pytest.mark.parametrize("remarks", [None, "", " "])
def test_a_query_without_a_remark_sends_nobody_to_read_one(remarks: str | None) -> None:
    assert read("QUERY", remarks=remarks).reason == DATA.texts.text("status.query-without-remark")
    assert read("APPROVED", remarks=remarks).reason is None


def test_what_is_issued_is_declared() -> None:
    manifest = parse_manifest(files("nagorik_bmet").joinpath("plugin.toml").read_bytes())
    issued = {deliverable.kind for word in STATUSES.words for deliverable in STATUSES.status(word).deliverables}
    filed = [service for service in manifest.services if service.id in FILED]
    assert {kind for service in filed for kind in service.deliverables} == issued


class WithoutCallbacks(BmetSimulator):
    agency = BmetSimulator.agency

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url}


async def test_host_without_the_callback_secret_accepts_no_callback() -> None:
    desk = ServiceDesk.before(WithoutCallbacks(), service="bmet.registration")
    await desk.file(desk.draft("bmet.registration"))
    message = desk.simulator.callback(desk.reference or "")
    request = CallbackRequest(service="bmet.registration", headers=dict(message.headers), body=message.body)

    with pytest.raises(AgencyRejected) as refused:
        await desk.platform.parse_callback(request)
    assert refused.value.reason_code == "bmet.no-callback-secret"
