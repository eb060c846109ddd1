"""What else is installed changes no plugin's answers, but for what it asks the others.

Every installed plugin answers the same questions about the same people three times: beside all others, alone with the
ways to pay, and with each of the others taken away.
"""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from typing import Final, NamedTuple

import pytest

from nagorik import ApplicationDraft, Consent, EligibilityDecision, NagorikError, Operation, Quote, Verdict
from nagorik.manifest import PublicService
from nagorik.values import Money
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.registry import Admission, Registry
from nagorik_testing import (
    ExampleApplication,
    SimulatedClock,
    Simulator,
    SyntheticCitizens,
    in_process_configurations,
    installed_simulators,
    load_simulator,
)
from nagorik_testing.fixtures.documents import MemoryDocuments

pytestmark = pytest.mark.long

INSTALLED: Final = {record.id: record for record in Registry.discover().usable if record.manifest is not None}
SERVING: Final = sorted(name for name, record in INSTALLED.items() if record.manifest and record.manifest.services)
GATEWAYS: Final = frozenset(
    name for name, record in INSTALLED.items() if record.manifest and record.manifest.gateways
)
CITIZENS: Final = (7, 9000, 9100)
"""Of different ages and sexes; at the simulated passport office the last two have passports that do not serve."""
BETWEEN: Final = timedelta(seconds=30)
"""Each question has an instant of its own, the same whoever else is there."""


class Question(NamedTuple):
    """One question about one citizen."""

    service: str
    citizen: int
    kind: str


Answer = EligibilityDecision | Quote | str
"""A decision, a price, or the code of an error."""
Answers = Mapping[Question, Answer]

KINDS: Final = ("before-a-form", "without-consent", "with-consent", "price")


def offers() -> dict[str, PublicService]:
    """Every installed service."""
    return {
        service.id: service
        for name in SERVING
        if (manifest := INSTALLED[name].manifest) is not None
        for service in manifest.services
    }


def questions() -> Iterator[Question]:
    """All that is asked, in order."""
    for service, offer in sorted(offers().items()):
        for citizen in CITIZENS:
            for kind in KINDS:
                wanted = Operation.QUOTE if kind == "price" else Operation.ELIGIBILITY
                if wanted in offer.operations:
                    yield Question(service, citizen, kind)


def plugin_of(service: str) -> str:
    """Whose service it is."""
    return service.partition(".")[0]


@cache
def answers(admitted: frozenset[str]) -> Answers:
    """What the admitted plugins answer on a platform that has no other."""
    return asyncio.run(ask(admitted))


async def ask(admitted: frozenset[str]) -> Answers:
    clock = SimulatedClock()
    simulators = {name: load_simulator(found)(clock=clock) for name, found in installed_simulators().items()}
    configured = in_process_configurations(simulators.values())
    settings = PlatformSettings(clock=clock, plugins=configured, documents=MemoryDocuments())
    begins, told = clock.now(), dict[Question, Answer]()
    async with Platform(Registry.discover(admission=Admission(allow=admitted)), settings) as platform:
        for number, question in enumerate(questions()):
            if plugin_of(question.service) in admitted:
                clock.set(begins + number * BETWEEN)
                told[question] = await answer(platform, simulators[plugin_of(question.service)], question)
    return told


async def answer(platform: Platform, simulator: Simulator, question: Question) -> Answer:
    service = question.service
    example = simulator.example(service, SyntheticCitizens().citizen(question.citizen))
    try:
        if question.kind == "price":
            return await platform.quote_fees(draft(service, example))
        return await platform.check_eligibility(
            service,
            example.applicant,
            form=None if question.kind == "before-a-form" else example.form,
            consent=consent(service, simulator) if question.kind == "with-consent" else None,
        )
    except NagorikError as error:
        return error.code


def draft(service: str, example: ExampleApplication) -> ApplicationDraft:
    return ApplicationDraft(service=service, applicant=example.applicant, form=dict(example.form))


