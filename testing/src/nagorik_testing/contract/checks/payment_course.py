"""A payment from its beginning to days after its end: what the plugin says at each step, and what the gateway holds.

One walk for each outcome of the simulator is kept for all rules; a rule says what is wrong with one course.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

import httpx

from nagorik import (
    NagorikError,
    Operation,
    PaymentNotice,
    PaymentNoticeRequest,
    PaymentReport,
    PaymentStarted,
    PaymentState,
    PluginFault,
    QueryPaymentRequest,
)
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_time, to_bangla_digits
from nagorik_testing.contract.calls import PRICE, follow_payment, query_payment, start_payment
from nagorik_testing.contract.checks.agency_books import is_dated
from nagorik_testing.contract.checks.answers.variations import DAY, MINUTE, instant_of
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import leaves, wrong_scripts
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import NotSent
from nagorik_testing.simulator.base import ExampleMessage
from nagorik_testing.simulator.in_process import SimulatorTransport
from nagorik_testing.simulator.ledger import Effect
from nagorik_testing.wire.codec import Codec

STRIDE: Final = timedelta(minutes=30)
WATCHED: Final = timedelta(days=3)
"""Simulated time for which one payment is watched."""
SHORTLY: Final = timedelta(minutes=1)
"""Before the time until which the payer was told to pay, the page is looked at once more."""
SETTLED: Final = frozenset({PaymentState.CAPTURED, PaymentState.CANCELLED, PaymentState.EXPIRED, PaymentState.FAILED})
OVER: Final = SETTLED - {PaymentState.CAPTURED}
_PAGE_STATE: Final = re.compile(r'<main[^>]* data-state="([a-z]+)"')
"""On a page of ``render_payment_page``."""
_CANCEL: Final = "cancel"
"""In the name of an outcome in which the payer cancels."""
_BELIEVED: Final = "a notice is taken for proof that money was taken"


class PaymentStep(NamedTuple):
    """One look at a payment: the gateway's notice is read, then it is asked."""

    notice: PaymentNotice | NagorikError | NotReachable | None
    """Nothing once reading one has failed, and of a gateway that posts none."""
    report: PaymentReport
    at: datetime
    answer: bytes
    """The last one on which the report rests."""
    effects: Sequence[Effect]
    """What the gateway had done by then."""
    page: str | None
    """What the gateway's page says, shortly before the payer's time ends."""


class PaymentCourse(NamedTuple):
    """One payment, to days after its end."""

    name: str
    """The outcome that it comes to, and what else is unusual."""
    rig: Rig
    began: datetime
    started: PaymentStarted
    opened: bytes
    """All answers to its beginning."""
    opening: frozenset[str]
    """What the gateway did by then, by kind."""
    steps: list[PaymentStep]


async def courses_of(subject: Subject, offer: AnyOffer) -> list[PaymentCourse]:
    """The course of each outcome; of the first one also around midnight, and asked about the next day alone."""
    first, none = subject.simulator.outcomes[0], timedelta(0)
    plain = [await _course(subject, offer, outcome, "", none) for outcome in subject.simulator.outcomes]
    around_midnight = await _course(subject, offer, first, ", begun before midnight", none)
    return [*plain, around_midnight, await _course(subject, offer, first, ", asked about a day later", DAY)]


async def _course(
    subject: Subject, offer: AnyOffer, outcome: str, unusual: str, asked_after: timedelta
) -> PaymentCourse:
    tap, steps = Wiretap(), list[PaymentStep]()
    async with open_rig(tap.on(subject), offer.id) as rig:
        rig.simulator.script.set(rig.payment, outcome)
        if "midnight" in unusual:
            local = dhaka_time(rig.clock.now())
            rig.advance(local.replace(hour=23, minute=59, second=15) - local)
        rig.sent_at = rig.clock.now()
        started = await start_payment(rig)
        opened, opening = b"".join(exchange.answer for exchange in tap.exchanges), frozenset(rig.effects())
        course = PaymentCourse(f"{outcome}{unusual}", rig, rig.sent_at, started, opened, opening, steps)
        rig.advance(asked_after)
        while not steps or (steps[-1].report.state not in SETTLED and rig.clock.now() - course.began < WATCHED):
            steps.append(await _step(course, offer, tap))
            left = (started.expires_at or rig.clock.now()) - SHORTLY - rig.clock.now()
            rig.advance(min(left, STRIDE) if left > timedelta(0) else STRIDE)
        rig.advance(WATCHED)
        steps.append(await _step(course, offer, tap))
    return course


