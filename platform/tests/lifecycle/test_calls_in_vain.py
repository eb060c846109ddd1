"""A call that fails for a reason which waiting does not mend becomes an officer's case, and is tried on meanwhile."""

import pytest

from nagorik.errors import (
    AgencyRejected,
    AgencyUnavailable,
    ConsentMissing,
    ContractViolation,
    CredentialProblem,
    CredentialsRejected,
    InputRejected,
    Layer,
    NagorikError,
    PluginFault,
    ServiceNotOffered,
    SettingsRejected,
)
from nagorik.model.payment import PaymentAdvice, PaymentStarted
from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik.operations import Operation
from nagorik.values import Money
from nagorik.values.sentences import Text
from nagorik_platform.cli.explanation_page import explanation_document, reason_lines
from nagorik_platform.lifecycle import (
    CallAnswered,
    CallFailed,
    Decided,
    Hold,
    Party,
    explain,
    nothing_to_do,
    state_advice,
    what_to_do,
)
from nagorik_platform.lifecycle.labels import nothing_to_pay_yet
from nagorik_platform.lifecycle.refusals import LONGEST_CAUSE, refusal_of
from nagorik_platform.lifecycle.rules.holds import CALLS_IN_VAIN_BEFORE_A_PERSON, DEMANDED_AGAIN_BEFORE_A_PERSON

from . import factories
from .driver import Driver

REJECTED = AgencyRejected("office.locked")
DIFFERS = ContractViolation("fee-differs-from-schedule")
HOLD = Text(bn="অপেক্ষা", en="It waits.")


def demanded() -> Driver:
    """Filed, and the agency demands a fee."""
    driver = Driver(factories.capabilities_of()).to_submitted()
    driver.report(factories.status(fee_due="inspection"))
    assert driver.state is S.AWAITING_PAYMENT
    return driver


def fail(driver: Driver, operation: Operation, error: NagorikError, times: int, **otherwise: object) -> None:
    """Let an operation fail so often, and answer every other that comes between as if nothing had happened."""
    failed = 0
    for _ in range(60):
        called = driver.call()
        if called is operation:
            driver.take(ended(error))
            failed += 1
            if failed == times:
                return
        else:
            assert called is Operation.STATUS, f"{called} is due in {driver.state}"
            driver.take(ended(otherwise["status"]))
    raise AssertionError(f"{operation} was not due so often")


def said_by_plugin(error: NagorikError) -> NagorikError:
    error.layer = Layer.PLUGIN
    return error


def ended(end: object) -> CallAnswered | CallFailed:
    return CallFailed(end) if isinstance(end, NagorikError) else CallAnswered(end)


@pytest.mark.parametrize("error", [DIFFERS, REJECTED, CredentialsRejected()])
def test_price_after_filing_that_cannot_be_had_is_a_case_and_nobody_is_asked_to_pay(error):
    driver, status = demanded(), factories.status(fee_due="inspection")
    fail(driver, Operation.QUOTE, error, 1, status=status)
    assert driver.hold is None
    assert what_to_do(driver.row, explain(driver.journal), None) == (nothing_to_pay_yet(),)
    fail(driver, Operation.QUOTE, error, CALLS_IN_VAIN_BEFORE_A_PERSON - 1, status=status)
    assert driver.row.hold == Hold(party=Party.PERSON, code="fee-not-settled")
    assert what_to_do(driver.row, explain(driver.journal), HOLD) == (nothing_to_pay_yet(),)
    (standing,) = explain(driver.journal).refusals
    assert standing.operation is Operation.QUOTE
    assert standing.refusal.code == {"agency-rejected": "office.locked"}.get(error.code, standing.refusal.code)


@pytest.mark.parametrize("state", [S.APPROVED, S.AWAITING_PAYMENT])
def test_fee_that_was_paid_and_is_demanded_for_days_is_a_case_and_is_not_paid_again(state):
    driver, asks = demanded(), factories.status(fee_due="inspection")
    price = factories.quote(5_000, stage="inspection")
    driver.answer_until(lambda one: one.row.quote is not None, give={Operation.STATUS: asks, Operation.QUOTE: price})
    driver.answer(Operation.START_PAYMENT, PaymentStarted(reference="CANARY-REFERENCE-GATEWAY"))
    driver.answer_until(
        lambda one: one.payment_states == [P.CONFIRMED],
        give={
            Operation.STATUS: asks,
            Operation.QUERY_PAYMENT: driver.captured(5_000),
            Operation.ADVISE_PAYMENT: PaymentAdvice(confirmed=True),
        },
    )
    paid_at = driver.row.payments[0].captured_at
    still = factories.status(state, fee_due="inspection")
    asked = {Operation.STATUS: still, Operation.QUERY_PAYMENT: driver.captured(5_000)}
    driver.answer_until(lambda one: one.hold is not None, give=asked)
    assert driver.row.hold == Hold(party=Party.PERSON, code="fee-demanded-again")
    assert driver.row.status_at - paid_at >= DEMANDED_AGAIN_BEFORE_A_PERSON
    for _ in range(5):
        driver.answer(Operation.STATUS, still)
    assert driver.hold == "fee-demanded-again"
    said = explanation_document(driver.row, explain(driver.journal), schema=None)
    assert (said["demanded_again"]["paid"], said["demanded_again"]["demanded"]) == (["5000.00 BDT"], None)
    assert "does not say here how much" in "\n".join(reason_lines(said))
    driver.answer(Operation.STATUS, still.model_copy(update={"fee_amount": Money.taka(6_500)}))
    said = explanation_document(driver.row, explain(driver.journal), schema=None)
    assert said["demanded_again"]["demanded"] == "6500.00 BDT"
    told = "\n".join(reason_lines(said))
    assert "Paid: Tk 5,000. It asks for: Tk 6,500. Do not pay again." in told
    assert "৫,০০০" in told
    assert "৬,৫০০" in told
    assert state_advice(S.AWAITING_PAYMENT) not in what_to_do(driver.row, explain(driver.journal), HOLD)
    assert driver.payment_states == [P.CONFIRMED]
    driver.answer(Operation.STATUS, factories.status(S.APPROVED))
    assert (driver.state, driver.hold) == (S.APPROVED, None)
    assert explanation_document(driver.row, explain(driver.journal), schema=None)["demanded_again"] is None