def consent(service: str, simulator: Simulator) -> Consent:
    """To everything that the service may ask."""
    now = simulator.clock.now()
    return Consent(
        id="consent-1",
        service=service,
        operations=frozenset(Operation),
        fee_ceiling=Money.taka(100_000),
        given_at=now,
        expires_at=now + timedelta(days=1),
        asks=frozenset(offers()[service].asks),
    )


def resting_on_others(question: Question) -> frozenset[str]:
    """The criteria that change where the citizen does not consent to the question: they rest on another's answer."""
    consented, refused = (beside_all()[question._replace(kind=kind)] for kind in ("with-consent", "without-consent"))
    if not isinstance(consented, EligibilityDecision) or not isinstance(refused, EligibilityDecision):
        return frozenset()
    before = {criterion.id: criterion for criterion in refused.criteria}
    return frozenset(criterion.id for criterion in consented.criteria if before[criterion.id] != criterion)


def beside_all() -> Answers:
    """The answers where everything installed is there."""
    return answers(frozenset(INSTALLED))


def differences(admitted: frozenset[str]) -> list[Question]:
    """The questions whose answers are not what they should be where only ``admitted`` is there."""
    wrong = []
    for question, told in answers(admitted).items():
        usual = beside_all()[question]
        asked = {plugin_of(service) for service in offers()[question.service].asks}
        missing = bool(asked - admitted) and question.kind == "with-consent"
        if missing and isinstance(told, EligibilityDecision) and isinstance(usual, EligibilityDecision):
            others = resting_on_others(question)
            rest = [one for one in told.criteria if one.id not in others]
            verdicts = {one.verdict for one in told.criteria if one.id in others}
            same = rest == [one for one in usual.criteria if one.id not in others]
            same = same and [one.id for one in told.criteria] == [one.id for one in usual.criteria]
            if not same or verdicts - {Verdict.CANNOT_TELL}:
                wrong.append(question)
        elif told != usual:
            wrong.append(question)
    return wrong


@pytest.mark.xdist_group("composition")
@pytest.mark.parametrize("plugin", SERVING)
def test_plugin_answers_the_same_alone(plugin: str) -> None:
    admitted = GATEWAYS | {plugin}
    assert {plugin_of(question.service) for question in answers(admitted)} == {
        plugin_of(question.service) for question in questions() if plugin_of(question.service) in admitted
    }
    assert differences(admitted) == []


@pytest.mark.xdist_group("composition")
@pytest.mark.parametrize("removed", sorted(INSTALLED))
def test_taking_a_plugin_away_changes_nobody_elses_answers(removed: str) -> None:
    admitted = frozenset(INSTALLED) - {removed}
    assert {question.service for question in answers(admitted)} == {
        question.service for question in questions() if plugin_of(question.service) != removed
    }
    assert differences(admitted) == []


@pytest.mark.xdist_group("composition")
@pytest.mark.parametrize("service", sorted(offers()))
def test_the_answers_are_answers(service: str) -> None:
    """Errors that are the same everywhere would prove nothing."""
    by_kind: dict[str, list[Answer]] = {}
    for question, found in beside_all().items():
        if question.service == service:
            by_kind.setdefault(question.kind, []).append(found)
    for kind, found_all in by_kind.items():
        assert any(not isinstance(found, str) for found in found_all), (kind, found_all)


@pytest.mark.xdist_group("composition")
def test_somebody_asks_and_misses_the_answer() -> None:
    asking = {
        service: {plugin_of(asked) for asked in offer.asks if asked in offers()}
        for service, offer in offers().items()
        if Operation.ELIGIBILITY in offer.operations
    }
    found = [
        (service, citizen)
        for service, asked in asking.items()
        if asked
        for citizen in CITIZENS
        if resting_on_others(Question(service, citizen, "with-consent"))
    ]
    assert found, "no installed service asks another: remove this test with the last one"
    for service, citizen in found:
        question = Question(service, citizen, "with-consent")
        alone = answers(GATEWAYS | {plugin_of(service)})[question]
        assert alone != beside_all()[question]
