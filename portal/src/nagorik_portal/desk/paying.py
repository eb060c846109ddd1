"""Paying: choosing the gateway, cash, link and QR code, paying again, and the payer's return."""

import io
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import segno
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from nagorik import FieldProblem, Operation, Text
from nagorik.manifest import PaymentGateway
from nagorik.values import Money, dhaka_date
from nagorik_host.engine.inbox import LARGEST_BODY, InboxFull, MessageRefused
from nagorik_host.views import ApplicationView, PaymentView, ViewPart
from nagorik_portal.desk.effects import application_of, effect_page, own_sentence, read_view, take_effect
from nagorik_portal.desk.filing import agency_of
from nagorik_portal.desk.standing import CHOOSE_GATEWAY, PAY_AGAIN, amount_of, gateway_name, money_of, sentences
from nagorik_portal.desk.visits import PageError, Visit, language_of, page
from nagorik_portal.desk.wording import text

_SECONDS: Final = 10
_QR_SCALE: Final = 6
_OF_SESSIONS: Final = frozenset({"cookie", "authorization"})


async def _show(visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False) -> Response:
    view = await read_view(visit)
    held = view.waits_for.code if view.waits_for is not None else ""
    if held == CHOOSE_GATEWAY:
        return _choice(visit, view, is_outdated=is_outdated, is_missing=bool(problems))
    if held in PAY_AGAIN and view.waits_for is not None:
        said = own_sentence(f"held.{held}", view.waits_for.means)
        return effect_page(
            visit,
            "pay-again.html",
            "pay.again-title",
            view,
            said=said,
            payments=_lines(view),
            is_outdated=is_outdated,
        )
    return _under_way(visit, view)


def _choice(visit: Visit, view: ApplicationView, *, is_outdated: bool, is_missing: bool) -> Response:
    fees = fee_tables(visit, view)
    gateways = [_offer(visit, view, one) for one in visit.portal.host.platform.gateways]
    errors = [PageError("gateway", text("pay.choose-one"))] if is_missing else []
    return effect_page(
        visit,
        "pay-choose.html",
        "pay.title",
        view,
        errors=errors,
        is_outdated=is_outdated,
        fees=fees,
        items=[
            {
                "value": one["id"],
                "text": one["name"],
                "hint": {"text": one["hint"]},
                "checked": visit.typed_text("gateway") == one["id"],
            }
            for one in gateways
        ],
    )


def _offer(visit: Visit, view: ApplicationView, gateway: PaymentGateway) -> dict[str, str]:
    """A gateway with what is charged for paying by it, and the sum that the payer pays."""
    host = visit.portal.host
    fee = _due(view)
    charges = host.charges.lines(view.service, gateway.id, dhaka_date(host.clock.now()))
    own = [one for one in charges if fee is not None and one.amount.currency == fee.currency]
    hint = visit.t("pay.no-charge")
    if own and fee is not None:
        parts = [
            f"{visit.say(one.text)} ({visit.say(one.payee or text('fee.centre'))}): {visit.say(one.total)}"
            for one in own
        ]
        hint = visit.t("pay.with-charge", charges="; ".join(parts))
    if fee is not None:
        total = Money(poisha=fee.poisha + sum(one.total.poisha for one in own), currency=fee.currency)
        hint = f"{hint} {visit.t('fee.total', total=total)}"
    return {"id": gateway.id, "name": visit.say(gateway.name), "hint": hint}


def _due(view: ApplicationView) -> Money | None:
    """The agency's price that is asked for now."""
    unpaid = [one for one in view.fees if not one["paid"]]
    return money_of(unpaid[-1]["total"], unpaid[-1]["currency"]) if unpaid else None


def fee_tables(visit: Visit, view: ApplicationView) -> list[dict[str, object]]:
    """The prices and charges of an application, each line with its payee."""
    agency = agency_of(visit, view.service)
    tables = [_table(text("pay.paid" if fee["paid"] else "fee.fees"), fee, agency) for fee in view.fees]
    if view.charges is not None:
        tables.append(_table(text("fee.charges"), view.charges, text("fee.centre")))
    return tables


