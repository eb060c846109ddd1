"""The agency's own book and till, held against what the plugin says of them: it says yes only if they do."""

import re
from collections import defaultdict
from collections.abc import Iterator
from contextlib import aclosing, suppress
from datetime import datetime, timedelta
from typing import Any, Final

from nagorik import (
    Accepted,
    AgencyStatus,
    ApplicationState,
    NagorikError,
    Operation,
    PaymentState,
    PluginFault,
    RefundReport,
    Verdict,
)
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date, dhaka_time, to_ascii_digits
from nagorik_testing.contract.calls import PRICE, quote_due, refund_payment
from nagorik_testing.contract.checks.answers.variations import MINUTE
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import open_filings, other_example
from nagorik_testing.contract.checks.inspection import (
    UNHEARD_OF,
    case_of,
    enter_state,
    example_form,
    form_of,
    leaves,
    requests_made,
    with_value,
)
from nagorik_testing.contract.checks.paid_stages import examine_each_stage
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.preparations import capture_payment, file_application, pay_fee
from nagorik_testing.contract.rig import Rig, receipt_number
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import InjectedResponse
from nagorik_testing.simulator.application_book import Case
from nagorik_testing.wire.codec import ERROR_STATUS
from nagorik_toolkit.fees.tariff import FIRST_STAGE

WORDS: Final = tuple(f"{word}{number}" for number in "১২৩৪" for word in ("দলিল", "খতিয়ান", "তারিখ", "স্বাক্ষর"))
REMARK: Final = " ".join((*WORDS[:8], "DEED-77/B", *WORDS[8:]))
"""What an officer writes in a test: longer than what fits beside a state, and no word in it twice."""
STRIDE: Final = timedelta(hours=6)
LONGEST: Final = timedelta(days=30)
"""Simulated time for which a payment's or a refund's arrival is waited for."""
SLOW: Final = timedelta(days=2)
"""What one stage of a gateway takes that is usually quick."""
_OVER: Final = frozenset({ApplicationState.REJECTED, ApplicationState.WITHDRAWN, ApplicationState.DELIVERED})
"""States after which a host has nothing left to do, unlike one in which something waits to be fetched."""
_EXPLAINED: Final = frozenset({ApplicationState.REJECTED, ApplicationState.CORRECTION_REQUESTED})
_CAME_TO_NOTHING: Final = frozenset(
    {ApplicationState.DELIVERY_FAILED, ApplicationState.WITHDRAWN, ApplicationState.EXPIRED, ApplicationState.REVOKED}
)


