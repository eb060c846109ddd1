"""The price that the agency itself demands, held against the price that a citizen is told."""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Final

from pydantic import JsonValue

from nagorik import AgencyStatus, ApplicationDraft, FeeDue, NagorikError, PluginFault, Quote
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
SMALL: Final = Money(poisha=37)
"""Less than a taka, and nothing that could be rounded up to one."""
_SUM: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,2})?")
_TO_THE_POISHA: Final = re.compile(r"[0-9]+\.[0-9]{2}")

_OLD: Final = "the agency demands another sum, and the old one is quoted"
_UNNAMED: Final = "a sum is quoted that the agency's answer does not name"
_PART: Final = "a part of the sum that the agency demands is quoted"
_SMALL_LEFT_OUT: Final = "a part below a taka of the sum that the agency demands is left off the price"
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

    def names(self, total: Money) -> bool:
        """Whether it is that sum, in taka or in poisha."""
        return total.poisha in (self.poisha, self._as_poisha())

    def other(self, total: Money) -> tuple[JsonValue, int]:
        """Another number that is written in the same way, one taka away, and what ``total`` is then, in poisha."""
        in_poisha = self.poisha != total.poisha and self._as_poisha() == total.poisha
        whole = self.text.partition(".")[0]
        digits = [at for at, sign in enumerate(whole) if to_ascii_digits(sign).isdecimal()]
        place = digits[-3 if in_poisha and len(digits) > 2 else -1]  # noqa: PLR2004 - two digits of poisha
        digit = int(to_ascii_digits(self.text[place]))
        step = 1 if digit < 9 else -1  # noqa: PLR2004 - no digit is greater
        written = str(digit + step) if self.text[place].isascii() else to_bangla_digits(str(digit + step))
        text = self.text[:place] + written + self.text[place + 1 :]
        value: JsonValue = text if self.quoted else float(text) if "." in text else int(text)
        return value, total.poisha + step * 100

    def written(self, amount: Money) -> JsonValue:
        """Another amount, in taka with two decimals and in the same digits."""
        text = f"{amount.poisha // 100}.{amount.poisha % 100:02}"
        if not self.quoted:
            return float(text)
        return text if self.text.isascii() else to_bangla_digits(text)

    def _as_poisha(self) -> int | None:
        return int(self.plain) if self.plain.isdecimal() else None


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


AskPrice = Callable[[], Awaitable[Quote]]


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
                wrong += await _heeded(rig, quote, sums, partial(rig.platform.quote_fees, draft))
    if not seen:
        raise NotConcerned("its price is named without a sum from the agency")
    return wrong


