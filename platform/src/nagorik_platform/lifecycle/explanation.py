"""Why an application stands where it stands, read off its journal: what was decided, refused, said and priced."""

from collections.abc import Iterable
from functools import reduce
from typing import Final

from pydantic import AwareDatetime

from nagorik.model.eligibility import EligibilityDecision
from nagorik.model.fee import Quote
from nagorik.model.status import AgencyStatus, ApplicationState as S
from nagorik.operations import Operation
from nagorik.privacy import Model
from nagorik_platform.lifecycle import events as e
from nagorik_platform.lifecycle.refusals import CallRefusal
from nagorik_platform.lifecycle.tables import is_settled

_REFUSED_HERE: Final = frozenset({S.DRAFT, S.READY, S.REJECTED_AT_INTAKE, S.MANUAL_REVIEW, S.CLOSED})
"""Where a refusal leads; a move to any other state shows that the application went on in spite of it."""


class StandingRefusal(Model):
    """A refusal that nothing has put right since."""

    operation: Operation
    at: AwareDatetime
    refusal: CallRefusal


class ReceivedStatus(Model):
    """The agency's latest report, and when it was first received as it is."""

    at: AwareDatetime
    status: AgencyStatus


class PricedStage(Model):
    """A price that is in force, or that a payment was made for."""

    quote: Quote
    paid_by: tuple[str, ...] = ()
    """The payments that were opened for it."""


class StateExplanation(Model):
    """What explains where an application is."""

    decision: EligibilityDecision | None = None
    """Every criterion with its verdict, for the form as it is."""
    refusals: tuple[StandingRefusal, ...] = ()
    """At most one for each operation, the oldest first."""
    report: ReceivedStatus | None = None
    prices: tuple[PricedStage, ...] = ()
    """The oldest first."""
    in_force: str | None = None
    """The id of the quote that is in force."""
    state: S = S.DRAFT
    ended_as: S | None = None
    """How a closed application ended."""


def explain(journal: Iterable[e.Event]) -> StateExplanation:
    """What a whole journal says of why the application stands where it stands."""
    return reduce(explain_event, journal, StateExplanation())


def explain_event(so_far: StateExplanation, event: e.Event) -> StateExplanation:
    """What is to be said after one more event."""
    match event:
        case e.EligibilityDecided(decision=decision):
            return so_far.model_copy(update={"decision": decision})
        case e.EligibilityDropped():
            return so_far.model_copy(update={"decision": None, "refusals": ()})
        case e.CorrectionGiven():
            return so_far.model_copy(update={"refusals": ()})
        case e.AttemptEnded():
            return so_far.model_copy(update={"refusals": _refusals(so_far, event)})
        case e.Moved(to=state):
            stay = state in _REFUSED_HERE
            refusals = tuple(one for one in so_far.refusals if stay or one.operation is Operation.ADVISE_PAYMENT)
            ended_as = so_far.state if state is S.CLOSED else None
            return so_far.model_copy(update={"state": state, "ended_as": ended_as, "refusals": refusals})
        case e.PaymentMoved(to=to) if is_settled(to):
            others = tuple(one for one in so_far.refusals if one.operation is not Operation.ADVISE_PAYMENT)
            return so_far.model_copy(update={"refusals": others})
        case e.StatusReceived(at=at, status=status):
            return so_far.model_copy(update={"report": ReceivedStatus(at=at, status=status)})
    return _priced(so_far, event)


def _refusals(so_far: StateExplanation, event: e.AttemptEnded) -> tuple[StandingRefusal, ...]:
    """A refusal stands until the same operation is refused anew or does what it is for."""
    if event.refusal is None and not event.settled:
        return so_far.refusals
    others = tuple(one for one in so_far.refusals if one.operation is not event.operation)
    if event.refusal is None:
        return others
    return (*others, StandingRefusal(operation=event.operation, at=event.at, refusal=event.refusal))


def _priced(so_far: StateExplanation, event: e.Event) -> StateExplanation:
    match event:
        case e.QuoteReceived(quote=quote):
            others = tuple(one for one in so_far.prices if one.paid_by and one.quote.id != quote.id)
            return so_far.model_copy(update={"prices": (*others, PricedStage(quote=quote)), "in_force": quote.id})
        case e.QuoteDropped() | e.FeeDemanded() | e.FeeSettled():
            kept = tuple(one for one in so_far.prices if one.paid_by)
            return so_far.model_copy(update={"prices": kept, "in_force": None})
        case e.PaymentOpened(payment=payment, quote=quote_id):
            prices = tuple(
                one.model_copy(update={"paid_by": (*one.paid_by, payment)}) if one.quote.id == quote_id else one
                for one in so_far.prices
            )
            return so_far.model_copy(update={"prices": prices})
    return so_far
