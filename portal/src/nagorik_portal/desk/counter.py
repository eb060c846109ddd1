"""Receipts of payments and the centre's tills. Imported where the counter is installed, which counts each print."""

import base64
import hashlib
from functools import partial
from typing import Any, Final

from starlette.responses import HTMLResponse, Response

from nagorik_counter.commands.receipt import counted_receipt
from nagorik_counter.receipt.content import ReceiptRefused
from nagorik_counter.receipt.page import PaperSize, receipt_page, refusal_sentence
from nagorik_counter.till_page import circumstances, figures, notes, till_text
from nagorik_counter.tills import TillSession, open_tills, read_session
from nagorik_host.store.database import Transaction
from nagorik_host.store.projections import centre_of
from nagorik_portal.desk import effects, standing
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text

_PAPERS: Final[tuple[PaperSize, ...]] = ("80mm", "a4")


async def _show(visit: Visit) -> effects.FormShown:
    view, wanted = await standing.read_view(visit), visit.request.path_params["payment"]
    payment = next((one for one in view.payments if one.payment == wanted), None)
    if payment is None:
        raise effects.StepRefused(text("receipt.no-payment"))
    items = [{"value": one, "text": visit.t(f"receipt.{one}"), "checked": one == _PAPERS[0]} for one in _PAPERS]
    return effects.FormShown(view, "receipt.html", "receipt.title", more={"payment": payment, "items": items})


async def _read(visit: Visit) -> effects.KeyedCall:
    await standing.read_view(visit)  # the centre's own, or not found
    paper = next((one for one in _PAPERS if one == visit.typed_text("paper")), None)
    if paper is None:
        raise effects.FormRejected(PageError("paper", text("receipt.choose")))
    return partial(_print, visit, paper)


async def _print(visit: Visit, paper: PaperSize, **_: object) -> Response:
    """Make a receipt, which changes nothing of the application: on either paper it is one copy."""
    host, place = visit.portal.host, (standing.application_of(visit), visit.request.path_params["payment"])
    key = visit.casework.request_key("receipt", visit.typed_text(effects.KEY), *place)
    try:
        counted = await host.database.run(lambda unit: counted_receipt(unit, host, *place, key=key))
    except ReceiptRefused as refused:
        raise effects.StepRefused(refusal_sentence(refused)) from None
    receipt = receipt_page(counted[1], paper)
    # The counter's page brings its style along: the policy lets in this style and nothing else.
    style = receipt.partition("<style>")[2].partition("</style>")[0]
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; frame-ancestors 'none'; base-uri 'none'"
    return HTMLResponse(receipt, headers={"content-security-policy": policy})


async def _tills(visit: Visit) -> Response:
    visit.operator.require("apply")
    now, centre = visit.portal.host.clock.now(), visit.operator.centre

    def read(transaction: Transaction) -> list[TillSession]:
        tills = [one.till for one in open_tills(transaction) if centre_of(one.till) == centre]
        return [read_session(transaction, till, None, now) for till in tills]

    sessions = await visit.portal.host.database.snapshot(read)
    said: dict[str, Any] = {"sessions": sessions, "nothing": not sessions, "notes": notes, "till_text": till_text}
    return visit.page("tills.html", "till.title", lines_of=lambda one: (*circumstances(one), *figures(one)), **said)


COUNTER_ROUTES: Final = [
    effects.effect_page("receipt", _show, _read, path="/applications/{application}/receipts/{payment}"),
    page("/tills", "tills", _tills),
]
