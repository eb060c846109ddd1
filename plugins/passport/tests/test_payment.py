"""Applied for first and paid afterwards, in the applicant's own name."""

from datetime import date, timedelta
from typing import Any

import pytest

from nagorik.errors import AgencyRejected
from nagorik.model.status import ApplicationState as S, Flag, PaymentState as P
from nagorik.values import Money
from nagorik_passport.plugin import PLUGIN
from nagorik_passport.simulator import PassportSimulator
from nagorik_platform.lifecycle.events import Moved
from nagorik_testing import InjectedResponse, ServiceDesk

CREATE = "POST /sim/epassport/api/v1/registrations"


async def test_challan_is_confirmed_once_the_treasury_knows_it(desk: ServiceDesk[PassportSimulator]) -> None:
    draft = desk.draft()
    await desk.file(draft)
    assert not (await desk.pay(draft)).confirmed
    desk.simulator.clock.advance(timedelta(hours=2))
    assert (await desk.pay(draft)).confirmed
    assert len(desk.simulator.ledger.effects("payment")) == 1


@pytest.mark.parametrize("payer", ["MD NAMUNA", ""])
async def test_another_payer_is_a_mismatch(desk: ServiceDesk[PassportSimulator], payer: str) -> None:
    draft = desk.draft()
    await desk.file(draft)
    assert not (await desk.pay(draft, payer)).confirmed
    desk.simulator.clock.advance(timedelta(hours=2))
    with pytest.raises(AgencyRejected) as refused:
        await desk.pay(draft, payer)
    assert refused.value.reason_code == "payment.name-mismatch"
    assert (await desk.status(draft)).raw == "Payment verification result - Name mismatch"


@pytest.mark.parametrize("mismatch", PLUGIN.mismatches)
async def test_what_the_treasury_finds_is_told(desk: ServiceDesk[PassportSimulator], mismatch: str) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "issue", values={"treasury": f"{mismatch}_MISMATCH"})
    await desk.file(draft)
    await desk.pay(draft)
    desk.simulator.clock.advance(timedelta(hours=2))
    with pytest.raises(AgencyRejected) as refused:
        await desk.pay(draft)
    assert refused.value.reason_code == PLUGIN.mismatches[mismatch]
    status = await desk.status(draft)
    assert (status.fee_due, status.payment_confirmed) == ("application", False)


async def test_payment_before_filing_is_not_told(desk: ServiceDesk[PassportSimulator]) -> None:
    assert not (await desk.pay(desk.draft())).confirmed
    assert desk.simulator.ledger.requests() == ()


async def test_application_is_paid_after_filing(desk: ServiceDesk[PassportSimulator]) -> None:
    told = desk.drive(desk.draft())
    await told.run(until="awaiting_payment")
    assert told.progress.is_filed
    await told.run()
    assert (told.progress.state, told.progress.payments[0].state) == (S.CLOSED, P.CONFIRMED)
    moves = [event.to for event in told.events if isinstance(event, Moved)]
    assert moves[:4] == [S.READY, S.SUBMITTING, S.SUBMITTED, S.AWAITING_PAYMENT]
    assert S.AWAITING_APPEARANCE in moves
    assert list(desk.simulator.ledger.effect_counts) == ["application", "payment"]
    assert told.progress.fetched == {"delivery-slip"}


