"""Officers' cases: what only a named person can decide, an officer's view of it, and the decision with its reason."""

from functools import partial
from typing import Final

from starlette.responses import Response

from nagorik import ApplicationState, PaymentState, Text
from nagorik_host.texts import text_of
from nagorik_host.views import OfficerView
from nagorik_platform.lifecycle import Decided, state_label
from nagorik_portal.desk import effects, standing
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.desk.work import list_row

_MOST: Final = 100
_LONGEST_REASON: Final = 500


async def _list(visit: Visit) -> Response:
    cases = [
        list_row(visit, one.application, one.service, one.state, one.since)
        | {"why": _why(one.hold or "", one.blocked)}
        for one in await visit.casework.cases(_MOST)
    ]
    return visit.page("cases.html", "cases.title", cases=cases, nothing=not cases)


def _why(hold: str, blocked: str | None) -> Text | None:
    if blocked is not None:
        return standing.own_sentence(f"blocked.{blocked}", text_of("blocked", blocked))
    return standing.own_sentence(f"held.{hold}", text_of("hold", hold)) if hold else None


async def _show(visit: Visit) -> effects.FormShown:
    view = await visit.casework.officer_view(standing.application_of(visit))
    more = {
        "back": "/cases",
        "why": _why(standing.held_of(view), view.blocked.code if view.blocked is not None else None),
        "choices": effects.choices(visit, "choice", _offered(view)),
        "reason": visit.typed_text("reason"),
        "reference": visit.typed_text("reference"),
    }
    return effects.FormShown(view, "case.html", "case.title", more=more)


def _offered(view: OfficerView) -> dict[str, Text]:
    """What may be decided: that it goes on as it is, a state of the application, or a state of a payment."""
    offered = {"go-on": text("case.go-on")}
    offered |= {f"to {one}": state_label(ApplicationState(one)) for one in view.may_become}
    for payment in view.payments:
        for one in view.payments_may_become.get(payment.payment, ()):
            state = state_label(PaymentState(one))
            said = text("case.payment-becomes", amount=standing.amount_of(payment.amount), state=state)
            offered[f"payment {payment.payment} {one}"] = said
    return offered


async def _read(visit: Visit) -> effects.KeyedCall:
    choice, reason = visit.typed_text("choice"), visit.typed_text("reason")
    decision = _decision(visit, choice, reason)
    wrong = [] if decision is not None else [PageError("choice", text("case.choice-missing"))]
    if not reason:
        wrong.append(PageError("reason", text("case.reason-missing")))
    elif len(reason) > _LONGEST_REASON:
        wrong.append(PageError("reason", text("case.reason-long", most=_LONGEST_REASON)))
    if wrong or decision is None:
        raise effects.FormRejected(*wrong)
    return partial(visit.casework.decide, standing.application_of(visit), decision)


def _decision(visit: Visit, choice: str, reason: str) -> Decided | None:
    """What the form says; ``None`` where it is no choice that the page offers."""
    officer, reference = visit.operator.id, visit.typed_text("reference") or None
    try:
        match choice.split(" "):
            case ["go-on"]:
                return Decided(officer, reason, agency_reference=reference)
            case ["to", state]:
                return Decided(officer, reason, to=ApplicationState(state), agency_reference=reference)
            case ["payment", payment, state]:
                return Decided(officer, reason, payment=payment, payment_to=PaymentState(state))
    except ValueError:
        return None
    return None


CASE_ROUTES: Final = [
    page("/cases", "cases", _list),
    effects.effect_page("case", _show, _read, path="/cases/{application}", to="/cases/{application}"),
]
