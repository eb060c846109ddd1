"""A gateway's genuine answers about one payment, changed in one thing, in several, or given for another payment."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from pydantic import JsonValue

from nagorik import NagorikError, PaymentReport, PaymentState, PluginFault
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import PRICE, follow_payment, query_payment, start_payment
from nagorik_testing.contract.checks.answers.replay import AnswerReplay, KeptAnswer
from nagorik_testing.contract.checks.answers.variations import (
    DAY,
    AnswerDocument,
    instant_of,
    next_sign,
    number_of,
    resembling,
    with_number,
)
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import UNHEARD_OF
from nagorik_testing.contract.checks.payment_course import OVER, SETTLED, STRIDE, WATCHED
from nagorik_testing.contract.preparations import capture_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Wiretap, places_of
from nagorik_testing.faults.kinds import Altered
from nagorik_toolkit.form_validation import Location

ANOTHER: Final = "00000000-0000-4000-8000-000000000000"
"""The platform's id of another payment, in the form that its ids have."""
OTHER_CURRENCIES: Final = ("USD", "INR")
"""One that the platform knows, and one that it does not."""
_OF_ANOTHER: Final = "an answer about another payment is taken for this one's"

AnswerChange = Callable[[Location, JsonValue], JsonValue]
"""What stands at a place of an answer in place of what the gateway says there."""


@dataclass(frozen=True, slots=True, repr=False)
class PaymentQuestion:
    """One question about a payment, all that the gateway answered, and what the plugin made of it."""

    rig: Rig
    replay: AnswerReplay
    kept: tuple[KeptAnswer, ...]
    report: PaymentReport

    def document(self, number: int = -1) -> AnswerDocument | None:
        """What one of the answers says, the last one if none is named."""
        return self.kept[number].document(self.rig.simulator.codec) if self.kept else None

    async def changed(self, change: AnswerChange) -> PaymentReport | NagorikError:
        """What is reported where the leaves of all answers are changed."""
        kept = [
            answer if document is None else replace(answer, content=rewritten(document, change))
            for answer in self.kept
            for document in (answer.document(self.rig.simulator.codec),)
        ]
        return await self._again(kept, to_any=True)

    async def with_answer(self, number: int, content: bytes, like: int | None = None) -> PaymentReport | NagorikError:
        """What is reported where one of the answers is another, with the status of a third."""
        kept = list(self.kept)
        kept[number] = replace(kept[number if like is None else like], content=content)
        kept[number] = replace(kept[number], method=self.kept[number].method, path=self.kept[number].path)
        return await self._again(kept)

    async def _again(self, kept: list[KeptAnswer], *, to_any: bool = False) -> PaymentReport | NagorikError:
        try:
            told = await self.replay.again(lambda: query_payment(self.rig), kept, to_any=to_any)
        except PluginFault:
            raise
        except NagorikError as error:
            return error
        assert isinstance(told, PaymentReport)  # noqa: S101 - the platform holds the hook to it
        return told


def rewritten(document: AnswerDocument, change: AnswerChange) -> bytes:
    """An answer with other values in some of its places."""
    body = document.body
    for at, value in document.leaves():
        current = AnswerDocument.read(body, document.format, document.format.media_type)
        if current is not None and (other := change(at, value)) != value:
            body = current.put(at, other)
    return body


def _state(told: PaymentReport | NagorikError) -> PaymentState | None:
    return told.state if isinstance(told, PaymentReport) else None


async def _asked(rig: Rig, replay: AnswerReplay) -> PaymentQuestion:
    async with replay.keeping() as kept:
        report = await query_payment(rig)
        return PaymentQuestion(rig, replay, tuple(kept), report)


@asynccontextmanager
async def _captured(subject: Subject, offer: AnyOffer) -> AsyncIterator[PaymentQuestion]:
    """A question about a payment that was captured, long after any page takes money."""
    replay = AnswerReplay()
    async with open_rig(replay.on(subject), offer.id) as rig:
        await capture_payment(rig)
        rig.advance(2 * DAY)
        yield await _asked(rig, replay)


