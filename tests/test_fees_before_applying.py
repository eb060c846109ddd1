"""What a counter is told of a fee without an application is what the application is then quoted, for every service.

Each installed plugin is asked twice about the same filled-in form: once as ``nagorik fees`` asks, with what a person
types and nobody to ask, and once as an application is quoted, before the agency's simulator.
"""

import asyncio
import json
import random
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from price_draws import DrawnForm, FilledForm, PriceDraws

from nagorik import (
    AgencyRejected,
    Applicant,
    ApplicationDraft,
    InputRejected,
    NagorikError,
    Operation,
    Quote,
    has_latin_letters,
)
from nagorik.manifest import PublicService
from nagorik.values import dhaka_date, dhaka_zone, to_bangla_digits
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.cli.fees_page import fees_document
from nagorik_platform.fees.published import ChosenValue, GivenRejected, PriceAnswer, PublishedFees, StagePrice
from nagorik_platform.registry import Registry
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_testing import (
    SimulatedClock,
    SyntheticCitizens,
    in_process_configurations,
    installed_simulators,
    load_simulator,
)
from nagorik_testing.fixtures.documents import MemoryDocuments
from nagorik_toolkit.fees import FeeSchedule, TariffStanding

pytestmark = pytest.mark.long

EXAMPLES: Final = Path(__file__).resolve().parent.parent / "examples"
REGISTRY: Final = Registry.discover()
SERVICES: Final = {
    service.id: service
    for record in REGISTRY.usable
    if record.manifest is not None
    for service in record.manifest.services
}
PRICED: Final = sorted(name for name, service in SERVICES.items() if Operation.QUOTE in service.reads)
CITIZENS: Final = (7, 9000)


class Told(NamedTuple):
    """What the counter was told, and what the application was quoted."""

    fees: PublishedFees | GivenRejected
    quote: Quote | NagorikError


def schedule_of(service: PublicService) -> FeeSchedule | None:
    record = REGISTRY.owner_of(service.id)
    return None if service.fees is None or record is None else read_schedule(record, service.fees)


def typed(form: Mapping[str, Any]) -> dict[str, str]:
    """A form's values as a person types them at a counter: Bangla digits, days as day/month/year."""
    return dict(_typed(form))