async def test_mismatch_waits_for_an_officer_and_no_second_payment_is_taken(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    told = desk.drive(desk.draft(), payer="OPERATOR OF THE CENTRE")
    await told.run()
    assert (told.progress.state, told.hold) == (S.AWAITING_PAYMENT, "payment-under-investigation")
    assert [payment.state for payment in told.progress.payments] == [P.UNDER_INVESTIGATION]
    assert Flag.PAYMENT_UNDER_INVESTIGATION in told.progress.flags


async def test_office_corrects_the_payer_and_the_officer_confirms(desk: ServiceDesk[PassportSimulator]) -> None:
    told = desk.drive(desk.draft(), payer="OPERATOR OF THE CENTRE")
    await told.run(10)
    book = desk.simulator.books["registrations"]
    case = next(iter(book))
    book.act(case, "correct-payer")
    await told.run(5)
    assert told.hold == "payment-under-investigation"
    told.decide(payment=told.progress.payments[0].id, payment_to=P.CONFIRMED)
    await told.run()
    assert (told.progress.state, [payment.state for payment in told.progress.payments]) == (S.CLOSED, [P.CONFIRMED])


async def test_fee_is_paid_anew_in_the_applicants_name_after_the_first_is_given_back(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    told = desk.drive(desk.draft(), payer="OPERATOR OF THE CENTRE")
    await told.run(10)
    told.payer = desk.citizen.name.en
    told.decide(payment=told.progress.payments[0].id, payment_to=P.REFUND_MANUAL)
    await told.run()
    assert told.progress.state is S.CLOSED
    assert [payment.state for payment in told.progress.payments] == [P.REFUND_MANUAL, P.CONFIRMED]
    assert len(desk.simulator.ledger.effects("payment")) == 2


async def test_mission_takes_its_fee_itself(desk: ServiceDesk[PassportSimulator]) -> None:
    form = desk.form(place="mission", office="Singapore", delivery="regular")
    told = desk.drive(desk.draft(form=form, ceiling=Money.of(100, "USD")))
    await told.run()
    assert (told.progress.state, told.progress.payments) == (S.CLOSED, ())


async def test_mission_needs_a_consent_in_dollars(desk: ServiceDesk[PassportSimulator]) -> None:
    told = desk.drive(desk.draft(form=desk.form(place="mission", office="Singapore")))
    await told.run()
    assert (told.progress.state, told.hold) == (S.DRAFT, "consent-fee-ceiling")


BIRTHDAYS = [
    (date(1960, 11, 25), {"validity_years": 10, "birth_date": "1960-11-25"}, {"validity_years": 5}, "6325.00"),
    (
        date(2005, 11, 25),
        {"birth_date": "2005-11-25", "nid": None, "birth_registration": "20059910000000008"},
        {"nid": "20059910000000007"},
        "6325.00",
    ),
]
"""Turns 66, and may have the smallest booklet only; turns 21, and needs an NID."""


@pytest.mark.parametrize(("born", "wanted", "corrected", "fee"), BIRTHDAYS)
async def test_birthday_while_the_draft_is_open(
    desk: ServiceDesk[PassportSimulator], born: date, wanted: dict[str, Any], corrected: dict[str, Any], fee: str
) -> None:
    applicant = {"birth_date": born, "identifiers": ()}
    form = desk.form(**{"nid": f"{born.year}9910000000007", **wanted})
    told = desk.drive(desk.draft(form=form, applicant=applicant))
    tomorrow = InjectedResponse(
        status=429, retry_after="86400", body="{}", headers={"content-type": "application/json"}
    )
    desk.simulator.faults.add(CREATE, tomorrow)
    await told.run(2)
    assert (told.progress.state, told.hold) == (S.READY, "input-rejected")
    assert desk.simulator.ledger.effects("application") == ()
    told.act("corrected", **corrected)
    await told.run()
    assert told.progress.state is S.CLOSED
    assert [payment.amount.plain() for payment in told.progress.payments] == [fee]


async def test_coming_of_age_while_the_draft_is_open_changes_nothing_that_was_chosen(
    desk: ServiceDesk[PassportSimulator],
) -> None:
    born = date(2008, 11, 25)
    numbers = {"nid": None, "birth_registration": "20089910000000007", "father_nid": "0099000001"}
    form = desk.form(birth_date=born.isoformat(), **numbers)
    told = desk.drive(desk.draft(form=form, applicant={"birth_date": born, "identifiers": ()}))
    desk.simulator.faults.add(CREATE, InjectedResponse(status=429, retry_after="86400", body="{}"))
    await told.run()
    assert told.progress.state is S.CLOSED
