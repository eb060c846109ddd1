"""What a citizen goes through, from the price to the paper, against the simulated land offices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from nagorik import (
    Accepted,
    AgencyRejected,
    AgencyStatus,
    ApplicationDraft,
    ApplicationState as S,
    CannotTell,
    Consent,
    ContractViolation,
    DefinitelyAbsent,
    Found,
    InputRejected,
    Operation,
    OutcomeUnknown,
    PaymentReceipt,
    Quote,
)
from nagorik.model.fee import FeeDue
from nagorik.model.status import HealthState
from nagorik.values import Money
from nagorik_land.simulator import LandSimulator
from nagorik_platform import Platform, References
from nagorik_testing import Altered, AnswerLost, InjectedResponse, SyntheticCitizen, SyntheticCitizens

pytestmark = pytest.mark.nagorik_plugin("land")

PROPAGATION = timedelta(minutes=10)
MUTATIONS = "/sim/land/v1/mutations"
RECEIPTS = "/sim/land/v1/receipts"


@dataclass
class Citizen:
    """Somebody at a counter, with one application."""

    platform: Platform
    simulator: LandSimulator
    draft: ApplicationDraft
    references: References

    async def quote(self, stage: str = "application") -> Quote:
        reference = self.references.agency_reference
        return await self.platform.quote_fees(self.draft, stage=stage, agency_reference=reference)

    async def file(self) -> AgencyStatus:
        accepted = await self.platform.submit(self.draft, self.references)
        assert isinstance(accepted, Accepted)
        self.references = replace(self.references, agency_reference=accepted.reference)
        return accepted.status

    def receipt(self, quote: Quote, amount: Money | None = None) -> PaymentReceipt:
        return PaymentReceipt(
            payment=f"payment-{quote.stage}",
            quote=quote.id,
            stage=quote.stage,
            gateway="cashdesk.counter",
            reference=f"{self.references.client_reference}-{quote.stage}",
            amount=amount or quote.total,
            captured_at=self.simulator.clock.now(),
        )

    async def pay(self, stage: str = "application") -> Quote:
        """Pay what is asked for, and wait until the office has the money."""
        quote = await self.quote(stage)
        receipt = self.receipt(quote)
        advice = await self.platform.advise_payment(self.draft, self.references, receipt)
        assert not advice.confirmed
        self.simulator.clock.advance(PROPAGATION)
        advice = await self.platform.advise_payment(self.draft, self.references, receipt)
        assert advice.confirmed
        return quote

    async def status(self) -> AgencyStatus:
        return await self.platform.get_status(self.draft, self.references)

    async def until(self, state: S, *, fee_due: str | None = None) -> AgencyStatus:
        for _ in range(200):
            status = await self.status()
            if status.state is state and status.fee_due == fee_due:
                return status
            self.simulator.clock.advance(timedelta(hours=6))
        raise AssertionError(f"{state} is never reached")


@pytest.fixture
def citizen(nagorik_platform: Platform, nagorik_simulator: Any) -> Any:
    """Makes citizens: ``citizen("land.mutation")``."""

    def make(service: str, serial: int = 1, form: Mapping[str, Any] | None = None) -> Citizen:
        person: SyntheticCitizen = SyntheticCitizens().citizen(serial)
        example = nagorik_simulator.example(service, person)
        now = nagorik_simulator.clock.now()
        consent = Consent(
            id="consent",
            service=service,
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(10_000),
            given_at=now,
            expires_at=now + timedelta(days=365),
        )
        draft = ApplicationDraft(
            service=service,
            applicant=example.applicant,
            form={**example.form, **(form or {})},
            consent=consent,
        )
        key = uuid5(UUID(int=serial), service)
        references = References(client_reference=f"NGK-{serial:04d}", idempotency_key=key)
        return Citizen(nagorik_platform, nagorik_simulator, draft, references)

    return make


# Mutation


async def test_a_mutation_is_paid_three_times_and_brings_its_dcr_and_its_khatian(citizen: Any) -> None:
    owner = citizen("land.mutation")
    first = await owner.quote()
    assert (first.total.plain(), first.due) == ("20.00", FeeDue.BEFORE_SUBMISSION)
    filed = await owner.file()
    assert (filed.state, filed.payment_confirmed) == (S.SUBMITTED, False)
    await owner.pay()
    notices = await owner.status()
    assert (notices.state, notices.fee_due, notices.payment_confirmed) == (S.SUBMITTED, "notice", None)
    second = await owner.pay("notice")
    assert (second.total.plain(), second.due) == ("50.00", FeeDue.AFTER_SUBMISSION)
    received = await owner.status()
    assert (received.state, received.fee_due, received.payment_confirmed) == (S.SUBMITTED, None, True)

    hearing = await owner.until(S.AWAITING_APPEARANCE)
    assert hearing.reason is not None
    assert "22 December 2026" in hearing.reason.en

    approved = await owner.until(S.APPROVED, fee_due="dcr")
    assert approved.payment_confirmed is None
    third = await owner.pay("dcr")
    assert (third.stage, third.total.plain(), third.due) == ("dcr", "1100.00", FeeDue.AFTER_SUBMISSION)
    paid = await owner.status()
    assert (paid.state, paid.fee_due, paid.payment_confirmed) == (S.APPROVED, None, True)
    assert [deliverable.kind for deliverable in paid.deliverables] == ["dcr"]

    issued = await owner.until(S.ISSUED)
    assert [(deliverable.kind, deliverable.delivery) for deliverable in issued.deliverables] == [
        ("dcr", "download"),
        ("khatian", "download"),
    ]
    reference = owner.references.agency_reference
    for deliverable in issued.deliverables:
        fetched = await owner.platform.fetch_deliverable(
            owner.draft, agency_reference=reference, deliverable=deliverable
        )
        assert (fetched.document.kind, fetched.document.media_type) == (deliverable.kind, "application/pdf")
    assert [effect.amount for effect in owner.simulator.ledger.effects("payment")] == ["20.00", "50.00", "1100.00"]


@pytest.mark.parametrize("paid", [("application",), ("application", "notice")])
async def test_the_last_payment_cannot_be_made_before_the_approval(citizen: Any, paid: tuple[str, ...]) -> None:
    owner = citizen("land.mutation")
    await owner.file()
    for stage in paid:
        await owner.pay(stage)
    with pytest.raises(AgencyRejected):
        await owner.pay("dcr")
    assert len(owner.simulator.ledger.effects("payment")) == len(paid)


async def test_the_notices_are_not_paid_for_before_the_court_fee(citizen: Any) -> None:
    owner = citizen("land.mutation")
    await owner.file()
    with pytest.raises(AgencyRejected):
        await owner.pay("notice")


async def test_a_hearing_that_is_missed_is_held_on_another_day(citizen: Any) -> None:
    owner = citizen("land.mutation")
    owner.simulator.script.set(owner.references.client_reference, "hearing-missed")
    await owner.file()
    await owner.pay()
    await owner.pay("notice")
    first = await owner.until(S.AWAITING_APPEARANCE)
    owner.simulator.clock.advance(timedelta(days=11))
    second = await owner.status()
    assert second.state is S.AWAITING_APPEARANCE
    assert first.sequence is not None
    assert second.sequence == first.sequence + 1
    assert second.reason != first.reason
    assert "নতুন তারিখ" in (second.remark or "")
    await owner.until(S.APPROVED, fee_due="dcr")


async def test_a_refusal_carries_the_officer_s_reason_and_no_last_payment(citizen: Any) -> None:
    owner = citizen("land.mutation")
    reference = owner.references.client_reference
    owner.simulator.script.set(reference, "reject", values={"remarks": "ওয়ারিশ সনদে অংশের মিল নেই"})
    await owner.file()
    await owner.pay()
    await owner.pay("notice")
    refused = await owner.until(S.REJECTED)
    assert "ওয়ারিশ সনদে অংশের মিল নেই" in (refused.remark or "")
    assert (refused.final, refused.fee_due) == (True, None)


async def test_one_case_number_at_two_offices_is_two_applications(citizen: Any) -> None:
    savar = citizen("land.mutation", 1)
    place = {**savar.draft.form["place"], "upazila": "Dhamrai"}
    dhamrai = citizen("land.mutation", 2, {"place": place})
    for owner in (savar, dhamrai):
        await owner.file()
        await owner.pay()
        await owner.pay("notice")
    one, other = await savar.status(), await dhamrai.status()
    assert (one.remark, other.remark) == ("1/2026-27, Savar, Dhaka", "1/2026-27, Dhamrai, Dhaka")
    assert savar.references.agency_reference != dhamrai.references.agency_reference
    mutations = savar.simulator.books["mutations"]
    mutations.act(mutations.get(savar.references.agency_reference), "reject")
    assert (await savar.status()).state is S.REJECTED
    assert (await dhamrai.status()).state is S.SUBMITTED


async def test_case_numbers_begin_anew_on_the_first_of_july(citizen: Any, nagorik_clock: Any) -> None:
    nagorik_clock.set(datetime(2027, 6, 30, 17, 30, tzinfo=UTC))  # 23:30 in Dhaka
    numbers = []
    for serial in (1, 2, 3):
        owner = citizen("land.mutation", serial)
        await owner.file()
        await owner.pay()
        numbers.append((await owner.status()).remark)
        nagorik_clock.advance(timedelta(minutes=15))
    assert numbers == ["1/2026-27, Savar, Dhaka", "2/2026-27, Savar, Dhaka", "1/2027-28, Savar, Dhaka"]


# A lost answer


async def test_a_lost_answer_is_looked_up_and_nothing_is_filed_twice(citizen: Any) -> None:
    owner = citizen("land.mutation")
    owner.simulator.faults.add(f"POST {MUTATIONS}", AnswerLost(how="reset"))
    sent_at = owner.simulator.clock.now()
    with pytest.raises(OutcomeUnknown):
        await owner.file()
    found = await owner.platform.find_submission(owner.draft, owner.references, sent_at=sent_at)
    assert isinstance(found, Found)
    (filed,) = owner.simulator.ledger.effects("application")
    assert found.reference == filed.reference


async def test_what_never_arrived_is_definitely_absent(citizen: Any) -> None:
    owner = citizen("land.development-tax")
    now = owner.simulator.clock.now()
    absent = await owner.platform.find_submission(owner.draft, owner.references, sent_at=now)
    assert absent == DefinitelyAbsent(as_of=now)


async def test_a_search_that_has_not_seen_everything_cannot_tell(citizen: Any) -> None:
    owner = citizen("land.mutation")
    owner.simulator.books["mutations"].replication.lag = timedelta(minutes=5)
    await owner.file()
    now = owner.simulator.clock.now()
    told = await owner.platform.find_submission(owner.draft, owner.references, sent_at=now)
    assert told == CannotTell(because="search-incomplete")


async def test_two_applications_under_one_reference_are_a_person_s_case(citizen: Any) -> None:
    owner = citizen("land.mutation")
    await owner.file()
    await owner.file()
    now = owner.simulator.clock.now()
    told = await owner.platform.find_submission(owner.draft, owner.references, sent_at=now)
    assert told == CannotTell(because="several-applications")


async def test_a_payment_whose_answer_is_lost_is_told_again_and_counts_once(citizen: Any) -> None:
    owner = citizen("land.khatian-copy")
    await owner.file()
    owner.simulator.faults.add("POST /sim/land/v1/khatian-copies/{reference}/payments", AnswerLost(how="reset"))
    await owner.pay()
    assert [effect.amount for effect in owner.simulator.ledger.effects("payment")] == ["90.00"]


async def test_another_amount_than_is_due_is_refused(citizen: Any) -> None:
    owner = citizen("land.mutation")
    await owner.file()
    receipt = owner.receipt(await owner.quote(), Money.taka(69))
    with pytest.raises(InputRejected):
        await owner.platform.advise_payment(owner.draft, owner.references, receipt)
    assert owner.simulator.ledger.effects("payment") == ()


# Orders


@pytest.mark.parametrize(("address", "total", "waits"), [(True, "90.00", "post"), (False, "50.00", "counter")])
async def test_a_certified_copy_comes_by_post_or_waits_at_the_counter(
    citizen: Any, address: bool, total: str, waits: str
) -> None:
    orderer = citizen("land.khatian-copy", 1, {} if address else {"address": None})
    await orderer.file()
    assert (await orderer.pay()).total.plain() == total
    issued = await orderer.until(S.ISSUED)
    assert [(deliverable.kind, deliverable.delivery) for deliverable in issued.deliverables] == [
        ("khatian-copy", waits)
    ]
    assert (await orderer.until(S.DELIVERED)).final


async def test_a_map_costs_what_the_record_room_says(citizen: Any) -> None:
    orderer = citizen("land.mouza-map")
    quote = await orderer.quote()
    assert [(line.code, line.amount.plain(), line.vat.plain()) for line in quote.lines] == [
        ("mouza-map", "520.00", "0.00")
    ]
    assert quote.total.plain() == "520.00"
    assert "own answer" in quote.source.title
    assert not quote.source.verified


@pytest.mark.parametrize("service", ["land.khatian-copy", "land.mouza-map"])
async def test_what_is_not_in_the_record_is_refused_with_a_reason(citizen: Any, service: str) -> None:
    orderer = citizen(service)
    orderer.simulator.script.set(orderer.references.client_reference, "reject")
    await orderer.file()
    await orderer.pay()
    refused = await orderer.until(S.REJECTED)
    assert refused.reason is not None
    assert refused.remark


@pytest.mark.parametrize("service", ["land.mutation", "land.khatian-copy"])
async def test_a_price_that_is_not_the_published_one_is_asked_of_nobody(citizen: Any, service: str) -> None:
    owner = citizen(service)
    owner.simulator.faults.add("GET /sim/land/v1/prices", Altered(put={"total": "100.00"}))
    with pytest.raises(ContractViolation) as caught:
        await owner.quote()
    assert caught.value.detail == "fee-differs-from-schedule"


# The tax


async def test_tax_is_paid_and_its_receipt_fetched(citizen: Any) -> None:
    payer = citizen("land.development-tax")
    await payer.file()
    assert (await payer.pay()).total.plain() == "25.00"
    issued = await payer.until(S.ISSUED)
    (deliverable,) = issued.deliverables
    assert deliverable.kind == "land-tax-receipt"
    reference = payer.references.agency_reference
    fetched = await payer.platform.fetch_deliverable(payer.draft, agency_reference=reference, deliverable=deliverable)
    assert fetched.document.media_type == "application/pdf"


async def test_exempt_land_brings_a_waiver_receipt(citizen: Any) -> None:
    farmer = citizen("land.development-tax", 1, {"use": "agricultural", "area": "২.০০০০", "family_area": "৮.২৫০০"})
    await farmer.file()
    assert (await farmer.pay()).total.plain() == "10.00"
    assert [deliverable.kind for deliverable in (await farmer.until(S.ISSUED)).deliverables] == ["waiver-receipt"]


async def test_interest_grows_overnight_and_the_old_price_lapses_with_the_day(
    citizen: Any, nagorik_clock: Any
) -> None:
    payer = citizen("land.development-tax", 1, {"holding_number": "২", "area": "১.০০০০"})
    today = await payer.quote()
    assert today.expires_at == datetime(2026, 11, 24, 18, tzinfo=UTC)  # midnight in Dhaka
    nagorik_clock.advance(timedelta(days=1))
    tomorrow = await payer.quote()
    assert today.is_expired(nagorik_clock.now())
    # Two years of 500 taka: 0.1712 taka a day.
    grown = Money(poisha=tomorrow.total.poisha - today.total.poisha)
    assert grown.plain() == "0.17"
    await payer.file()
    with pytest.raises(InputRejected):
        await payer.platform.advise_payment(payer.draft, payer.references, payer.receipt(today))
    await payer.pay()


async def test_a_payment_before_midnight_is_held_against_the_demand_of_its_own_day(
    citizen: Any, nagorik_clock: Any
) -> None:
    nagorik_clock.set(datetime(2026, 11, 24, 17, 59, tzinfo=UTC))  # 23:59 in Dhaka
    payer = citizen("land.development-tax", 1, {"holding_number": "২", "area": "১.০০০০"})
    await payer.file()
    receipt = payer.receipt(await payer.quote())
    nagorik_clock.advance(timedelta(minutes=2))
    await payer.platform.advise_payment(payer.draft, payer.references, receipt)
    assert [effect.amount for effect in payer.simulator.ledger.effects("payment")] == [receipt.amount.plain()]


async def test_what_is_paid_is_not_demanded_again(citizen: Any) -> None:
    payer = citizen("land.development-tax", 1, {"holding_number": "৩"})
    await payer.file()
    await payer.pay()
    again = await payer.quote()
    assert ([line.code for line in again.lines], again.total.poisha) == (["nothing-due"], 0)


async def test_a_new_fiscal_year_begins_at_midnight_in_dhaka(citizen: Any, nagorik_clock: Any) -> None:
    nagorik_clock.set(datetime(2027, 6, 30, 17, 59, 59, tzinfo=UTC))
    payer = citizen("land.development-tax", 1, {"fiscal_year": "2027-28"})
    with pytest.raises(InputRejected) as caught:
        await payer.quote()
    assert [(field.pointer, field.code) for field in caught.value.fields] == [
        ("/form/fiscal_year", "land.year-begun")
    ]
    nagorik_clock.advance(timedelta(seconds=1))
    assert (await payer.quote()).total.plain() == "25.00"


async def test_a_demand_that_does_not_fit_the_land_is_shown_at_its_field(citizen: Any) -> None:
    payer = citizen("land.development-tax")
    other = Altered(put={"current": "30.00", "total": "30.00"})
    payer.simulator.faults.add("POST /sim/land/v1/lookups/demand", other)
    with pytest.raises(InputRejected) as caught:
        await payer.quote()
    assert [field.pointer for field in caught.value.fields] == ["/form/area"]


# What the office refuses


async def test_a_field_that_the_office_refuses_is_shown_where_it_was_filled_in(citizen: Any) -> None:
    payer = citizen("land.development-tax")
    refusal = '{"error":{"field":"holdingNumber","message":"unknown"}}'
    payer.simulator.faults.add(
        f"POST {RECEIPTS}", InjectedResponse(status=400, body=refusal, headers={"Content-Type": "application/json"})
    )
    with pytest.raises(InputRejected) as caught:
        await payer.file()
    (field,) = caught.value.fields
    assert (field.pointer, field.code) == ("/form/holding_number", "land.field-refused")


async def test_the_health_of_the_offices_is_asked_without_naming_anybody(citizen: Any) -> None:
    owner = citizen("land.mutation")
    assert (await owner.platform.check_health("land")).state is HealthState.UP
    (request,) = owner.simulator.ledger.requests()
    assert request.operation == "GET /sim/land/v1/health"