def test_fee_of_a_service_without_prices_is_a_case_at_once():
    driver = Driver(factories.capabilities_of(without=[Operation.QUOTE])).to_submitted()
    driver.report(factories.status(fee_due="inspection"))
    assert driver.row.hold == Hold(party=Party.PERSON, code="fee-without-price")
    assert what_to_do(driver.row, explain(driver.journal), HOLD) == (nothing_to_do(),)
    driver.answer(Operation.STATUS, factories.status(S.IN_REVIEW))
    assert (driver.state, driver.hold) == (S.IN_REVIEW, None)


@pytest.mark.parametrize("operation", [Operation.ELIGIBILITY, Operation.QUOTE, Operation.SUBMIT])
@pytest.mark.parametrize("error", [ContractViolation("other-year"), CredentialsRejected(), ConsentMissing("scope")])
def test_call_before_filing_that_fails_for_ever_is_a_case_and_goes_on_by_itself(operation, error):
    driver = Driver(factories.capabilities_of())
    way = {Operation.ELIGIBILITY: factories.decision(), Operation.QUOTE: factories.quote(0), Operation.SUBMIT: None}
    for before, answer in way.items():
        if before is operation:
            break
        driver.answer(before, answer)
    for _ in range(CALLS_IN_VAIN_BEFORE_A_PERSON):
        driver.answer(operation, CredentialsRejected(CredentialProblem.WRONG))  # the host's matter
        assert driver.hold is None
        driver.answer(operation, error)
    code = "fee-not-settled" if operation is Operation.QUOTE else "call-in-vain"
    assert driver.row.hold == Hold(party=Party.PERSON, code=code)
    driver.answer(operation, error)
    assert driver.row.hold == Hold(party=Party.PERSON, code=code)
    if operation is not Operation.SUBMIT:
        driver.answer(operation, way[operation])
        assert driver.hold is None


def test_agency_that_is_only_away_is_nobodys_case():
    driver = Driver(factories.capabilities_of()).to_submitted()
    for _ in range(3 * CALLS_IN_VAIN_BEFORE_A_PERSON):
        driver.answer(Operation.STATUS, AgencyUnavailable())
    assert driver.hold is None
    driver.answer(Operation.STATUS, REJECTED)
    assert driver.hold is None


def test_officer_lets_it_be_tried_at_once_or_takes_it():
    driver = Driver(factories.capabilities_of()).to_submitted()
    for _ in range(CALLS_IN_VAIN_BEFORE_A_PERSON):
        driver.answer(Operation.STATUS, REJECTED)
    driver.take(Decided(officer="O", reason="The agency has unlocked it"))
    assert (driver.hold, driver.next.due) == (None, driver.now)
    for _ in range(CALLS_IN_VAIN_BEFORE_A_PERSON):
        driver.answer(Operation.STATUS, REJECTED)
    driver.take(Decided(officer="O", reason="Rang them", to=S.REJECTED))
    assert driver.state is S.CLOSED


@pytest.mark.parametrize(
    ("error", "fault", "code"),
    [
        (ContractViolation("answer: $.items.0.state"), "contract-violation", "answer: $.items.0.state"),
        (ContractViolation("x" * 900), "contract-violation", None),
        (CredentialsRejected(CredentialProblem.EXPIRED), "credentials-rejected", "expired"),
        (PluginFault("raised", plugin="p"), "plugin-fault", "raised"),
        (SettingsRejected(["password"], plugin="p"), "settings-rejected", "settings-rejected"),
        (ConsentMissing("expired"), "consent-missing", "expired"),
        (AgencyRejected("office.locked"), None, "office.locked"),
        (InputRejected(()), None, "input-rejected"),
        (said_by_plugin(ServiceNotOffered("gone")), "service-not-offered", "gone"),
        (said_by_plugin(ServiceNotOffered("too-many-faults")), "service-not-offered", "too-many-faults"),
    ],
)
def test_what_waiting_does_not_mend_is_kept_by_its_code(error, fault, code):
    kept = refusal_of(error)
    assert kept is not None
    assert kept.fault == fault
    assert len(kept.code) <= LONGEST_CAUSE
    assert code is None or kept.code == code


@pytest.mark.parametrize("error", [AgencyUnavailable(), ServiceNotOffered("unknown-service")])
def test_what_waiting_mends_is_not(error):
    assert refusal_of(error) is None
