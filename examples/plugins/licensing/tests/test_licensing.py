"""The office's procedure, its errors and what is written to it."""

from datetime import UTC, datetime, timedelta

import pytest

from nagorik import (
    AgencyRejected,
    ApplicationState,
    CredentialProblem,
    CredentialsRejected,
    FeeDue,
    InputRejected,
    Money,
    NagorikError,
    PaymentReceipt,
    RateLimited,
)
from nagorik_licensing import simulator, wire
from nagorik_licensing.simulator import LicensingSimulator
from nagorik_testing import InjectedResponse, ServiceDesk

Desk = ServiceDesk[LicensingSimulator]


async def test_second_fee_is_demanded_after_the_inspection(desk: Desk) -> None:
    draft = desk.draft()
    first = await desk.platform.quote_fees(draft)
    await desk.file(draft)
    waiting = await desk.status(draft)
    await desk.pay(draft)
    inspected = await desk.until(draft, "লাইসেন্স ফি বকেয়া")
    second = await desk.platform.quote_fees(draft, stage="licence", agency_reference=desk.reference)
    receipt = PaymentReceipt(
        payment="RECEIPT-2",
        quote=second.id,
        stage=second.stage,
        gateway="till.counter",
        reference="RECEIPT-2",
        amount=second.total,
        captured_at=desk.now,
        payer_name=draft.applicant.name.en,
    )
    told = await desk.platform.advise_payment(draft, desk.references, receipt)
    licensed = await desk.status(draft)

    assert (first.total, first.due) == (Money.taka(100), FeeDue.BEFORE_SUBMISSION)
    assert (second.total, second.due) == (Money.taka(1200), FeeDue.AFTER_SUBMISSION)
    assert (waiting.state, waiting.payment_confirmed) == (ApplicationState.SUBMITTED, False)
    assert (inspected.state, inspected.fee_due) == (ApplicationState.APPROVED, "licence")
    assert told.confirmed
    assert (licensed.state, licensed.final) == (ApplicationState.ISSUED, True)
    assert (await desk.fetch(draft, licensed.deliverables[0])).startswith(b"%PDF-")


async def test_inspection_may_refuse_the_licence(desk: Desk) -> None:
    draft = desk.draft()
    desk.simulator.script.set(desk.references.client_reference, "refuse")
    await desk.file(draft)
    await desk.pay(draft)

    refused = await desk.until(draft, "নামঞ্জুর")

    assert (refused.state, refused.final) == (ApplicationState.REJECTED, True)
    assert refused.reason is not None


async def test_bangla_digits_and_the_time_in_dhaka_are_read(desk: Desk) -> None:
    desk.simulator.clock.set(datetime(2026, 11, 26, 9, 4, 5, tzinfo=UTC))
    draft = desk.draft()
    await desk.file(draft)

    status = await desk.status(draft)

    assert desk.reference is not None
    assert (desk.reference.isascii(), desk.reference[:2], len(desk.reference)) == (True, "L-", 8)
    assert status.at == datetime(2026, 11, 26, 9, 4, 5, tzinfo=UTC)


async def test_papers_arrive_as_what_they_are(desk: Desk) -> None:
    await desk.file(desk.draft())

    arrived = [(paper.name, paper.media_type) for paper in desk.simulator.ledger.papers()]

    assert arrived == [("premises-plan", "application/pdf"), ("premises-photo", "image/png")]


async def test_session_that_has_ended_costs_one_login(desk: Desk) -> None:
    draft = desk.draft()
    await desk.file(draft)
    desk.simulator.tokens.revoke_all()  # sooner than the office said
    await desk.status(draft)
    desk.simulator.clock.advance(timedelta(minutes=25))  # as it said
    await desk.status(draft)

    seen = [request.operation for request in desk.simulator.ledger.requests()]
    show, login = "GET /applications/{number}", "POST /login"
    assert seen == [login, "POST /applications", show, login, show, login, show]


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({"code": "FIELD-REFUSED", "field": "mobile"}, InputRejected),
        ({"code": "FIELD-REFUSED", "field": "amount"}, InputRejected),
        ({"code": "NOT-LET-IN", "field": "signature"}, CredentialsRejected),
        ({"code": "TOO-MANY-LOGINS", "field": "login"}, RateLimited),
        ({"code": "NO-SUCH-FILE", "field": "number"}, AgencyRejected),
    ],
)
async def test_error_with_status_200_means_what_it_says(
    desk: Desk, said: dict[str, str], means: type[NagorikError]
) -> None:
    # The client tries again what the office was too busy for.
    desk.simulator.faults.add("POST /applications", InjectedResponse(status=200, document=dict(said)), count=10)

    with pytest.raises(means) as caught:
        await desk.file(desk.draft())

    if isinstance(caught.value, InputRejected):
        pointers = ["/form/mobile"] if said["field"] == "mobile" else []
        assert [problem.pointer for problem in caught.value.fields] == pointers
    assert desk.simulator.ledger.effects("application") == ()


async def test_request_that_another_key_signed_is_not_heard(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(simulator.SECRETS, "signing_key", "another-key")

    with pytest.raises(CredentialsRejected):
        await desk.file(desk.draft())

    assert {request.operation for request in desk.simulator.ledger.requests()} == {"POST /login"}


async def test_licence_fee_that_differs_from_the_schedule_is_asked_of_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = desk.draft()
    await desk.file(draft)
    await desk.pay(draft)
    await desk.until(draft, "লাইসেন্স ফি বকেয়া")
    monkeypatch.setitem(simulator.FEES, "FEE_DUE", ("pay-licence", Money.taka(1500)))

    with pytest.raises(NagorikError) as caught:
        await desk.platform.quote_fees(draft, stage="licence", agency_reference=desk.reference)

    assert caught.value.code == "contract-violation"


async def test_a_quote_is_good_for_a_day(desk: Desk) -> None:
    first = await desk.platform.quote_fees(desk.draft())
    assert first.expires_at - desk.now == timedelta(days=1)


async def test_licence_fee_is_told_by_the_schedule_before_there_is_an_application(desk: Desk) -> None:
    quote = await desk.platform.quote_fees(desk.draft(), stage="licence")
    assert (quote.total, quote.due) == (Money.taka(1200), FeeDue.AFTER_SUBMISSION)


@pytest.mark.parametrize(
    "message",
    [wire.Details(address="1 Road", mobile="+8801700000000"), wire.PaymentMessage(reference="1", amount="1")],
)
def test_messages_are_in_the_offices_own_namespace(message: wire.Details | wire.PaymentMessage) -> None:
    written = message.to_xml()
    assert f'xmlns="{wire.SPACE}"'.encode() in (written if isinstance(written, bytes) else written.encode())


async def test_credentials_that_are_not_let_in_are_wrong(desk: Desk) -> None:
    desk.simulator.faults.add("POST /login", InjectedResponse(status=200, document={"code": "NOT-LET-IN"}), count=3)
    with pytest.raises(CredentialsRejected) as caught:
        await desk.file(desk.draft())
    assert caught.value.kind is CredentialProblem.WRONG


@pytest.mark.parametrize("word", ["গ", ""])
def test_state_is_one_sign_at_least(word: str) -> None:
    written = (
        f'<application xmlns="{wire.SPACE}"><number>L-১২৩৪৫৬</number><state>{word}</state>'
        "<since>২৬-১১-২০২৬ ১৫:০৪:০৫</since><due>০.০০</due></application>"
    )
    if word:
        assert wire.Application.from_xml(written.encode()).state == word
    else:
        with pytest.raises(ValueError, match="state"):
            wire.Application.from_xml(written.encode())