def _drafts(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[ApplicationDraft]:
    """The example, the examples of other citizens, and the example with one field filled in otherwise."""
    yield rig.draft
    for serial in range(ANOTHER, ANOTHER + OTHERS):
        example = rig.simulator.example(rig.offer, SyntheticCitizens().citizen(serial))
        yield rig.draft.model_copy(update={"applicant": example.applicant, "form": dict(example.form)})
    if isinstance(offer, PublicService) and offer.form is not None:
        for field in variations_of(form_of(subject, offer), rig.draft.form):
            yield from (rig.draft.model_copy(update={"form": variation.form}) for variation in field)


async def _heeded(rig: Rig, quote: Quote, sums: Sequence[AgencySum], ask: AskPrice) -> list[str]:
    """What is wrong with a quote, told by what comes of it where each of the agency's sums is another."""
    naming = [one for one in sums if one.names(quote.total)]
    if naming:
        ends = [await _with_another(rig, one, quote.total, ask) for one in naming]
        if _FAULTY in ends:
            return [_FAULTY]
        right = [_poisha_of(end) in (None, one.other(quote.total)[1]) for one, end in zip(naming, ends, strict=True)]
        if not any(right):
            return [_OLD]
        heeded = [one for one, end in zip(naming, ends, strict=True) if _poisha_of(end) != quote.total.poisha]
        if quote.total.poisha and await _leaves_small_out(rig, quote.total, heeded, sums, ask):
            return [_SMALL_LEFT_OUT]
        refused = all(_poisha_of(end) is None for end in ends)
        return [_PART] if refused and await _is_part(rig, quote.total, sums, ask) else []
    ends = [await _with_another(rig, one, quote.total, ask) for one in sums if one.to_the_poisha]
    if _FAULTY in ends:
        return [_FAULTY]
    followed = any(_poisha_of(end) not in (None, quote.total.poisha) for end in ends)
    return [_UNNAMED] if not followed and any(_poisha_of(end) is None for end in ends) else []


async def _is_part(rig: Rig, total: Money, sums: Sequence[AgencySum], ask: AskPrice) -> bool:
    """Whether a total is one of the parts of a greater sum, which has to agree with them for a price to be named."""
    written = [one for one in sums if one.to_the_poisha and one.poisha][:MOST_PARTS]
    for whole in written:
        rest = whole.poisha - total.poisha
        others = [one.poisha for one in written if one is not whole and not one.names(total)]
        sizes = range(1, len(others) + 1)
        if rest > 0 and any(sum(parts) == rest for size in sizes for parts in combinations(others, size)):
            end = await _with_another(rig, whole, total, ask)
            if end != _FAULTY and _poisha_of(end) is None:
                return True
    return False


async def _leaves_small_out(
    rig: Rig, total: Money, totals: Sequence[AgencySum], sums: Sequence[AgencySum], ask: AskPrice
) -> bool:
    """Whether a part that is held against the total is left off the price once it comes to less than a taka.

    Args:
        rig: Where it is asked.
        total: What is usually quoted.
        totals: Sums that name it, none of which can be another by itself without something coming of it.
        sums: All sums of the answer.
        ask: Asks for the price.
    """
    parts = [one for one in sums if one.to_the_poisha and not one.names(total) and one.poisha < total.poisha]
    for part in parts[:MOST_PARTS]:
        put = {part.place: part.written(SMALL)}
        if _poisha_of(await _altered(rig, part, put, ask)) == total.poisha:
            continue  # nothing follows from it
        whole = Money(poisha=total.poisha - part.poisha + SMALL.poisha)
        for one in totals:
            if one.to_the_poisha and (one.step, one.turn) == (part.step, part.turn):
                end = await _altered(rig, part, {**put, one.place: one.written(whole)}, ask)
                if _poisha_of(end) == whole.poisha - SMALL.poisha:
                    return True
    return False


def _poisha_of(end: Quote | str) -> int | None:
    return end.total.poisha if isinstance(end, Quote) else None


async def _with_another(rig: Rig, one: AgencySum, total: Money, ask: AskPrice) -> Quote | str:
    """The quote or the error's code, where that sum is another."""
    return await _altered(rig, one, {one.place: one.other(total)[0]}, ask)


async def _altered(rig: Rig, one: AgencySum, put: dict[str, JsonValue], ask: AskPrice) -> Quote | str:
    rig.simulator.faults.add(one.step, Altered(put=put), first=one.turn)
    try:
        return await ask()
    except PluginFault:
        return _FAULTY
    except NagorikError as error:
        return error.code


@check("fees/due-as-demanded")
async def _due_as_demanded(subject: Subject, offer: AnyOffer) -> list[str]:
    if not any(stage != FIRST_STAGE for stage in schedule_of(subject, offer).stages):
        raise NotConcerned("everything is paid at once")
    tap, wrong, met = Wiretap(), list[str](), 0
    async with (
        open_rig(tap.on(subject), offer.id) as rig,
        aclosing(_reports_of_fees(rig, offer, subject.simulator.outcomes[0], tap)) as reports,
    ):
        async for status, answered in reports:
            met += 1
            wrong += await _due_is_heeded(rig, tap, status, answered)
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
    stage = status.fee_due or FIRST_STAGE

    async def ask() -> Quote:
        reference = rig.references.agency_reference
        return await rig.platform.quote_fees(rig.draft, stage=stage, agency_reference=reference)

    before = len(tap.exchanges)
    quote = await ask()
    sums = sums_of(rig, tap, before)
    wrong = [f"{stage}: {problem}" for problem in await _heeded(rig, quote, sums, ask)] if sums else []
    if quote.due is FeeDue.BEFORE_SUBMISSION and stage != FIRST_STAGE:
        wrong.append(f"{stage}: a fee that falls due after filing is said to be due before it")
    naming = [one for one in answered if one.names(quote.total)]
    if not naming:
        return wrong
    if len(tap.since(before)) == 0:
        wrong.append(f"{stage}: the agency names the sum that is due, and it is quoted without asking the agency")
    if status.fee_amount is None:
        return [*wrong, f"{stage}: the agency's report names the sum that is due, and it is not passed on"]
    followed = []
    for one in naming:
        value, poisha = one.other(quote.total)
        rig.simulator.faults.add(one.step, Altered(put={one.place: value}), first=one.turn)
        try:
            amount = (await rig.platform.get_status(rig.draft, rig.references)).fee_amount
        except PluginFault:
            return [*wrong, f"{stage}: {_FAULTY}"]
        except NagorikError:
            followed.append(True)  # to tell nothing is no guess
        else:
            followed.append(amount is not None and amount.poisha == poisha)
    return wrong if any(followed) else [*wrong, f"{stage}: another sum falls due, and the old one is told"]
