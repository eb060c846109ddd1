"""Officers' cases: what only a named person can decide, an officer's view of it, and the decision with its reason."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from starlette.responses import Response
from starlette.routing import Route

from nagorik import ApplicationState, FieldProblem, PaymentState, Text
from nagorik_host.texts import text_of
from nagorik_host.views import OfficerView
from nagorik_platform.lifecycle import Decided, state_label
from nagorik_portal.desk.effects import application_of, effect_page, own_sentence, take_effect
from nagorik_portal.desk.standing import amount_of, gateway_name, next_call, reasons, timeline_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import age_text, text

_MOST: Final = 100
_LONGEST_REASON: Final = 500
_GO_ON: Final = "go-on"


async def _list(visit: Visit) -> Response:
    now = visit.portal.host.clock.now()
    names = {one.id: one.name for one in visit.portal.host.platform.services}
    cases = [
        {
            "id": one.application,
            "service": names.get(one.service, one.service),
            "means": state_label(ApplicationState(one.state)),
            "why": _why(one.hold, one.blocked),
            "age": age_text(one.since, now),
        }
        for one in await visit.casework.cases(_MOST)
    ]
    return visit.page("cases.html", "cases.title", cases=cases, nothing=not cases)


def _why(hold: str | None, blocked: str | None) -> Text | None:
    if blocked is not None:
        return own_sentence(f"blocked.{blocked}", text_of("blocked", blocked))
    return own_sentence(f"held.{hold}", text_of("hold", hold)) if hold is not None else None


async def _show(visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False) -> Response:
    view = await visit.casework.officer_view(application_of(visit))
    held = view.waits_for.code if view.waits_for is not None else None
    return effect_page(
        visit,
        "case.html",
        "case.title",
        view,
        errors=[PageError(one.pointer.strip("/"), one.text) for one in problems],
        is_outdated=is_outdated,
        back="/cases",
        why=_why(held, view.blocked.code if view.blocked is not None else None),
        reasons=[*reasons(view)],
        next=next_call(view),
        payments=[
            {
                "amount": amount_of(one.amount),
                "gateway": gateway_name(visit, one.gateway),
                "means": one.means,
                "says": view.gateways_say.get(one.payment),
            }
            for one in view.payments
        ],
        attempts=[
            {
                "what": text(f"next.{one['operation']}"),
                "began": datetime.fromisoformat(str(one["began"])),
                "result": one["result"] or "…",
            }
            for one in view.attempts
        ],
        choices=_choices(visit, view),
        reason=visit.typed_text("reason"),
        reference=visit.typed_text("reference"),
        timeline=timeline_of(view),
    )


def _choices(visit: Visit, view: OfficerView) -> list[dict[str, object]]:
    """What may be decided: that it goes on as it is, a state of the application, or a state of a payment."""
    offered = [(_GO_ON, visit.t("case.go-on"))]
    offered += [(f"to {one}", visit.say(state_label(ApplicationState(one)))) for one in view.may_become]
    for payment in view.payments:
        for one in view.payments_may_become.get(payment.payment, ()):
            label = visit.t(
                "case.payment-becomes", amount=amount_of(payment.amount), state=state_label(PaymentState(one))
            )
            offered.append((f"payment {payment.payment} {one}", label))
    typed = visit.typed_text("choice")
    return [{"value": value, "text": label, "checked": value == typed} for value, label in offered]


async def _decide(visit: Visit) -> Response:
    choice, reason, reference = (visit.typed_text(name) for name in ("choice", "reason", "reference"))
    wrong = [
        FieldProblem(pointer=f"/{name}", code="absent", text=text(f"case.{name}-missing"))
        for name, value in (("choice", choice), ("reason", reason))
        if not value
    ]
    if len(reason) > _LONGEST_REASON:
        wrong.append(
            FieldProblem(pointer="/reason", code="too-long", text=text("case.reason-long", most=_LONGEST_REASON))
        )
    decision = _decision(visit, choice, reason, reference or None) if not wrong else None
    if decision is None:
        problem = FieldProblem(pointer="/choice", code="unknown", text=text("case.choice-missing"))
        return await _show(visit, problems=tuple(wrong or [problem]))
    casework, application = visit.casework, application_of(visit)
    return await take_effect(
        visit,
        _show,
        "decide",
        {"choice": choice, "reason": reason, "reference": reference},
        lambda key, revision: casework.decide(application, decision, key=key, revision=revision),
        to=f"/cases/{application}",
    )


def _decision(visit: Visit, choice: str, reason: str, reference: str | None) -> Decided | None:
    """What the form says; ``None`` where it is no choice that the page offers."""
    kind, _, rest = choice.partition(" ")
    officer = visit.operator.id
    try:
        if kind == _GO_ON:
            return Decided(officer, reason, agency_reference=reference)
        if kind == "to":
            return Decided(officer, reason, to=ApplicationState(rest), agency_reference=reference)
        payment, _, state = rest.partition(" ")
        return Decided(officer, reason, payment=payment, payment_to=PaymentState(state))
    except ValueError:
        return None


CASE_ROUTES: Final[list[Route]] = [
    page("/cases", "cases", _list),
    page("/cases/{application}", "case", _show, _decide),
]
