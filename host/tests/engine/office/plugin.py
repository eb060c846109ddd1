"""The hooks of an office that is installed for one test.

The word in a form says how the office treats it: a ``plain`` application is granted at once, a ``letter`` is decided
by a message, what is ``filed`` takes two requests over HTTP, and other words are odd things that a plugin may do.
"""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

from nagorik import (
    Accepted,
    AgencyClosed,
    AgencyRejected,
    AgencyStatus,
    AgencyUnavailable,
    ApplicationState,
    CallbackReport,
    Criterion,
    DefinitelyAbsent,
    EligibilityDecision,
    Found,
    PaymentNotice,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    Pending,
    Quote,
    Text,
    Verdict,
    WireModel,
    hookimpl,
)
from nagorik.model.fee import FeeDue, QuoteLine, Source
from nagorik.model.status import Deliverable
from nagorik.values import Money

PERMIT = Text(en="Permit", bn="অনুমতি")
JUDGED, READ, ASKED = [], [], []
"""Forms that were judged, messages that were read, payments that were asked about."""
PAID = set()
MENDED = False
KEY_IS_THERE = True
HOLDS_UP, HELD_UP = False, asyncio.Semaphore(0)
BEGUN, MAY_GO_ON = asyncio.Event(), asyncio.Event()
MAY_GO_ON.set()


class Numbered(WireModel):
    number: str


def status(context, word="issued", *, kind="paper", final=True):
    issued = Deliverable(kind="paper", delivery="none").model_copy(update={"kind": kind})
    return AgencyStatus(
        state=ApplicationState(word),
        raw=word,
        at=context.clock.now(),
        deliverables=(issued,) if word == "issued" else (),
        final=final,
    )


@hookimpl
async def nagorik_check_eligibility(request, context):
    JUDGED.append(request.form.word)
    if request.form.word == "raises" and not MENDED:
        raise ValueError(request.form.word)
    return EligibilityDecision(criteria=(Criterion(id="all", verdict=Verdict.PASS, text=PERMIT),))


@hookimpl
async def nagorik_quote_fees(request, context):
    now, price = context.clock.now(), Money.taka(10 if request.service == "office.stamp" else 0)
    quote = Quote(
        id="quote-1",
        lines=(QuoteLine(code="permit", text=PERMIT, amount=price, vat=Money.taka(0)),),
        total=price,
        due=FeeDue.BEFORE_SUBMISSION,
        issued_at=now,
        expires_at=now + timedelta(days=9),
        source=Source(title="A model", as_of=date(2026, 11, 24), verified=False),
    )
    return quote.model_copy(update={"id": "q" * 121 if request.form.word == "long-quote" else "quote-1"})


@hookimpl
async def nagorik_submit(request, context):
    match request.form.word:
        case "letter":
            return Accepted(reference=request.client_reference, status=status(context, "submitted", final=False))
        case "filed":
            BEGUN.set()
            await MAY_GO_ON.wait()
            await context.http.write("number", "POST", "/numbers", expect=Numbered)
            filed = await context.http.write("file", "POST", "/files", expect=Numbered)
            return Accepted(reference=filed.number, status=status(context))
        case "check-in-ages":
            return Pending.model_construct(reference="R-1", check_after=1e18)
        case "closed-for-ever":
            raise AgencyClosed(datetime.max.replace(tzinfo=UTC))
        case "deliverable-with-nul":
            return Accepted(reference="R-1", status=status(context, kind="kind\0"))
    return Accepted(reference="R-1", status=status(context))


@hookimpl
async def nagorik_find_submission(request, context):
    found = await context.http.read_or_none("find", "GET", "/files", expect=Numbered)
    if found is None:
        # The agency answers for so long after the attempt that nothing need wait for it.
        return DefinitelyAbsent(as_of=context.clock.now() + timedelta(hours=1))
    return Found(reference=found.number, status=status(context))


@hookimpl
async def nagorik_get_status(request, context):
    return status(context, "submitted", final=False)


@hookimpl
async def nagorik_parse_callback(request, context):
    READ.append(request.body)
    mark = request.headers.get("mark")
    if HOLDS_UP:
        HELD_UP.release()
    if HOLDS_UP or mark == "hangs":
        await asyncio.Event().wait()
    if mark == "raises":
        raise TypeError(request.body)
    if mark != "genuine":
        raise AgencyRejected("callback-not-proved")
    if not KEY_IS_THERE:
        raise AgencyUnavailable
    said = json.loads(request.body)
    return CallbackReport(agency_reference=said["number"], status=status(context, said["word"]))


@hookimpl
async def nagorik_start_payment(request, context):
    return PaymentStarted(reference="T-1")


@hookimpl
async def nagorik_query_payment(request, context):
    ASKED.append(request.payment)
    if request.payment not in PAID:
        return PaymentReport(state=PaymentState.PENDING)
    return PaymentReport(state=PaymentState.CAPTURED, amount=Money.taka(10), captured_at=context.clock.now())


@hookimpl
async def nagorik_parse_payment_notice(request, context):
    if request.headers.get("mark") != "genuine":
        raise AgencyRejected("notice-not-proved")
    return PaymentNotice(payment=json.loads(request.body)["payment"])
