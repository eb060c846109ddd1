"""What a citizen has to do about their application as a whole, of all that is true of it at once."""

from typing import Final

from nagorik.model.status import ApplicationState, PaymentState
from nagorik.values.sentences import Text, is_blank
from nagorik_platform.lifecycle.explanation import StateExplanation
from nagorik_platform.lifecycle.labels import nothing_to_do, nothing_to_pay_yet, state_advice
from nagorik_platform.lifecycle.state import FEE_WITHOUT_PRICE, PAYMENT_REFUSED, Party, Progress
from nagorik_platform.lifecycle.tables import MONEY_NOT_TAKEN

_NOT_PAYABLE: Final = MONEY_NOT_TAKEN | {PaymentState.QUOTED}
"""Of a payment that the payer can neither make nor has made."""
_HOLDS_OF_A_STATE: Final = frozenset({"correction-requested", "appearance-required", "to-be-received"})
"""Holds that say no more than the state does, so that what the state asks for is what they ask for."""


def what_to_do(progress: Progress, said: StateExplanation, hold: Text | None) -> tuple[Text, ...]:
    """What the citizen has to do now, or the one sentence that it is nothing: never both.

    Args:
        progress: Where the application is.
        said: What explains it, which knows how a closed application ended.
        hold: What the host says of the hold; it counts where the application waits for the citizen.
    """
    asked = [_of_hold(progress, hold), _of_state(progress, said)]
    asked += [state_advice(flag) for flag in sorted(progress.flags)]
    asked += [field.text for one in said.refusals if one.refusal.fault for field in one.refusal.fields]
    if progress.payments and progress.payments[-1].state not in MONEY_NOT_TAKEN | {PaymentState.INITIATED}:
        # Whether to pay, and whether to pay again, is the state's and the hold's to say.
        asked.append(state_advice(progress.payments[-1].state))
    found = {(one.bn, one.en): one for one in asked if one is not None}
    refused = any(one.refusal.fault is None for one in said.refusals)
    return tuple(found.values()) or (nothing_to_do(agency_says=_agency_says(said), refused=refused),)


def _agency_says(said: StateExplanation) -> bool:
    """Whether the agency has added words to its report, which the citizen has to read."""
    status = said.report.status if said.report is not None else None
    return status is not None and (status.reason is not None or not is_blank(status.remark or ""))


def _of_hold(progress: Progress, hold: Text | None) -> Text | None:
    if progress.hold is not None and progress.hold.code == PAYMENT_REFUSED:
        return state_advice(PaymentState.FAILED)
    if progress.hold is None or progress.hold.party is not Party.CITIZEN or progress.hold.code in _HOLDS_OF_A_STATE:
        return None
    return hold


def _of_state(progress: Progress, said: StateExplanation) -> Text | None:
    """The state's own advice, unless the application waits for something else than the state asks for."""
    hold = progress.hold
    stops = hold is not None and hold.party is not Party.AGENCY and not hold.tries_on
    if hold is not None and stops and hold.code not in _HOLDS_OF_A_STATE:
        return None
    if hold is not None and hold.code == FEE_WITHOUT_PRICE:
        return None
    due = [one for one in progress.payments if one.stage == progress.stage]
    if progress.state is ApplicationState.AWAITING_PAYMENT:
        if any(one.state is PaymentState.UNKNOWN and one.reference is None for one in due):
            # The gateway may have begun it. No page was shown, and the flag beside it says not to pay again.
            return None
        if all(one.state in _NOT_PAYABLE for one in due):
            return nothing_to_pay_yet()
    if hold is None and progress.state is ApplicationState.CORRECTION_REQUESTED:
        # The correction was given, and is on its way or being looked up.
        return None
    return state_advice(said.ended_as or progress.state)