def _typed(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in form.items():
        if value is None:
            continue
        if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            yield name, ",".join(value)
        elif isinstance(value, list | dict):
            yield name, json.dumps(value, ensure_ascii=False)
        elif isinstance(value, str) and len(value) == 10 and value[4] == value[7] == "-" and value[:4].isdecimal():
            year, month, day = value.split("-")
            yield name, to_bangla_digits(f"{day}/{month}/{year}")
        elif isinstance(value, bool):
            yield name, "yes" if value else "না"
        else:
            yield name, to_bangla_digits(str(value)) if isinstance(value, int) else str(value)


def forms(simulators: Mapping[str, Any]) -> Iterator[FilledForm]:
    """The forms of the example files, and two of each simulator's own for every service."""
    for file in sorted([*EXAMPLES.glob("applications/*.json"), *EXAMPLES.glob("counter/*.json")]):
        document = json.loads(file.read_text("utf-8"))
        if document.get("service") in PRICED and "applicant" in document:
            applicant = Applicant.model_validate(document["applicant"])
            yield FilledForm(document["service"], applicant, document["form"])
    for service in PRICED:
        for number in CITIZENS:
            example = simulators[service.partition(".")[0]].example(service, SyntheticCitizens().citizen(number))
            yield FilledForm(service, example.applicant, example.form)


@cache
def everything() -> Mapping[str, list[Told]]:
    return asyncio.run(_ask())


async def _ask() -> Mapping[str, list[Told]]:
    told: dict[str, list[Told]] = {service: [] for service in PRICED}
    clock = SimulatedClock()
    async with SimulatedPlatform(clock) as (platform, simulators):
        for filled in forms(simulators):
            told[filled.service].append(await _both(platform, filled, dhaka_date(clock.now())))
    return told


class SimulatedPlatform:
    """All installed plugins before their simulators."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._simulators = {name: load_simulator(one)(clock=clock) for name, one in installed_simulators().items()}
        configured = in_process_configurations(self._simulators.values())
        settings = PlatformSettings(clock=clock, plugins=configured, documents=MemoryDocuments())
        self._platform = Platform(Registry.discover(), settings)

    async def __aenter__(self) -> tuple[Platform, Mapping[str, Any]]:
        return await self._platform.__aenter__(), self._simulators

    async def __aexit__(self, *error: Any) -> None:
        await self._platform.__aexit__(*error)


async def _both(platform: Platform, filled: FilledForm, on: date) -> Told:
    given = typed(filled.form) if SERVICES[filled.service].fees else {}
    fees: PublishedFees | GivenRejected
    try:
        fees = await platform.published_fees(filled.service, given, on=on)
    except GivenRejected as rejected:
        fees = rejected
    return Told(fees, await _quote(platform, filled))


async def _quote(platform: Platform, filled: FilledForm) -> Quote | NagorikError:
    try:
        draft = ApplicationDraft(service=filled.service, applicant=filled.applicant, form=dict(filled.form))
        return await platform.quote_fees(draft)
    except NagorikError as error:
        return error


def offered(told: Told) -> list[StagePrice]:
    """The prices that the counter was told for the payment that was quoted."""
    assert isinstance(told.quote, Quote)
    assert isinstance(told.fees, PublishedFees)
    stage = told.quote.stage
    return [one for one in told.fees.stages if one.price.stage == stage]


def is_of(quote: Quote, stage: StagePrice) -> bool:
    same = (quote.lines, quote.total, quote.source) == (
        stage.price.lines,
        stage.price.total,
        stage.price.tariff.source,
    )
    return same and quote.due == stage.due


def assert_same_price(service: str, told: Told) -> None:
    """The price that the counter was told is the one that was quoted; what no field says, the agency says."""
    quote, fees = told.quote, told.fees
    assert isinstance(quote, Quote)
    assert isinstance(fees, PublishedFees), f"{service} is quoted {quote.total.plain()}"
    match fees.answer:
        case PriceAnswer.PRICED if fees.agency_adds:
            (stage,) = offered(told)
            published = {line.code: line for line in stage.price.lines}
            assert [line for line in quote.lines if line.code in published] == list(published.values())
        case PriceAnswer.PRICED:
            (stage,) = offered(told)
            assert is_of(quote, stage)
        case PriceAnswer.OPEN:
            assert fees.missing
            assert all(one.agency_knows for one in fees.missing), fees.missing
        case PriceAnswer.AGENCY_ONLY:
            schedule = schedule_of(SERVICES[service])
            tariffs = () if schedule is None else schedule.tariffs
            assert quote.source not in [tariff.source for tariff in tariffs]
        case other:
            pytest.fail(f"{service} is {other.value} for a form that is whole")


@pytest.mark.xdist_group("fees-before-applying")
@pytest.mark.parametrize("service", PRICED)
def test_counter_and_application_never_differ(service: str) -> None:
    quoted = [told for told in everything()[service] if isinstance(told.quote, Quote)]
    assert quoted
    for told in quoted:
        assert_same_price(service, told)


@pytest.mark.xdist_group("fees-before-applying")
@pytest.mark.parametrize("service", PRICED)
def test_form_that_is_quoted_by_the_schedule_has_a_published_price(service: str) -> None:
    """The agency alone is said to know a price only where the plugin asks it alone."""
    for told in everything()[service]:
        if isinstance(told.fees, GivenRejected):
            assert isinstance(told.quote, InputRejected)
            continue
        assert told.fees.answer in {PriceAnswer.PRICED, PriceAnswer.OPEN, PriceAnswer.AGENCY_ONLY}
        if not isinstance(told.quote, Quote):
            assert told.quote.code == "input-rejected"


DRAWS: Final = 24
"""For each service: some of them refused, most of them priced."""
OF_THE_APPLICANT: Final = frozenset({"bmet.domestic-work"})
"""What a quote refuses at a field of the form, and no form alone decides: this one hangs on the applicant's sex."""


def price_draws(service: str, on: date) -> PriceDraws:
    record, schedule = REGISTRY.owner_of(service), schedule_of(SERVICES[service])
    assert record is not None
    assert record.package is not None
    assert schedule is not None
    return PriceDraws(SERVICES[service], schedule, record.package, on)


@cache
def drawn() -> Mapping[str, list[tuple[DrawnForm, Told]]]:
    return asyncio.run(_draw_all())


async def _draw_all() -> Mapping[str, list[tuple[DrawnForm, Told]]]:
    told: dict[str, list[tuple[DrawnForm, Told]]] = {}
    clock = SimulatedClock()
    async with SimulatedPlatform(clock) as (platform, simulators):
        on, examples = dhaka_date(clock.now()), list(forms(simulators))
        for service in DRAWN:
            draws, own = price_draws(service, on), [one for one in examples if one.service == service]
            told[service] = []
            for number in range(DRAWS):
                one = draws.draw(own[number % len(own)])
                fees = draws.ask(typed({name: one.filled.form.get(name) for name in one.fields}))
                told[service].append((one, Told(fees, await _quote(platform, one.filled))))
    return told


DRAWN: Final = [service for service in PRICED if SERVICES[service].fees is not None]


@pytest.mark.xdist_group("fees-before-applying")
@pytest.mark.parametrize("service", DRAWN)
def test_counter_refuses_what_the_quote_refuses_and_has_its_price_for_the_rest(service: str) -> None:
    quoted = 0
    for one, told in drawn()[service]:
        if isinstance(told.quote, Quote):
            assert_same_price(service, told)
            quoted += 1
            continue
        assert isinstance(told.quote, InputRejected)
        refused = [problem for problem in told.quote.fields if problem.code not in OF_THE_APPLICANT]
        places = {problem.pointer.split("/")[2] for problem in refused if problem.pointer.count("/") > 1}
        if not isinstance(told.fees, GivenRejected):
            # What is refused then is the rest of the form, which the counter was not told.
            assert not places & one.fields, (one.filled.form, [problem.code for problem in refused])
    assert quoted >= DRAWS // 8


def drawn_choices(service: str) -> Iterator[ChosenValue]:
    for _, told in drawn()[service]:
        if isinstance(told.fees, PublishedFees):
            yield from told.fees.choice


@pytest.mark.xdist_group("fees-before-applying")
@pytest.mark.parametrize("service", DRAWN)
def test_what_a_price_depends_on_is_told_in_bangla_without_latin_letters(service: str) -> None:
    async def ask() -> PublishedFees:
        async with Platform(Registry.discover(), PlatformSettings()) as platform:
            return await platform.published_fees(service, {}, on=date(2026, 11, 24))

    found = asyncio.run(ask())
    for one in (*found.choice, *drawn_choices(service)):
        for text in (one.label, one.title):
            assert not has_latin_letters(text.bn), (one.dimension, text)


NONSENSE: Final = (
    *(
        "0",
        "-1",
        "9" * 12,
        "9" * 5_000,
        "NaN",
        "\x00",
        "\u200d",
        "²",
        "x" * 30_000,
        ",",
        "1-100",
        "3+",
        "বাংলা",
        "true",
    ),
    *(
        "[",
        "[]",
        "{}",
        "[" * 60_000,
        "[" * 300 + "]" * 300,
        "null",
        "[null]",
        "[{}]",
        "[NaN]",
        '{"a": 1}',
        "[[1], [2]]",
    ),
    *("31/02/2026", "0000-01-01", "9999-12-31", "1800-01-01", "2199-12-31", "1799-00", "9999-00", "99999999.9999"),
)
"""Typed for a field or a dimension: numbers, lists, documents and days at their bounds and beyond."""


@pytest.mark.parametrize("service", DRAWN)
def test_no_word_that_is_typed_raises_anything_but_a_refusal(service: str) -> None:
    """Each field and dimension meets some of it; what is wrong is told in sentences."""
    rng = random.Random(f"nonsense for {service}")  # noqa: S311 - the same in every run
    draws = price_draws(service, date(2026, 11, 24))
    for name in draws.names:
        for word in rng.sample(NONSENSE, 3):
            told = draws.ask({name: word})
            assert told.problems if isinstance(told, GivenRejected) else told.answer in PriceAnswer


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - set(PRICED)))
def test_service_without_a_quote_says_that_it_has_no_fee(service: str) -> None:
    async def ask() -> PublishedFees:
        async with Platform(Registry.discover(), PlatformSettings()) as platform:
            return await platform.published_fees(service, {}, on=date(2026, 11, 24))

    told = fees_document(SERVICES[service], asyncio.run(ask()), date(2026, 11, 24))
    assert (told["answer"], told["payments"]) == ("no-fee", [])
    assert told["sentence"]["en"].startswith("Nothing is paid for this service")