@check("payment/F19-of-another")
async def _of_another(subject: Subject, offer: AnyOffer) -> list[str]:
    async with _captured(subject, offer) as question:
        ours = question.rig.payment
        for another in (ANOTHER, ours[:-1] + ("0" if ours[-1] != "0" else "1")) if _names(question, ours) else ():
            told = await question.changed(lambda _, value, other=another: other if value == ours else value)  # type: ignore[misc]
            if _state(told) is PaymentState.CAPTURED:
                return [_OF_ANOTHER]
    return await _answered_for_another(subject, offer)


async def _answered_for_another(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is told of an open payment where all answers, which agree, are about one that was paid."""
    replay, tap = AnswerReplay(), Wiretap()
    overheard_too = replace(subject, tap=lambda transport: replay.around(tap.around(transport)))
    async with open_rig(overheard_too, offer.id) as rig:
        opened: list[set[str]] = []
        for payment in (ANOTHER, rig.payment):
            before = len(tap.exchanges)
            await start_payment(rig, payment=payment)
            opened.append(set(places_of(tap.since(before), rig.simulator.codec).values()))
        for _ in range(6):
            rig.advance(STRIDE / 6)
            if (await follow_payment(rig, ANOTHER)).state is PaymentState.CAPTURED:
                break
        async with replay.keeping() as kept:
            report = await query_payment(rig, ANOTHER)
        documents = [document for one in kept if (document := one.document(rig.simulator.codec)) is not None]
        named = opened[0] - opened[1]
        if not any(value in named for one in documents for _, value in one.leaves() if isinstance(value, str)):
            raise NotConcerned("its answers do not say which of our payments they are about")
        if report.state is not PaymentState.CAPTURED:
            raise NotReachable("the payment is never made")
        told = await PaymentQuestion(rig, replay, tuple(kept), report).changed(lambda _, value: value)
    return [_OF_ANOTHER] if _state(told) is PaymentState.CAPTURED else []


@check("payment/F19-another-currency")
async def _another_currency(subject: Subject, offer: AnyOffer) -> list[str]:
    async with _captured(subject, offer) as question:
        if not _names(question, PRICE.currency):
            raise NotConcerned("its answers name no currency")
        for currency in OTHER_CURRENCIES:
            told = await question.changed(
                lambda _, value, other=currency: other if value == PRICE.currency else value  # type: ignore[misc]
            )
            if not isinstance(told, PaymentReport) or told.state is not PaymentState.CAPTURED:
                continue
            if told.amount is None or told.amount.currency != currency:
                return [f"money in {currency} is told as money in {PRICE.currency}"]
    return []


def _names(question: PaymentQuestion, text: str) -> bool:
    documents = map(question.document, range(len(question.kept)))
    return any(value == text for one in documents if one is not None for _, value in one.leaves())


@check("payment/unknown-word")
async def _unknown_word(subject: Subject, offer: AnyOffer) -> list[str]:
    async with _captured(subject, offer) as question:
        usual, document = question.report, question.document()
        if not usual.raw:
            return ["the gateway's own word for a payment is not passed on"]
        words = {at: word for at, word in (document.leaves() if document else ()) if isinstance(word, str)}
        places = [at for at, word in words.items() if len(word) > 1 and word in usual.raw]
        if not places:
            raise NotConcerned("its raw word repeats no text of the gateway's answer, so the word cannot be replaced")

        async def replaced(place: Location, word: str) -> PaymentReport | NagorikError:
            return await question.changed(lambda at, value: word if at == place else value)

        met = {place: await replaced(place, UNHEARD_OF) for place in places}
        for told in met.values():
            if isinstance(told, NagorikError):
                return [f"a word that is not known ends in {told.code}"]
        decisive = [place for place, told in met.items() if _state(told) is not usual.state]
        for place, word in ((one, word) for one in decisive for word in resembling(words[one])):
            if _state(await replaced(place, word)) is usual.state:
                return [f"a word that only resembles a known one is taken for {usual.state.value}"]
    reports = [told for told in met.values() if isinstance(told, PaymentReport)]
    if any(told.state is PaymentState.UNKNOWN and UNHEARD_OF in (told.raw or "") for told in reports):
        return []
    return [f"a word that is not known is taken for {', '.join(sorted({told.state.value for told in reports}))}"]


@check("payment/told-by-all")
async def _told_by_all(subject: Subject, offer: AnyOffer) -> list[str]:
    several, wrong = bool(subject.simulator.sparse_answers), list[str]()
    with suppress(NagorikError):  # what becomes of a question is for other checks
        async with _captured(subject, offer) as question:
            if question.report.state is PaymentState.CAPTURED and len(question.kept) > 1:
                several = True
                wrong += [text async for text in _by_all_answers(question)]
    for outcome in subject.simulator.outcomes:
        replay = AnswerReplay()
        async with open_rig(replay.on(subject), offer.id) as rig:
            rig.simulator.script.set(rig.payment, outcome)
            await start_payment(rig)
            with suppress(NagorikError):
                attempts, found = await _by_all_attempts(rig, await _asked(rig, replay))
                several = several or attempts
                wrong += [f"outcome {outcome}: {text}" for text in found]
    if not several:
        raise NotConcerned("one answer, about one attempt, says all that the gateway says of a payment")
    return list(dict.fromkeys(wrong))


async def _by_all_attempts(rig: Rig, began: PaymentQuestion) -> tuple[bool, list[str]]:
    """Whether the gateway lists attempts, and what is wrong once the payment has ended."""
    listed, state, began_at = False, began.report.state, rig.clock.now()
    while state not in SETTLED and rig.clock.now() - began_at < WATCHED:
        rig.advance(STRIDE)
        state = (await follow_payment(rig)).state
    wrong = await _told_elsewhere(rig, state) if state in SETTLED else []
    if state in OVER and began.report.state is PaymentState.PENDING:
        ended = await _asked(rig, began.replay)
        for number, content in _with_open_attempts(began, ended):
            listed = True
            if (told := _state(await ended.with_answer(number, content))) in OVER:
                wrong.append(f"a payment is told as {told} while an attempt is open")
    return listed, wrong


async def _by_all_answers(question: PaymentQuestion) -> AsyncIterator[str]:
    """What is wrong where one of several answers cannot be read, or tells of money that was taken once more."""
    kept = question.kept
    for number, one in enumerate(kept):
        if (state := _state(await question.with_answer(number, b"{"))) in OVER:
            yield f"a payment is told as {state} where one of several answers cannot be read"
        for other, like in enumerate(kept):
            asked = [(each.method, each.path.partition("?")[0]) for each in (one, like)]
            put_twice = asked[0] == asked[1] and (one.path, one.sent) != (like.path, like.sent)
            if put_twice and await _counted_once(question, number, other):
                yield "money that was taken twice, by two answers of the gateway, is told as taken once"


async def _counted_once(question: PaymentQuestion, paid: int, other: int) -> bool:
    """Whether money that one answer tells of, and another of once more, is told as taken once.

    A plugin that asks no further once it has heard of money has not heard of the second.
    """
    document, asked = question.document(paid), question.kept[paid]
    unpaid = await question.with_answer(paid, question.kept[other].content, like=other)
    if document is None or _state(unpaid) is PaymentState.CAPTURED:
        return False
    words = asked.path + asked.sent.decode("utf-8", "replace")

    def renumbered(_: Location, value: JsonValue) -> JsonValue:
        """Other numbers of the gateway's; what it repeats of the question stays."""
        if not isinstance(value, str) or value in words or instant_of(value) or number_of(value) is not None:
            return value
        return next_sign(value) or value

    again = rewritten(document, renumbered)
    if again == document.body:
        return False
    told = await question.with_answer(other, again, like=paid)
    once = isinstance(told, PaymentReport) and told.amount == question.report.amount
    return once and _state(told) is PaymentState.CAPTURED and len(question.replay.asked) == len(question.kept)


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


def _with_open_attempts(began: PaymentQuestion, ended: PaymentQuestion) -> Iterator[tuple[int, bytes]]:
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

    def counted(at: Location, value: JsonValue) -> JsonValue:
        listed = isinstance(value, bool) or any(type(step) is int for step in at)
        return with_number(value, Decimal(now)) if number_of(value) == entries and not listed else value

    body = rewritten(document, counted)
    return AnswerDocument.read(body, document.format, document.format.media_type) or document