@check("status/every-word")
async def _every_word(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    wrong, reasons, told = list[str](), dict[str, str](), dict[str, int]()
    async with open_rig(tap.on(subject), offer.id) as rig:
        await file_application(rig)
        case = case_of(rig)
        first, due = case.state, case.due
        for number, state in enumerate([first, *case.workflow.states]):
            if number == 1 and Operation.ADVISE_PAYMENT in offer.writes:
                # Once it is paid, the agency says more of an application, such as the number of its case.
                case.enter(first, rig.clock.now(), "")
                case.due = due
                await pay_fee(rig, FIRST_STAGE)
                rig.advance(timedelta(days=1))
                await rig.platform.get_status(rig.draft, rig.references)
            enter_state(rig, case, state, REMARK)
            before = len(tap.exchanges)
            try:
                status = await rig.platform.get_status(rig.draft, rig.references)
            except PluginFault:
                return [*wrong, f"the agency's word for {state} ends in a fault of the plugin"]
            except NagorikError as error:
                wrong.append(f"the agency's word for {state} ends in {error.code}")
                continue
            said = "".join(exchange.answer.decode("utf-8", "replace") for exchange in tap.since(before))
            wrong += [f"{state}: {text}" for text in _untrue(status, case, state, said)]
            if REMARK in said:
                told[state] = sum(word in remarked(status) for word in REMARK.split())
            if status.reason is not None and not _is_remarked(status):
                known = {reasons.setdefault(text, state) for text in (status.reason.bn, status.reason.en)} - {state}
                wrong += [f"{state}: the reason is the one that is given for {each}" for each in known]
    for what, states in (
        ("nothing", [state for state, words in told.items() if not words and any(told.values())]),
        ("a part", [state for state, words in told.items() if 0 < words < len(REMARK.split())]),
    ):
        wrong += [f"{what} of what the officer wrote is reported in {', '.join(states)}"] if states else []
    return list(dict.fromkeys(wrong))


def _untrue(status: AgencyStatus, case: Case[Any], state: str, said: str) -> Iterator[str]:
    if status.state is None:
        yield "the agency's word is not known"
    if (state in said or case.word in said) and status.raw not in said:
        yield "raw is not the agency's word"
    if status.at is not None and not is_dated(status.at, case.changed_at):
        yield "the state is dated otherwise than the agency dates it"
    if status.final and _leads_on(case, state, without="applicant"):
        yield "the state is said to be final, and the agency goes on from it"
    if status.state in _OVER and not status.final and not _leads_on(case, state):
        yield "the state is not said to be final, and nothing follows it"
    if status.state in _EXPLAINED and REMARK in said and not _is_remarked(status):
        yield "what the officer wrote is not passed on"


def remarked(status: AgencyStatus) -> str:
    """All that a status explains itself by."""
    reason = status.reason
    return " ".join(text for text in (status.remark, reason and reason.bn, reason and reason.en) if text)


def _is_remarked(status: AgencyStatus) -> bool:
    """Whether a status says anything of what the officer wrote."""
    return any(word in remarked(status) for word in WORDS)


def is_dated(at: datetime, changed_at: datetime) -> bool:
    """The same minute, or the same day where one of them is the day alone."""
    midnight = any(dhaka_time(each).time() == datetime.min.time() for each in (at, changed_at))
    return abs(at - changed_at) <= MINUTE or (midnight and dhaka_date(at) == dhaka_date(changed_at))


def _leads_on(case: Case[Any], state: str, *, without: str = "") -> bool:
    """Whether anything follows a state, but for what one of those who act does."""
    steps = any(step.source == state and step.to is not None for step in case.workflow.steps)
    return steps or any(state in action.sources and action.by != without for action in case.workflow.actions.values())


@check("submit/question")
async def _question(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.SUBMIT] is not Idempotency.SAFE:
        raise NotConcerned("what it submits is no question")
    model = form_of(subject, offer)
    wrong: list[str] = []
    async with open_filings(subject, offer) as filings:
        answered = [
            await filings.file_form(variation.form, variation.place)
            for field in variations_of(model, filings.rig.draft.form, other_example(filings.rig))
            for variation in field
        ]
        others = subject.simulator.outcomes[1:]
        answered += [await filings.file(filings.rig.draft, outcome=outcome) for outcome in others]
    asked = [filed for filed in answered if filed.sent]
    if any(filed.faulty for filed in answered):
        wrong.append("another question ends in a fault of the plugin")
    if any(_is_yes(filed.end) and (filed.status or 0) >= ERROR_STATUS for filed in asked):
        wrong.append("a question that the agency answers with an error is said to be answered with yes")
    if any(_is_lost(filed.end) for filed in (filings.usual, *answered)):
        wrong.append("what an answer hands out is said to have come to nothing")
    if _is_yes(filings.usual.end) and all(_is_yes(filed.end) for filed in asked):
        wrong.append("whatever is asked, and whatever the agency decides, is said to be answered with yes")
    return wrong


def _is_yes(end: object) -> bool:
    """Whether a question is said to be answered with what was hoped for; a status may say that it was not."""
    return isinstance(end, Accepted) and end.status.state is not ApplicationState.REJECTED


def _is_lost(end: object) -> bool:
    """Whether an answer brings what was asked for, in a state in which nothing is had of it."""
    return isinstance(end, Accepted) and bool(end.status.deliverables) and end.status.state in _CAME_TO_NOTHING


@check("payment/confirmed-as-held")
async def _confirmed_as_held(subject: Subject, offer: AnyOffer) -> list[str]:
    return await examine_each_stage(subject, offer, _confirmed)


async def _confirmed(rig: Rig, _tap: Wiretap) -> list[str]:
    case, receipt = case_of(rig), rig.receipt(await quote_due(rig))
    earlier, began = len(case.payments), rig.clock.now()
    while rig.clock.now() - began < LONGEST:
        advice = await rig.platform.advise_payment(rig.draft, rig.references, receipt)
        told = case.payments[earlier:]
        if not told:
            return ["the agency was not told of the payment"]
        if advice.confirmed and not any(one.arrives_at <= rig.clock.now() for one in told):
            return ["a payment is said to be confirmed that the agency does not hold yet"]
        if any(one.amount != receipt.amount for one in told):
            return ["the agency is told of another amount than was paid"]
        if advice.confirmed:
            return []
        rig.advance(STRIDE)
    return ["a payment that the agency was told of is never confirmed"]


@check("payment/turned-away")
async def _turned_away(subject: Subject, offer: AnyOffer) -> list[str]:
    return await examine_each_stage(subject, offer, _told_of_turned_away)


async def _told_of_turned_away(rig: Rig, tap: Wiretap) -> list[str]:
    wrong = list[str]()
    case, receipt = case_of(rig), rig.receipt(await quote_due(rig))
    await rig.platform.advise_payment(rig.draft, rig.references, receipt)
    pending = tap.exchanges[-1].answer
    for state in case.workflow.states:
        enter_state(rig, case, state)
        by_time = any(step.source == state and step.to is not None for step in case.workflow.steps)
        if by_time or _waits_for_fee(case):
            continue  # what is not confirmed yet may still be
        try:
            advice = await rig.platform.advise_payment(rig.draft, rig.references, receipt)
        except PluginFault:
            return [*wrong, f"{state}: a payment that is told of again ends in a fault of the plugin"]
        except NagorikError:
            continue  # the host has a person look
        if not advice.confirmed and tap.exchanges[-1].answer != pending:
            wrong.append(f"{state}: a payment that the agency has turned away is told as not confirmed yet")
    return wrong


@check("payment/told-as-held")
async def _told_as_held(subject: Subject, offer: AnyOffer) -> list[str]:
    tap, wrong = Wiretap(), list[str]()
    async with open_rig(tap.on(subject), offer.id) as rig:
        if not (await rig.platform.quote_fees(rig.draft)).total.poisha:
            raise NotConcerned("the example costs nothing")
        case: Case[Any] | None = None
        final = False
        async with aclosing(course_of(rig, offer, subject.simulator.outcomes[0], stride=COARSE)) as reports:
            async for report in reports:
                # What is said before anything is paid is asked for: the course pays at once.
                first = case is None
                status = await rig.platform.get_status(rig.draft, rig.references) if first else report
                case = case or case_of(rig)
                wrong += _not_as_held(status, case, rig.clock.now())
                wrong += _not_as_asked(status, tap.exchanges[-1].answer)
                final = status.final
    if case is None or not case.payments:
        raise NotReachable("nothing is paid in the course of the example")
    if not final and case.due is None and _waits_for_fee(case):
        wrong.append(f"{case.state}: the agency waits for a fee that no status asks for")
    return list(dict.fromkeys(wrong))


def _not_as_held(status: AgencyStatus, case: Case[Any], now: datetime) -> Iterator[str]:
    """What is wrong with what a status says of the payments that the agency was told of."""
    held = {told.reference for told in case.payments if told.arrives_at <= now}
    if status.payment_confirmed and not held:
        yield "the agency is said to hold a payment that it does not hold"
    elif status.payment_confirmed and case.payments[-1].reference not in held:
        yield "the agency is said to hold the latest payment, and holds an earlier one alone"
    if status.fee_due is not None and receipt_number(status.fee_due) in held:
        yield "a fee is asked for that the agency holds already"
    elif status.fee_due is not None and status.payment_confirmed:
        # Once that fee is paid it is the latest payment, and the word stays what it is until the agency has it.
        yield "the agency is said to hold the latest payment, in a word by which it asks for the next"


def _waits_for_fee(case: Case[Any]) -> bool:
    """Whether an application goes on from its state by something that comes to the agency, such as money."""
    return any(case.state in action.sources and action.by == "agency" for action in case.workflow.actions.values())


def _not_as_asked(status: AgencyStatus, answer: bytes) -> Iterator[str]:
    """What is wrong with the sum that a status says is due."""
    if status.fee_amount is not None:
        written = to_ascii_digits(answer.decode("utf-8", "replace")).replace(",", "")
        if not re.search(rf"(?<![0-9.]){int(status.fee_amount.poisha) // 100}(?![0-9])", written):
            yield "a fee is told that the agency's answer does not hold"
        if status.fee_due is None:
            yield "a fee is told without the stage at which it is due"


@check("payment/F19-refunded-as-given")
async def _refunded_as_given(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = await _refund(subject, offer)
    for slow in subject.simulator.durations:
        with suppress(NotReachable):  # a payment whose other stages take long may never be captured
            wrong += await _refund(subject, offer, durations={slow: SLOW})
    if subject.simulator.failing_refund:
        wrong += await _refund(subject, offer, values=subject.simulator.failing_refund)
    return list(dict.fromkeys(wrong))


async def _refund(subject: Subject, offer: AnyOffer, **script: Any) -> list[str]:
    """What is wrong with what is said of a refund that takes its time or, with ``values``, comes to nothing."""
    fails = "values" in script
    async with open_rig(subject, offer.id) as rig:
        rig.simulator.script.set(rig.payment, rig.simulator.outcomes[0], **script)
        await capture_payment(rig)
        began, before = rig.clock.now(), len(rig.simulator.ledger.effects())
        reference: str | None = None
        while rig.clock.now() - began < LONGEST:
            report = await refund_payment(rig, refund_reference=reference)
            # An order that the gateway has accepted moves nothing, and so it has no amount in its book.
            given = [effect.amount for effect in rig.simulator.ledger.effects()[before:] if effect.amount is not None]
            assert isinstance(report, RefundReport)  # noqa: S101 - the platform holds the hook to it
            reference = report.reference or reference
            if given and fails:
                return ["the simulator's failing_refund gives the money back"]
            if report.state is PaymentState.REFUNDED and not given:
                return ["a refund that has come to nothing is said to be made" if fails else UNGIVEN]
            if report.state is PaymentState.REFUNDED:
                return [] if PRICE.plain() in given else ["another sum is given back"]
            if given:
                return ["money that was given back is said not to be"]
            if fails and report.state is not PaymentState.REFUND_PENDING:
                return []
            rig.advance(STRIDE)
    return [
        "a refund that has come to nothing is said to be under way" if fails else "a refund never comes to an end"
    ]


UNGIVEN: Final = "money is said to be given back that was not"


_MEANT: Final = {True: Verdict.PASS, False: Verdict.FAIL, None: Verdict.CANNOT_TELL}


@check("eligibility/as-the-agency-says")
async def _as_the_agency_says(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        answers = rig.simulator.verdict_answers(offer.id)
        if not answers:
            raise NotConcerned("the simulator says of no answer what it means for who may apply")
        before = len(requests_made(rig))
        await _judged(rig)
        asked = requests_made(rig, before)
        if not asked:
            return ["the agency says who may apply, and is not asked"]
        first, *others = (dict(leaves(answer.document)) for answer in answers)
        turning = [at for at, value in first.items() if any(other.get(at) != value for other in others)]
        strange = [with_value(answers[0].document, at, UNHEARD_OF) for at in turning if isinstance(first[at], str)]
        met: list[dict[str, Verdict]] = []
        for document in (*(answer.document for answer in answers), *strange):
            rig.simulator.faults.add(asked[-1], InjectedResponse(status=200, document=document))
            met.append(await _judged(rig))
            rig.simulator.faults.clear()
    met, unknown = met[: len(answers)], met[len(answers) :]
    verdicts: defaultdict[str, set[Verdict]] = defaultdict(set)
    for name, verdict in (each for told in met for each in told.items()):
        verdicts[name].add(verdict)
    deciding = {name for name, several in verdicts.items() if len(several) > 1}
    if not deciding:
        return ["whatever the agency answers, the same is told"]
    wrong = [
        f"{name}: {told[name].value}, where the agency answers {answer.name}"
        for answer, told in zip(answers, met, strict=True)
        for name in sorted(deciding & told.keys())
        if told[name] is not _MEANT[answer.means]
    ]
    guessed = any(told.get(name) is Verdict.PASS for told in unknown for name in deciding)
    return [*wrong, "a word that is not known is taken for a yes"] if guessed else wrong


async def _judged(rig: Rig) -> dict[str, Verdict]:
    """The verdicts, by criterion; nothing where the question ends in an error."""
    try:
        decision = await rig.platform.check_eligibility(rig.offer, rig.draft.applicant, form=rig.draft.form)
    except PluginFault:
        raise
    except NagorikError:
        return {}
    return {criterion.id: criterion.verdict for criterion in decision.criteria}
