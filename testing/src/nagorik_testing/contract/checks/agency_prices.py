"""The price that the agency itself demands, held against the price that a citizen is asked for."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final

from pydantic import JsonValue

from nagorik import AgencyStatus, ApplicationDraft, FeeDue, NagorikError, Operation, PluginFault, Quote
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import Money, to_ascii_digits, to_bangla_digits
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import ANOTHER
from nagorik_testing.contract.checks.inspection import example_form, form_of, requests_made, schedule_of
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import Altered
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.wire.codec import ERROR_STATUS, Codec
from nagorik_toolkit.fees.tariff import FIRST_STAGE

OTHERS: Final = 7
"""Citizens whose price is asked beside the example's: one of them may owe what the example does not."""
MOST_PARTS: Final = 10
"""Sums of one answer that are looked at together."""
ONE_TAKA: Final = 100
"""Poisha."""
SMALL: Final = 37
"""Poisha: less than a taka, and nothing that could be rounded up to one."""
_SUM: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,2})?")
_TO_THE_POISHA: Final = re.compile(r"[0-9]+\.[0-9]{2}")
_FAULTY: Final = "another sum in the agency's answer ends in a fault of the plugin"


@dataclass(frozen=True, slots=True, repr=False)
class AgencySum:
    """One number of the agency's answers, and where it stands.

    Attributes:
        step: The request that was answered with it, as the ledger names it.
        turn: Which of the requests of that name it was, from 1.
        place: As ``Altered`` takes it.
        text: As it is written, digits and separators included.
        quoted: Whether it is written as a text of the answer; otherwise as a number.
    """

    step: str
    turn: int
    place: str
    text: str
    quoted: bool

    @property
    def plain(self) -> str:
        """In ASCII digits, without separators of thousands."""
        return to_ascii_digits(self.text).replace(",", "").strip()

    @property
    def poisha(self) -> int:
        """What it is in poisha, read as taka."""
        return Money.parse(self.plain).poisha

    @property
    def to_the_poisha(self) -> bool:
        """Whether it is written with two decimals, as nothing but money is."""
        return _TO_THE_POISHA.fullmatch(self.plain) is not None

    def is_in_poisha(self, total: int) -> bool:
        """Whether it is that sum, written in poisha."""
        return self.poisha != total and self.plain.isdecimal() and int(self.plain) == total

    def names(self, total: int) -> bool:
        """Whether it is that sum, in taka or in poisha."""
        return self.poisha == total or self.is_in_poisha(total)

    def written(self, poisha: int, *, in_poisha: bool = False) -> JsonValue:
        """Another amount, written in the same way."""
        taka = f"{poisha // 100}.{poisha % 100:02}" if "." in self.plain else str(poisha // 100)
        text = str(poisha) if in_poisha else taka
        if not self.quoted:
            return float(text) if "." in text else int(text)
        return text if self.text.isascii() else to_bangla_digits(text)

    def raised(self, total: int) -> JsonValue:
        """One taka more, where it names the total in taka or in poisha, and where it names another sum."""
        if self.is_in_poisha(total):
            return self.written(total + ONE_TAKA, in_poisha=True)
        return self.written(self.poisha + ONE_TAKA)


def sums_of(rig: Rig, tap: Wiretap, since: int) -> list[AgencySum]:
    """The numbers in what the agency answered after the tap's first ``since`` exchanges, logins left out."""
    passed = tap.since(since)
    steps = requests_made(rig)[-len(passed) :] if passed else []
    found, turns = list[AgencySum](), dict[str, int]()
    for step, exchange in zip(steps, passed, strict=True):
        turns[step] = turns.get(step, 0) + 1
        if exchange.status is not None and exchange.status < ERROR_STATUS:
            found += _numbers(step, turns[step], exchange.answer, rig.simulator.codec)
    return found


def _numbers(step: str, turn: int, answer: bytes, codec: Codec) -> Iterator[AgencySum]:
    try:
        texts = dict(codec.answers.places(answer))
        everything = codec.answers.places(codec.answers.reshaped(answer, "numbers-as-text"))
    except ValueError:
        return  # not of the codec's format, such as a file
    for place, text in everything:
        found = AgencySum(step, turn, place, text, place in texts)
        if _SUM.fullmatch(found.plain):
            yield found


@dataclass(frozen=True, slots=True, repr=False)
class _Demand:
    """A price that was quoted, and the sums of the agency's answer to the question.

    Attributes:
        rig: Where it is asked.
        ask: Asks for it once more.
        total: What was quoted, in poisha.
        sums: The sums.
    """

    rig: Rig
    ask: Callable[[], Awaitable[Quote]]
    total: int
    sums: Sequence[AgencySum]

    async def problems(self) -> list[str]:
        """What is wrong with the quote, by what comes of it where one of the sums is another."""
        naming = [one for one in self.sums if one.names(self.total)]
        looked_at = naming or [one for one in self.sums if one.to_the_poisha]
        ends = {one: await self._with(one, {one.place: one.raised(self.total)}) for one in looked_at}
        unheeded = [one for one, end in ends.items() if end == self.total]
        if _FAULTY in ends.values():
            return [_FAULTY]
        if not naming:
            followed = any(end not in (None, self.total) for end in ends.values())
            unnamed = not followed and None in ends.values()
            return ["a sum is quoted that the agency's answer does not name"] if unnamed else []
        if not any(end in (None, self.total + ONE_TAKA) for end in ends.values()):
            return ["the agency demands another sum, and the old one is quoted"]
        if await self._leaves_small_out([one for one in naming if one not in unheeded]):
            return ["a part below a taka of the sum that the agency demands is left off the price"]
        if set(ends.values()) == {None} and await self._is_part():
            return ["a part of the sum that the agency demands is quoted"]
        return []

    async def _with(self, one: AgencySum, put: dict[str, JsonValue]) -> int | str | None:
        """What is quoted where an answer says something else; ``None`` where nothing is."""
        self.rig.simulator.faults.add(one.step, Altered(put=put), first=one.turn)
        try:
            return (await self.ask()).total.poisha
        except PluginFault:
            return _FAULTY
        except NagorikError:
            return None

    async def _is_part(self) -> bool:
        """Whether the total is one of the parts of a greater sum, with which they have to agree."""
        sums = [one for one in self.sums if one.to_the_poisha and one.poisha][:MOST_PARTS]
        for whole in sums:
            rest = whole.poisha - self.total
            others = [one.poisha for one in sums if one is not whole and not one.names(self.total)]
            parts = (part for size in range(1, len(others) + 1) for part in combinations(others, size))
            agree = rest > 0 and any(sum(part) == rest for part in parts)
            if agree and await self._with(whole, {whole.place: whole.raised(self.total)}) is None:
                return True
        return False

    async def _leaves_small_out(self, totals: Sequence[AgencySum]) -> bool:
        """Whether a part that is held against a total is left off the price once it comes to less than a taka.

        None of the totals can be another by itself without something coming of it.
        """
        parts = [one for one in self.sums if one.to_the_poisha and not one.names(self.total)]
        for part in [one for one in parts if one.poisha < self.total][:MOST_PARTS]:
            put = {part.place: part.written(SMALL)}
            if await self._with(part, put) == self.total:
                continue  # nothing follows from it
            whole = self.total - part.poisha + SMALL
            beside = [one for one in totals if one.to_the_poisha and (one.step, one.turn) == (part.step, part.turn)]
            for one in beside:
                if await self._with(part, {**put, one.place: one.written(whole)}) == whole - SMALL:
                    return True
        return False


@check("fees/as-demanded")
async def _as_demanded(subject: Subject, offer: AnyOffer) -> list[str]:
    tap, wrong = Wiretap(), list[str]()
    seen: set[frozenset[str]] = set()
    async with open_rig(tap.on(subject), offer.id) as rig:
        example_form(rig)
        for draft in _drafts(subject, offer, rig):
            before = len(tap.exchanges)
            try:
                quote = await rig.platform.quote_fees(draft)
            except NagorikError:
                if draft is rig.draft:
                    raise
                continue  # to name no price is no guess
            sums = sums_of(rig, tap, before)
            owed = frozenset(f"{one.step} {one.place}" for one in sums if one.poisha)
            if sums and owed not in seen:
                seen.add(owed)
                ask = partial(rig.platform.quote_fees, draft)
                wrong += await _Demand(rig, ask, quote.total.poisha, sums).problems()
    due = await _due_later(subject, offer) if _falls_due_later(subject, offer) else None
    if due is None and not seen:
        raise NotConcerned("its price is named without a sum from the agency")
    return wrong + (due or [])


def _drafts(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[ApplicationDraft]:
    """The example, the examples of other citizens, and the example with one field filled in otherwise."""
    yield rig.draft
    for serial in range(ANOTHER, ANOTHER + OTHERS):
        example = rig.simulator.example(rig.offer, SyntheticCitizens().citizen(serial))
        yield rig.draft.model_copy(update={"applicant": example.applicant, "form": dict(example.form)})
    if isinstance(offer, PublicService) and offer.form is not None:
        for field in variations_of(form_of(subject, offer), rig.draft.form):
            yield from (rig.draft.model_copy(update={"form": variation.form}) for variation in field)


def _falls_due_later(subject: Subject, offer: AnyOffer) -> bool:
    try:
        later = any(stage != FIRST_STAGE for stage in schedule_of(subject, offer).stages)
    except NotConcerned:
        return False
    return later and {Operation.STATUS, Operation.ADVISE_PAYMENT} <= offer.operations


async def _due_later(subject: Subject, offer: AnyOffer) -> list[str]:
    """What is wrong with fees that fall due after filing."""
    tap, wrong, met = Wiretap(), list[str](), 0
    async with (
        open_rig(tap.on(subject), offer.id) as rig,
        aclosing(_reports_of_fees(rig, offer, subject.simulator.outcomes[0], tap)) as reports,
    ):
        async for status, answered in reports:
            met += 1
            wrong += [f"{status.fee_due}: {one}" for one in await _due_is_heeded(rig, tap, status, answered)]
    if not met:
        raise NotReachable("no fee falls due in the course of the example")
    return wrong


async def _reports_of_fees(
    rig: Rig, offer: AnyOffer, outcome: str, tap: Wiretap
) -> AsyncGenerator[tuple[AgencyStatus, Sequence[AgencySum]]]:
    """Each stage's first report of a fee that is due, with the sums of the agency's answer."""
    stages = set[str]()
    async with aclosing(course_of(rig, offer, outcome, stride=COARSE)) as reports:
        async for _ in reports:
            before = len(tap.exchanges)
            status = await rig.platform.get_status(rig.draft, rig.references)
            if status.fee_due is not None and status.fee_due not in stages:
                stages.add(status.fee_due)
                yield status, sums_of(rig, tap, before)


async def _due_is_heeded(rig: Rig, tap: Wiretap, status: AgencyStatus, answered: Sequence[AgencySum]) -> list[str]:
    stage, reference = status.fee_due or FIRST_STAGE, rig.references.agency_reference
    ask = partial(rig.platform.quote_fees, rig.draft, stage=stage, agency_reference=reference)
    before = len(tap.exchanges)
    quote = await ask()
    total = quote.total.poisha
    sums = sums_of(rig, tap, before)
    wrong = await _Demand(rig, ask, total, sums).problems() if sums else []
    if quote.due is FeeDue.BEFORE_SUBMISSION and stage != FIRST_STAGE:
        wrong.append("a fee that falls due after filing is said to be due before it")
    naming = [one for one in answered if one.names(total)]
    if naming and not tap.since(before):
        wrong.append("the agency names the sum that is due, and it is quoted without asking the agency")
    if naming and status.fee_amount is None:
        return [*wrong, "the agency's report names the sum that is due, and it is not passed on"]
    followed = not naming
    for one in naming:
        rig.simulator.faults.add(one.step, Altered(put={one.place: one.raised(total)}), first=one.turn)
        try:
            amount = (await rig.platform.get_status(rig.draft, rig.references)).fee_amount
        except PluginFault:
            return [*wrong, _FAULTY]
        except NagorikError:
            followed = True  # to say nothing is no guess
        else:
            followed |= amount is not None and amount.poisha == total + ONE_TAKA
    return wrong if followed else [*wrong, "another sum falls due, and the old one is reported"]
