"""Paying: choosing the gateway, cash, link and QR code, paying again, and the payer's return."""

import io
from contextlib import suppress
from functools import partial
from typing import Final

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik import Operation
from nagorik_host.engine.inbox import LARGEST_BODY, InboxFull, MessageRefused
from nagorik_host.views import ApplicationView
from nagorik_portal.casework import sum_of
from nagorik_portal.desk import effects, standing
from nagorik_portal.desk.visits import PageError, Visit, language_of, page
from nagorik_portal.desk.wording import text
from nagorik_portal.edge import bounded

_QR_SCALE: Final = 6
_OF_SESSIONS: Final = frozenset({"cookie", "authorization"})


async def _show(visit: Visit) -> effects.FormShown:
    view = await standing.read_view(visit)
    held = standing.held_of(view)
    if held == standing.CHOOSE_GATEWAY:
        names = {one.id: one.name for one in visit.portal.host.platform.gateways}
        hints = {one: _price_of(visit, view, one) for one in names}
        more: dict[str, object] = {"items": effects.choices(visit, "gateway", names, hints)}
        return effects.FormShown(view, "pay-choose.html", "pay.title", more=more)
    if held in standing.PAY_AGAIN and view.waits_for is not None:
        said = standing.own_sentence(f"held.{held}", view.waits_for.means)
        more = {"said": said, "button": "pay.again", "again": "again"}
        return effects.FormShown(view, "confirm.html", "pay.again-title", more=more)
    payment = standing.payable(view)
    is_waiting = payment is not None or (view.state == "awaiting_payment" and not held)
    waiting = {"payment": payment, "is_waiting": is_waiting, "refresh": standing.SECONDS if is_waiting else None}
    title = "pay.title" if is_waiting else "pay.nothing-title"
    return effects.FormShown(view, "pay.html", title, more={"form": "language-form", **waiting})


def _price_of(visit: Visit, view: ApplicationView, gateway: str) -> str:
    """What is charged for paying by a gateway, and the sum that the payer pays."""
    unpaid = [one for one in view.fees if not one["paid"]]
    if not unpaid:
        return visit.t("pay.no-charge")
    fee = standing.amount_of(f"{unpaid[-1]['total']} {unpaid[-1]['currency']}")
    own = visit.casework.charges(view.service, gateway, fee)
    payees = {one.code: visit.say(one.payee or text("fee.centre")) for one in own}
    said = "; ".join(f"{visit.say(one.text)} ({payees[one.code]}): {visit.say(one.total)}" for one in own)
    charged = visit.t("pay.with-charge", charges=said) if own else visit.t("pay.no-charge")
    return f"{charged} {visit.t('fee.total', total=sum_of(fee, own))}"


async def _read(visit: Visit) -> effects.KeyedCall:
    gateway, act = visit.typed_text("gateway"), partial(visit.casework.act, standing.application_of(visit))
    if "again" in visit.typed:
        return partial(act, "pay-again")
    if not gateway:
        raise effects.FormRejected(PageError("gateway", text("pay.choose-one")))
    return partial(act, "pay", gateway=gateway)


async def _code(visit: Visit) -> Response:
    payment = standing.payable(await standing.read_view(visit))
    if payment is None or payment.pay_at is None:
        return Response(status_code=404)
    content = io.BytesIO()
    code = segno.make(payment.pay_at, error="m", micro=False)
    code.save(content, kind="svg", scale=_QR_SCALE, border=4, light="#fff")
    return Response(content.getvalue(), media_type="image/svg+xml")


async def _returned(request: Request) -> Response:
    """Hear of a payer's return as a hint to ask the gateway; nothing of the payment is shown."""
    portal, gateway = request.app.state.portal, request.path_params["gateway"]
    if any(one.id == gateway and Operation.PAYMENT_NOTICE in one.reads for one in portal.host.platform.gateways):
        # A message that is not kept is a hint lost: the gateway is asked when the payment's turn comes.
        with suppress(InboxFull, MessageRefused):
            body = await Request(request.scope, bounded(request.scope, request.receive, LARGEST_BODY)).body()
            headers = {name: value for name, value in request.headers.items() if name not in _OF_SESSIONS}
            if request.method == "GET":
                headers["content-type"] = "application/x-www-form-urlencoded"
            await portal.host.inbox.receive(gateway, headers=headers, body=body or request.url.query.encode())
    visit = Visit(request, portal, language_of(request))
    return visit.page("returned.html", "returned.title", lines=[text("returned.text"), text("returned.safe")])


PAYING_ROUTES: Final = [
    effects.effect_page("pay", _show, _read, to="/applications/{application}/pay"),
    page("/applications/{application}/pay.svg", "pay-code", _code),
    Route("/payments/return/{gateway}/{payment}", _returned, methods=["GET", "POST"], name="payment-returned"),
]
