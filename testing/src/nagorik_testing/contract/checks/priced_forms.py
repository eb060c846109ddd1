"""The price, over what a citizen can choose in the form and over the time that it is said to hold."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice, product
from typing import Final
from uuid import uuid5

from pydantic import JsonValue

from nagorik import ContractViolation, Form, NagorikError, Quote
from nagorik.manifest import AnyOffer
from nagorik.values import Money
from nagorik_platform import References
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import open_filings
from nagorik_testing.contract.checks.inspection import (
    case_of,
    example_form,
    form_of,
    leaves,
    schedule_of,
    with_value,
)
from nagorik_testing.contract.checks.rule_figures import forms_around_last_days
from nagorik_testing.contract.form_fields import (
    choices_of,
    day_in,
    fields_of,
    is_valid,
    kinds_of,
    others_at,
    placed,
    value_at,
)
from nagorik_testing.contract.form_variations import Variation, variations_of
from nagorik_testing.contract.preparations import lodged_application
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_toolkit.form_validation import form_schema

YEARS_BEFORE: Final = (2, 4, 12)
"""By how much each date of the form lies earlier, one after another: what is late costs more by the year."""
MOST_COMBINATIONS: Final = 64
MINUTE: Final = timedelta(minutes=1)
ONE_TAKA: Final = Money.taka(1)


def priced_variations(subject: Subject, offer: AnyOffer, rig: Rig) -> Iterator[Variation]:
    """Forms in which one thing is another that may decide the price: a choice, a number, a list, a date, a part.

    Raises:
        NotConcerned: The service has no form.
    """
    model, example = form_of(subject, offer), example_form(rig)
    for field in variations_of(model, example):
        yield from (one for one in field if one.is_choice or not isinstance(value_at(one.form, one.place), str))
    for place, value in leaves(example):
        if not isinstance(value, str) or (day := day_in(value)) is None:
            continue
        for years in YEARS_BEFORE:
            earlier = day - timedelta(days=366 * years)
            given = with_value(example, place, earlier.isoformat())
            if isinstance(given, dict) and is_valid(model, given):
                yield Variation(place, given)
    yield from _with_parts(subject, model, rig)


def _with_parts(subject: Subject, model: type[Form], rig: Rig) -> Iterator[Variation]:
    """The form with a part left out that it has, or filled in that it has not, as for another of the services.

    An address that was left empty cannot be made up, as it has to be one of the country's: who fills it in for a copy
    by post fills it in for a map by post alike.
    """
    example = example_form(rig)
    others = [one for offer in subject.manifest.services for one in _examples(rig, offer.id)]
    for name in model.model_fields:
        part = example.get(name)
        other = next(iter(others_at(others, (name,))), None) if part is None else None
        given = {**example, name: other}
        if isinstance(part or other, dict) and is_valid(model, given):
            yield Variation((name,), given)


def _examples(rig: Rig, service: str) -> Iterator[dict[str, JsonValue]]:
    """How one citizen fills in the form of a service, where the simulator says so."""
    with suppress(NotImplementedError, KeyError):
        yield dict(rig.simulator.example(service, rig.citizen).form)


@dataclass(frozen=True, slots=True)
class TakenSum:
    """What the agency makes of the payment of a sum.

    Attributes:
        error: The code in which telling of it ends.
        traits: What the agency's book notes then.
    """

    error: str | None
    traits: frozenset[str]


@dataclass(slots=True, repr=False)
class _Payers:
    """Applications, each filed anew on one rig and paid for."""

    rig: Rig
    count: int = 0

    async def quoted(self, form: dict[str, JsonValue]) -> Quote:
        return await self.rig.platform.quote_fees(self.rig.draft.model_copy(update={"form": form}))

    async def filed(self, form: dict[str, JsonValue]) -> bool:
        """Whether the agency takes it in."""
        self.count += 1
        own = self.rig.references
        self.rig.references = References(
            client_reference=f"NGK-CONTRACT-{self.count:04d}-P",
            idempotency_key=uuid5(own.idempotency_key, str(self.count)),
        )
        draft = self.rig.draft.model_copy(update={"form": form})
        try:
            await lodged_application(self.rig, await self.rig.platform.submit(draft, self.rig.references))
        except (NagorikError, NotReachable):
            return False
        return True

    async def judged(self, form: dict[str, JsonValue], quote: Quote, more: Money | None = None) -> TakenSum | None:
        """What the agency says to the quoted sum, or to ``more``; ``None`` where the form itself is not taken."""
        if not await self.filed(form):
            return None
        case = case_of(self.rig)
        before = frozenset(case.traits)
        receipt = self.rig.receipt(quote).model_copy(
            update={"reference": f"CONTRACT-RECEIPT-P{self.count}", **({} if more is None else {"amount": more})}
        )
        draft = self.rig.draft.model_copy(update={"form": form})
        try:
            await self.rig.platform.advise_payment(draft, self.rig.references, receipt)
        except NagorikError as error:
            return TakenSum(error.code, frozenset())
        return TakenSum(None, frozenset(case.traits) - before)


@check("fees/taken-by-agency")
async def _taken_by_agency(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        payers, example = _Payers(rig), example_form(rig)
        usual = await payers.quoted(example)
        right = await payers.judged(example, usual) if usual.total.poisha else None
        other = await payers.judged(example, usual, usual.total + ONE_TAKA) if usual.total.poisha else None
        for variation in priced_variations(subject, offer, rig):
            try:
                quote = await payers.quoted(variation.form)
            except ContractViolation:
                if await payers.filed(variation.form):
                    wrong.append(f"{variation.name}: no price for a form that the agency takes")
                continue
            except NagorikError:
                continue  # to name no price is no guess
            if not quote.total.poisha or right == other:
                continue  # the agency does not look at the sum, or the example costs nothing
            judged = await payers.judged(variation.form, quote)
            if judged is not None and judged == other:
                wrong.append(f"{variation.name}: the agency wants another sum than is quoted")
    return list(dict.fromkeys(wrong))


@check("fees/every-row")
async def _every_row(subject: Subject, offer: AnyOffer) -> list[str]:
    schedule, model = schedule_of(subject, offer), form_of(subject, offer)
    wrong, met = list[str](), 0
    async with open_rig(subject, offer.id) as rig:
        payers, example = _Payers(rig), example_form(rig)
        usual = await payers.quoted(example)
        right = await payers.judged(example, usual) if usual.total.poisha else None
        other = await payers.judged(example, usual, usual.total + ONE_TAKA) if usual.total.poisha else None
        if right == other:
            raise NotConcerned("the agency does not look at the sum, or the example costs nothing")
        for chosen, form in _combinations(model, example, [each.dimension for each in schedule.dimensions]):
            try:
                quote = await payers.quoted(form)
            except NagorikError:
                continue  # to name no price is no guess, and fees/taken-by-agency tells where it is one too few
            judged = await payers.judged(form, quote) if quote.total.poisha else None
            met += judged is not None
            if judged is not None and judged == other:
                wrong.append(f"{chosen}: the agency wants another sum than is quoted")
    if met < 2:  # noqa: PLR2004 - the example's own is one
        raise NotConcerned("no two choices that its schedule names go together in its form")
    return wrong


def _combinations(
    model: type[Form], example: dict[str, JsonValue], dimensions: Sequence[str]
) -> Iterator[tuple[str, dict[str, JsonValue]]]:
    """The example with each combination of the choices that are called as the schedule's dimensions are, in words.

    A field may say more: ``validity_years`` is one of ``years``.
    """
    schema = form_schema(model)
    choices = {
        place: list(dict.fromkeys(choice for kind in kinds_of(schema, described) for choice in choices_of(kind)))
        for place, described, _ in fields_of(schema, schema, example, ())
        if {str(place[-1]), *str(place[-1]).split("_")} & {*dimensions}
    }
    fields = {place: found for place, found in choices.items() if found}
    for combination in islice(product(*fields.values()), MOST_COMBINATIONS):
        form = example
        for place, choice in zip(fields, combination, strict=True):
            form = placed(form, place, choice)
        if is_valid(model, form):
            yield ", ".join(f"{place[-1]} {choice}" for place, choice in zip(fields, combination, strict=True)), form


@check("fees/choice-arrives")
async def _price_arrives(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong, compared = list[str](), 0
    async with open_filings(subject, offer) as filings:
        rig = filings.rig
        usual = await rig.platform.quote_fees(rig.draft)
        for variation in priced_variations(subject, offer, rig):
            draft = rig.draft.model_copy(update={"form": variation.form})
            try:
                quote = await rig.platform.quote_fees(draft)
            except NagorikError:
                continue
            if quote.total == usual.total:
                continue
            filed = await filings.file(draft)
            if not filed.sent or isinstance(filed.end, NagorikError):
                continue
            compared += 1
            if not filings.changed(filed.sent):
                wrong.append(f"{variation.name}: two filings with different prices are sent alike")
    if not compared:
        raise NotConcerned("nothing that can be chosen in its form changes the price")
    return list(dict.fromkeys(wrong))


@check("fees/holds")
async def _holds(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        forms = [example_form(rig)]
        try:
            forms += [variation.form for variation in priced_variations(subject, offer, rig)]
        except NotConcerned:
            forms = forms[:1]
        with suppress(NotConcerned):
            forms += forms_around_last_days(subject, offer, rig)
        quotes = [quote async for quote in _quotes(rig, forms)]
        began = rig.clock.now()
        ends = sorted({quote.expires_at for _, quote in quotes})
        for end in ends:
            rig.clock.set(max(end - MINUTE, began))
            for form, quote in quotes:
                if quote.expires_at == end:
                    wrong += await _still(rig, form, quote)
    return list(dict.fromkeys(wrong))


async def _quotes(
    rig: Rig, forms: Sequence[dict[str, JsonValue]]
) -> AsyncIterator[tuple[dict[str, JsonValue], Quote]]:
    for form in forms:
        try:
            yield form, await rig.platform.quote_fees(rig.draft.model_copy(update={"form": form}))
        except NagorikError:
            if form is forms[0]:
                raise


async def _still(rig: Rig, form: dict[str, JsonValue], quote: Quote) -> list[str]:
    try:
        later = await rig.platform.quote_fees(rig.draft.model_copy(update={"form": form}))
    except NagorikError:
        return []  # such as outside the agency's hours
    return [] if later.total == quote.total else ["a minute before a quote expires, the price is another"]
