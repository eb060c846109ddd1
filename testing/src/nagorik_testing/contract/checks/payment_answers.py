"""What a gateway says of one payment in several answers, or of several attempts in one: all of it counts."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from nagorik import NagorikError, PaymentReport, PaymentState
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import query_payment
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.answers.variations import (
    AnswerDocument,
    instant_of,
    next_sign,
    number_of,
    with_number,
)
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.payment_reports import begin_payment, course_of
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.faults.kinds import Altered

LONG_SINCE: Final = timedelta(days=2)
"""After this no gateway's page takes money any more."""
_OVER: Final = frozenset({PaymentState.FAILED, PaymentState.EXPIRED, PaymentState.CANCELLED})
_SETTLED: Final = _OVER | {PaymentState.CAPTURED}
_UNREADABLE: Final = b"{"


@dataclass(frozen=True, slots=True, repr=False)
class _PaymentQuestion:
    """One question about a payment, and all that the gateway answered."""

    rig: Rig
    replay: AnswerReplay
    kept: tuple[KeptAnswer, ...]
    report: PaymentReport

    def document(self, number: int) -> AnswerDocument | None:
        return self.kept[number].document(self.rig.simulator.codec)

    async def with_answer(self, number: int, content: bytes, like: int | None = None) -> PaymentReport | None:
        """What is told where one of the answers is another, with the status of a third; ``None`` if it is refused."""
        kept = list(self.kept)
        if like is not None:
            kept[number] = replace(kept[number], status=kept[like].status, headers=kept[like].headers)
        try:
            told = await self.replay.again(lambda: query_payment(self.rig), kept, number, content)
        except NagorikError:
            return None
        return told if isinstance(told, PaymentReport) else None


async def _asked(rig: Rig, replay: AnswerReplay) -> _PaymentQuestion:
    async with replay.keeping() as kept:
        report = await query_payment(rig)
        return _PaymentQuestion(rig, replay, tuple(kept), report)


@check("payment/told-by-all")
async def _told_by_all(subject: Subject, offer: AnyOffer) -> list[str]:
    several, of_answers = await _by_all_answers(subject, offer)
    listed, of_attempts = await _along_outcomes(subject, offer)
    if not (several or listed or subject.simulator.sparse_answers):
        raise NotConcerned("one answer, about one attempt, says all that the gateway says of a payment")
    return list(dict.fromkeys([*of_answers, *of_attempts]))


async def _by_all_answers(subject: Subject, offer: AnyOffer) -> tuple[bool, list[str]]:
    """Whether a paid payment is told by several answers, and what is wrong where one of them is another."""
    replay = AnswerReplay()
    async with open_rig(replay.on(subject), offer.id) as rig:
        await capture_payment(rig)
        rig.advance(LONG_SINCE)
        try:
            question = await _asked(rig, replay)
        except NagorikError:
            return False, []
        if question.report.state is not PaymentState.CAPTURED or len(question.kept) == 1:
            return False, []
        wrong = await _given_up_unread(question)
        for paid, other in _pairs(question):
            wrong += await _counted_once(question, paid, other)
    return True, wrong


async def _given_up_unread(question: _PaymentQuestion) -> list[str]:
    for number in range(len(question.kept)):
        report = await question.with_answer(number, _UNREADABLE)
        if report is not None and report.state in _OVER:
            return [f"a payment is told as {report.state.value} where one of several answers cannot be read"]
    return []


def _pairs(question: _PaymentQuestion) -> Iterator[tuple[int, int]]:
    """Answers to one question that was put twice, with other words: each with each other one."""
    for number, one in enumerate(question.kept):
        for other, like in enumerate(question.kept):
            asked = [(each.method, each.path.partition("?")[0]) for each in (one, like)]
            if asked[0] == asked[1] and (one.path, one.sent) != (like.path, like.sent):
                yield number, other