async def _step(course: PaymentCourse, offer: AnyOffer, tap: Wiretap) -> PaymentStep:
    rig, page = course.rig, None
    notice: PaymentNotice | NagorikError | NotReachable | None = None
    read = all(isinstance(step.notice, PaymentNotice) for step in course.steps)
    if read and Operation.PAYMENT_NOTICE in offer.operations:
        try:
            notice = await read_notice(rig)
        except (NagorikError, NotReachable) as error:
            notice = error
    report, address, until = await follow_payment(rig), course.started.pay_at, course.started.expires_at
    left = timedelta(0) if until is None or report.state in SETTLED else until - rig.clock.now()
    if address is not None and timedelta(0) < left <= SHORTLY:
        async with httpx.AsyncClient(transport=SimulatorTransport(rig.simulator)) as browser:
            found = _PAGE_STATE.search((await browser.get(address)).text)
        page = found and found[1]
    effects = rig.simulator.ledger.effects()
    return PaymentStep(notice, report, rig.clock.now(), tap.exchanges[-1].answer, effects, page)


async def read_notice(rig: Rig, message: ExampleMessage | None = None) -> PaymentNotice:
    """Hand the plugin a message; what the gateway posts about the payment as it stands, if none is given."""
    message = message or rig.notice_message()
    request = PaymentNoticeRequest(gateway=rig.offer, headers=dict(message.headers), body=message.body)
    return await rig.platform.parse_payment_notice(request)


CourseProblems = Iterable[tuple[object, str]]
"""What would be wrong, each after whether it is."""
CourseRule = Callable[[PaymentCourse, PaymentStep, Sequence[Effect]], CourseProblems]
"""Looks at one step of a course, and at what took money by then."""


def _as_taken(course: PaymentCourse, step: PaymentStep, taken: Sequence[Effect]) -> CourseProblems:
    report, payer, first = step.report, course.rig.citizen.name.en or "", course.started.reference
    if report.state is not PaymentState.CAPTURED:
        return ()
    named, amount, at = bool(payer) and payer.encode() in step.answer, report.amount, report.captured_at
    told = _instants(step.answer, course.rig.simulator.codec)
    dated = [effect.at for effect in taken if any(abs(each - effect.at) <= MINUTE for each in told)]
    return (
        (amount is None, "captured without an amount"),
        (
            amount is not None and amount.plain() not in {effect.amount for effect in taken},
            "captured is another amount than the gateway took, or nothing was taken",
        ),
        (amount is not None and amount.currency != PRICE.currency, "captured in another currency"),
        (named and report.payer_name is None, "the gateway says who paid, and it is not passed on"),
        (named and report.payer_name not in {None, payer}, "another payer is named than the gateway names"),
        (
            first is not None and report.reference is None and first.encode() in step.answer,
            "the gateway says the payment's number again when it is paid, and it is not passed on",
        ),
        (
            first is None and report.reference is not None and report.reference.encode() in course.opened,
            "the gateway numbers the payment when it is begun, and the number is not passed on",
        ),
        (dated and at is None, "the gateway says when it took the money, and it is not passed on"),
        (
            dated and at is not None and not any(is_dated(at, each) for each in dated),
            "the money is said to be taken at another time than the gateway took it",
        ),
        (
            at is not None and not course.began - DAY < at <= step.at + MINUTE,
            "the money is said to be taken before the payment was begun, or at a time that has not come",
        ),
    )


def _instants(answer: bytes, codec: Codec) -> list[datetime]:
    """The instants, each with its hour, that an answer may mean."""
    try:
        found = [instant_of(value) for _, value in leaves(codec.answers.read(answer, codec.answers.media_type))]
    except ValueError:
        return []
    return [each for one in found if one is not None and one.timed for each in (one.in_dhaka, one.in_utc)]


def _ended(course: PaymentCourse, step: PaymentStep, taken: Sequence[Effect]) -> CourseProblems:
    state, later = step.report.state, step is course.steps[-1]
    captured = course.steps[-2].report.state is PaymentState.CAPTURED
    return (
        (state is PaymentState.FAILED and "fail" not in course.name, "reported as failed"),
        (state is PaymentState.UNKNOWN, "a word that the gateway has for it is told as unknown"),
        (
            later and state is not PaymentState.CAPTURED and captured,
            f"a payment that was captured is {state.value} days later",
        ),
        (later and state is PaymentState.PENDING and taken, "a payment that was paid is pending days later"),
    )


def _given_up(course: PaymentCourse, step: PaymentStep, _: Sequence[Effect]) -> CourseProblems:
    """What ends by a word that the gateway had when the payment was open is no end of the gateway's."""
    pending = (one.report.raw for one in course.steps if one.report.state is PaymentState.PENDING)
    own = step.report.raw in {None, course.steps[0].report.raw, *pending}
    took = {effect.kind for effect in course.steps[-1].effects} - course.opening
    state = step.report.state
    return ((own and state in OVER and took, f"told as {state.value}, and the gateway takes the money"),)