def _table(heading: Text, part: ViewPart, agency: Text) -> dict[str, object]:
    last: Text | None = None
    currency, found = part["currency"], []
    lines = part["lines"]
    assert isinstance(lines, list)  # noqa: S101 - the host's document
    for line in lines:
        assert isinstance(line, dict)  # noqa: S101 - the host's document
        payee = Text.model_validate(line["payee"]) if line.get("payee") else agency
        shown = payee if payee != last else None
        last = payee
        found.append({"payee": shown, "text": line["text"], "amount": money_of(line["amount"], currency)})
        vat = money_of(line["vat"], currency)
        if vat.poisha:
            found.append({"payee": None, "text": text("fee.vat"), "amount": vat})
    return {"heading": heading, "lines": found, "total": money_of(part["total"], currency)}


def _lines(view: ApplicationView) -> list[dict[str, object]]:
    return [{"amount": amount_of(one.amount), "means": one.means} for one in view.payments]


def payable(view: ApplicationView) -> PaymentView | None:
    """The payment that waits for the payer."""
    return next(
        (one for one in reversed(view.payments) if one.pay_at is not None or one.instructions is not None), None
    )


def _under_way(visit: Visit, view: ApplicationView) -> Response:
    payment = payable(view)
    is_waiting = payment is not None or (view.state == "awaiting_payment" and view.waits_for is None)
    return visit.page(
        "pay.html",
        "pay.title" if is_waiting else "pay.nothing-title",
        view=view,
        back=f"/applications/{view.application}",
        payment=payment,
        amount=amount_of(payment.amount) if payment is not None else None,
        gateway=gateway_name(visit, payment.gateway) if payment is not None else None,
        is_waiting=is_waiting,
        fees=fee_tables(visit, view),
        sentences=sentences(view),
        refresh=_SECONDS if is_waiting else None,
    )


async def _pay(visit: Visit) -> Response:
    view = await read_view(visit)
    held = view.waits_for.code if view.waits_for is not None else ""
    casework, application = visit.casework, application_of(visit)
    if "gateway" not in visit.typed and "again" not in visit.typed and held == CHOOSE_GATEWAY:
        return await _show(
            visit, problems=(FieldProblem(pointer="/gateway", code="absent", text=text("pay.choose-one")),)
        )
    gateway = visit.typed_text("gateway")
    address = f"/applications/{application}/pay"
    if "again" in visit.typed:
        return await take_effect(
            visit,
            _show,
            "pay-again",
            None,
            lambda key, revision: casework.act(application, "pay-again", key=key, revision=revision),
            to=address,
        )
    return await take_effect(
        visit,
        _show,
        "pay",
        gateway,
        lambda key, revision: casework.act(application, "pay", gateway=gateway, key=key, revision=revision),
        to=address,
    )


async def _code(visit: Visit) -> Response:
    payment = payable(await read_view(visit))
    if payment is None or payment.pay_at is None:
        return Response(status_code=404)
    content = io.BytesIO()
    code = segno.make(payment.pay_at, error="m", micro=False)
    code.save(content, kind="svg", scale=_QR_SCALE, border=4, light="#fff")
    return Response(content.getvalue(), media_type="image/svg+xml", headers={"cache-control": "no-store"})


async def _returned(request: Request) -> Response:
    """Hear of a payer's return as a hint to ask the gateway; nothing of the payment is shown."""
    portal = request.app.state.portal
    gateway = request.path_params["gateway"]
    offers = {one.id for one in portal.host.platform.gateways if Operation.PAYMENT_NOTICE in one.reads}
    if gateway in offers:
        # A message that is not kept is a hint lost: the gateway is asked when the payment's turn comes.
        with suppress(InboxFull, MessageRefused):
            body = request.url.query.encode() if request.method == "GET" else await _body(request)
            headers = {name: value for name, value in request.headers.items() if name not in _OF_SESSIONS}
            if request.method == "GET":
                headers["content-type"] = "application/x-www-form-urlencoded"
            await portal.host.inbox.receive(gateway, headers=headers, body=body)
    visit = Visit(request, portal, language_of(request))
    return visit.page("returned.html", "returned.title", lines=[text("returned.text"), text("returned.safe")])


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise MessageRefused
    return body


PAYING_ROUTES: Final[list[Route]] = [
    page("/applications/{application}/pay", "pay", _show, _pay),
    page("/applications/{application}/pay.svg", "pay-code", _code),
    Route("/payments/return/{gateway}/{payment}", _returned, methods=["GET", "POST"], name="payment-returned"),
]