async def _counted_once(question: _PaymentQuestion, paid: int, other: int) -> list[str]:
    """What is wrong where one answer says that money was taken, and another that it was taken once more.

    A plugin that asks no further once it has heard of money has not heard of the second.
    """
    document = question.document(paid)
    unpaid = await question.with_answer(paid, question.kept[other].content, like=other)
    if document is None or (unpaid is not None and unpaid.state is PaymentState.CAPTURED):
        return []
    asked = question.kept[paid]
    again = _numbered_otherwise(document, asked.path + asked.sent.decode("utf-8", "replace"))
    if again == document.body:
        return []
    report = await question.with_answer(other, again, like=paid)
    if report is None or report.state is not PaymentState.CAPTURED or report.amount != question.report.amount:
        return []
    if len(question.replay.asked) < len(question.kept):
        return []
    return ["money that was taken twice, by two answers of the gateway, is told as taken once"]


def _numbered_otherwise(document: AnswerDocument, asked: str) -> bytes:
    """The answer with other numbers of the gateway's; what it repeats of the question stays."""
    body = document.body
    for at, value in document.leaves():
        if not isinstance(value, str) or value in asked or instant_of(value) or number_of(value) is not None:
            continue
        other, current = next_sign(value), AnswerDocument.read(body, document.format, document.format.media_type)
        if other is not None and current is not None:
            body = current.put(at, other)
    return body


async def _along_outcomes(subject: Subject, offer: AnyOffer) -> tuple[bool, list[str]]:
    """Whether the gateway lists attempts, and what is wrong at the end of each of its outcomes."""
    listed, wrong = False, list[str]()
    for outcome in subject.simulator.outcomes:
        replay = AnswerReplay()
        async with open_rig(replay.on(subject), offer.id) as rig:
            await begin_payment(rig, outcome)
            try:
                began = await _asked(rig, replay)
            except NagorikError:
                continue  # what becomes of a question is for other checks
            states = [report.state async for report in course_of(rig)]
            if states[-1] not in _SETTLED:
                continue
            wrong += [f"outcome {outcome}, {text}" for text in await _told_elsewhere(rig, states[-1])]
            if states[-1] not in _OVER or began.report.state is not PaymentState.PENDING:
                continue
            ended = await _asked(rig, replay)
            for number, content in _with_open_attempts(began, ended):
                listed = True
                report = await ended.with_answer(number, content)
                if report is not None and report.state in _OVER:
                    wrong.append(
                        f"outcome {outcome}: a payment is told as {report.state.value} while an attempt is open"
                    )
    return listed, wrong


async def _told_elsewhere(rig: Rig, state: PaymentState) -> list[str]:
    """What is wrong where the gateway says nothing in one answer, and how the payment stands in another."""
    wrong: list[str] = []
    for sparse in rig.simulator.sparse_answers:
        rig.simulator.faults.add(sparse.operation, Altered(put=dict(sparse.put)))
        try:
            told = (await query_payment(rig)).state
        except NagorikError as error:
            wrong.append(f"{sparse.name}: the question ends in {error.code}")
            continue
        if told is not state:
            wrong.append(f"{sparse.name}: a payment that is {state.value} is told as {told.value}")
    return wrong


def _with_open_attempts(began: _PaymentQuestion, ended: _PaymentQuestion) -> Iterator[tuple[int, bytes]]:
    """The answers of the end, with the attempts of the beginning among theirs, after them and before them."""
    for number, (first, last) in enumerate(zip(began.kept, ended.kept, strict=False)):
        before, after = began.document(number), ended.document(number)
        if first.path != last.path or before is None or after is None:
            continue
        earlier = dict(before.lists())
        for at, entries in after.lists():
            open_still = earlier.get(at, ())
            # A list of what happened still holds what it held in the beginning.
            if not open_still or any(entry in entries for entry in open_still):
                continue
            for together in ([*entries, *open_still], [*open_still, *entries]):
                yield number, _counted(after, len(entries), len(together)).put(at, together)


def _counted(document: AnswerDocument, entries: int, now: int) -> AnswerDocument:
    """The answer with another count of its entries, where it holds one."""
    counted = document
    for at, value in document.leaves():
        if isinstance(value, bool) or number_of(value) != entries or any(type(step) is int for step in at):
            continue
        body = counted.put(at, with_number(value, Decimal(now)))
        counted = AnswerDocument.read(body, document.format, document.format.media_type) or counted
    return counted