def _payable_until(course: PaymentCourse, step: PaymentStep, _: Sequence[Effect]) -> CourseProblems:
    until = course.started.expires_at
    return (
        (until is not None and until <= course.began, "the payer is told a time to pay until that is over already"),
        (
            until is not None and step.report.state is PaymentState.EXPIRED and step.at < until,
            "the payment is told as expired before the time until which its payer was told to pay",
        ),
        (step.page == "expired", "the payer is told a later time to pay until than the gateway's page takes money"),
    )


def _genuine_notice(course: PaymentCourse, step: PaymentStep, _: Sequence[Effect]) -> CourseProblems:
    notice = step.notice
    if isinstance(notice, NotReachable):
        raise notice
    another = isinstance(notice, PaymentNotice) and notice.payment != course.rig.payment
    return (
        (isinstance(notice, NagorikError), f"a genuine notice ends in {getattr(notice, 'code', '')}"),
        (another, "a genuine notice is taken for another payment's"),
    )


def _noticed_only(_: PaymentCourse, step: PaymentStep, taken: Sequence[Effect]) -> CourseProblems:
    return ((step.report.state is PaymentState.CAPTURED and not taken, _BELIEVED),)


async def _judge(rule: CourseRule, subject: Subject, offer: AnyOffer) -> list[str]:
    courses = await subject.once(courses_of, offer)
    opening = frozenset.intersection(*(course.opening for course in courses))
    wrong = (
        f"outcome {course.name}: {text}"
        for course in courses
        for step in course.steps
        for is_wrong, text in rule(course, step, [each for each in step.effects if each.kind not in opening])
        if is_wrong
    )
    return list(dict.fromkeys(wrong))


for _id, _rule in {
    "payment/F19-as-taken": _as_taken,
    "payment/F19-given-up": _given_up,
    "payment/payable-until": _payable_until,
    "payment/F19-genuine-notice": _genuine_notice,
}.items():
    check(_id)(partial(_judge, _rule))


@check("payment/F19-never-failed")
async def _never_failed(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = await _judge(_ended, subject, offer)
    ends = {course.name: course.steps[-1].report for course in await subject.once(courses_of, offer)}
    expired = {outcome: report.raw or "" for outcome, report in ends.items() if report.state is PaymentState.EXPIRED}
    others = {word for outcome, word in expired.items() if _CANCEL not in outcome}
    return wrong + [
        f"outcome {outcome}: what the payer cancelled is told as expired"
        for outcome, word in expired.items()
        if _CANCEL in outcome and word not in others and (others or _CANCEL in word.casefold())
    ]


@check("payment/F19-noticed-only")
async def _proved(subject: Subject, offer: AnyOffer) -> list[str]:
    """A notice proves nothing, before a gateway that has taken nothing and before one that cannot be reached."""
    if await _judge(_noticed_only, subject, offer):
        return [_BELIEVED]
    async with open_rig(subject, offer.id) as rig:
        await start_payment(rig)
        await read_notice(rig)
        opening = rig.effects()
        for step in sorted(rig.simulator.faults.operations):
            rig.simulator.faults.add(step, NotSent(), count=None)
        try:
            believed = (await query_payment(rig)).state is PaymentState.CAPTURED and rig.effects() == opening
        except PluginFault:
            raise
        except NagorikError:
            return []
        return [_BELIEVED] if believed else []


@check("payment/instructed")
async def _instructed(subject: Subject, offer: AnyOffer) -> list[str]:
    course = (await subject.once(courses_of, offer))[0]
    told, payment, taka = course.started.instructions, course.rig.payment, str(PRICE.poisha // 100)
    if told is None:
        return [] if course.started.pay_at else ["the payer is told neither where nor how to pay"]
    number = course.started.reference or payment
    figures = (("Bangla", told.bn, taka), ("English", told.en, to_bangla_digits(taka)))
    wrong = wrong_scripts("the instructions", told) + [
        f"the sum is told in {language} in the digits of the other language"
        for language, text, figure in figures
        if re.search(rf"(?<![\w-]){figure}(?![\w-])", text)
    ]
    if number != payment and any(payment in text and number not in text for text in (told.bn, told.en)):
        wrong.append("the payer is told the platform's number of the payment in place of the gateway's")
    return wrong


@check("payment/unknown-payment")
async def _unknown_payment(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        question = QueryPaymentRequest(gateway=offer.id, payment=rig.payment, started_at=rig.clock.now())
        try:
            state = (await rig.platform.query_payment(question)).state
        except PluginFault:
            return ["a payment that the gateway does not know ends in a fault of the plugin"]
        except NagorikError:
            return []
    return [] if state is PaymentState.UNKNOWN else [f"a payment that the gateway does not know is {state.value}"]
