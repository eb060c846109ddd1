"""Receipts of payments, for A4 and the 80 mm roll, where the counter is installed, which counts each print."""

import base64
import hashlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from nagorik import Text
from nagorik_host.store.database import Transaction
from nagorik_host.view_reader import agency_name, service_of
from nagorik_portal.desk.effects import KEY, application_of, effect_page, read_view, refusal_page
from nagorik_portal.desk.standing import amount_of, gateway_name
from nagorik_portal.desk.visits import FormOutdated, PageError, Visit, page
from nagorik_portal.desk.wording import text

if TYPE_CHECKING:
    from nagorik_counter.receipt.content import ReceiptContent
    from nagorik_counter.receipt.page import PaperSize

HAS_COUNTER: Final = find_spec("nagorik_counter") is not None
_PAPERS: Final[tuple["PaperSize", ...]] = ("80mm", "a4")


async def _show(visit: Visit, *, is_missing: bool = False) -> Response:
    view, wanted = await read_view(visit), visit.request.path_params["payment"]
    payment = next((one for one in view.payments if one.payment == wanted), None)
    if not HAS_COUNTER or payment is None:
        return refusal_page(visit, text("receipt.no-payment" if HAS_COUNTER else "receipt.no-counter"))
    return effect_page(
        visit,
        "receipt.html",
        "receipt.title",
        view,
        errors=[PageError("paper", text("receipt.choose"))] if is_missing else [],
        amount=amount_of(payment.amount),
        means=payment.means,
        gateway=gateway_name(visit, payment.gateway),
        items=[{"value": one, "text": visit.t(f"receipt.{one}"), "checked": one == _PAPERS[0]} for one in _PAPERS],
    )


async def _print(visit: Visit) -> Response:
    paper = next((one for one in _PAPERS if one == visit.typed_text("paper")), None)
    if paper is None or not HAS_COUNTER:
        return await _show(visit, is_missing=True)
    from nagorik_counter.receipt.content import ReceiptRefused
    from nagorik_counter.receipt.page import receipt_page, refusal_sentence

    # The centre's own, or not found; the key makes a page that is sent again the same copy.
    await read_view(visit)
    if not visit.typed_text(KEY):
        raise FormOutdated
    try:
        content = await visit.portal.host.database.run(lambda transaction: _counted(transaction, visit))
    except ReceiptRefused as refused:
        return refusal_page(visit, refusal_sentence(refused), 409)
    return _as_it_is(receipt_page(content, paper))


def _counted(transaction: Transaction, visit: Visit) -> "ReceiptContent":
    """Count a print, unless this form was counted; what stands on the receipt."""
    from nagorik_counter.receipt.content import ReceiptNames, receipt_content, receipted_payment
    from nagorik_counter.receipt_prints import record_print

    host, application, wanted = visit.portal.host, application_of(visit), visit.request.path_params["payment"]
    stored, now = host.store.read(transaction, application, for_change=True), host.clock.now()
    payment = receipted_payment(stored.progress, wanted)
    key = visit.casework.request_key("receipt", visit.typed_text(KEY), application, wanted)
    copy = host.request_keys.find(transaction, key)
    if copy is None:
        copy = str(record_print(transaction, application, payment.id, now))
        host.request_keys.keep(transaction, key, copy, now)
    draft, service = host.store.draft(transaction, stored), service_of(host, stored.progress.service)
    plugin = stored.progress.service.partition(".")[0]
    return receipt_content(
        stored.progress,
        host.store.events(transaction, stored),
        payment,
        names=ReceiptNames(
            agency=agency_name(host, plugin) or Text(bn=plugin, en=plugin),
            service=service.name if service is not None else Text(bn=plugin, en=plugin),
            gateway=gateway_name(visit, payment.gateway),
        ),
        applicant=draft.applicant,
        payer=draft.payer,
        copy=int(copy),
        printed_at=now,
        tracking_url=None,
        charges=host.charges,
    )


def _as_it_is(receipt: str) -> Response:
    """The counter's page, which brings its style along: the policy lets in this style and nothing else."""
    style = receipt.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; frame-ancestors 'none'; base-uri 'none'"
    return HTMLResponse(receipt, headers={"content-security-policy": policy, "cache-control": "no-store"})


RECEIPT_ROUTES: Final[list[Route]] = [
    page("/applications/{application}/receipts/{payment}", "receipt", _show, _print),
]