def first_days() -> Iterator[tuple[str, date]]:
    """Each service that has a schedule, and the day before its first tariff."""
    for name, service in sorted(SERVICES.items()):
        schedule = schedule_of(service)
        if schedule is not None and name in PRICED:
            days = [
                tariff.effective_from
                for tariff in schedule.tariffs
                if tariff.standing is TariffStanding.EFFECTIVE and tariff.effective_from is not None
            ]
            yield name, min(days) - timedelta(days=1)


async def _before(days: Iterable[tuple[str, date]]) -> dict[str, Told]:
    told: dict[str, Told] = {}
    clock = SimulatedClock()
    async with SimulatedPlatform(clock) as (platform, simulators):
        examples = {
            service: simulators[service.partition(".")[0]].example(service, SyntheticCitizens().citizen(7))
            for service, _ in days
        }
        for service, day in days:
            clock.set(datetime.combine(day, time(12), dhaka_zone()).astimezone(UTC))
            filled = FilledForm(service, examples[service].applicant, examples[service].form)
            told[service] = await _both(platform, filled, day)
    return told


@pytest.mark.xdist_group("fees-before-applying")
def test_day_before_the_first_tariff_is_told_and_is_no_fault_of_the_connection() -> None:
    answers = asyncio.run(_before(sorted(first_days(), key=lambda one: one[1])))
    refused = set()
    for service, (fees, quote) in answers.items():
        assert isinstance(fees, PublishedFees), service
        assert fees.answer is PriceAnswer.NO_TARIFF, service
        assert fees.sentence is not None
        assert fees.sentence.en.startswith("No published fee is known here for ")
        if isinstance(quote, AgencyRejected):
            assert (quote.reason_code, quote.reason) == ("no-tariff", fees.sentence), service
            refused.add(service)
        else:
            assert isinstance(quote, InputRejected), service  # what was filled in is not right on so early a day
    assert {service.partition(".")[0] for service in refused} == {service.partition(".")[0] for service in answers}
