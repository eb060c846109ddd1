"""Levels: how far an agency's plugin has come, computed from what it offers and what it proves."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from nagorik import Operation
from nagorik.manifest import AnyOffer, Manifest, PaymentGateway
from nagorik.operations import Idempotency
from nagorik_testing.contract.mutation.score import NO_SCORE, ScoreStanding
from nagorik_testing.contract.verdict import Grade
from nagorik_testing.contract.waivers import WAIVERS, CheckOutcome, Judged, Judgement

GOLD_WAIVES_ONE_IN: Final = 100
"""A plugin keeps gold while no more than one check in this many is waived."""


class Level(IntEnum):
    """The rungs, each resting on those below."""

    CATALOGUE = 0
    STATUS = 1
    SUBMISSION = 2
    PAYMENT = 3
    DELIVERY = 4

    @property
    def label(self) -> str:
        """As reports name it: ``L2 submission``."""
        return f"L{self.value} {self.name.lower()}"


class Tier(StrEnum):
    """How well what is offered is proved."""

    GOLD = "gold"
    """Nothing fails, hardly anything is waived, and changes of the plugin's code are noticed."""
    SILVER = "silver"
    """Nothing fails but what is waived."""
    BRONZE = "bronze"
    """Something fails, and the level stops below it."""


@dataclass(frozen=True, slots=True)
class Standard:
    """Where a plugin stands.

    Attributes:
        level: ``None`` where not even the catalogue is proved, or where only some families ran.
        tier: ``None`` wherever the level is.
        first_missing: The next rung that what is offered, or what fails, keeps it from; ``None`` at the top.
        missing: What it takes to reach that rung, one thing each.
        short_of_gold: Why a silver tier is not gold, one sentence each.
    """

    level: Level | None
    tier: Tier | None
    first_missing: Level | None
    missing: tuple[str, ...] = ()
    short_of_gold: tuple[str, ...] = ()


_FAMILY_RUNGS: Final[Mapping[str, Level]] = MappingProxyType(
    {
        "status": Level.STATUS,
        "eligibility": Level.SUBMISSION,
        "submission": Level.SUBMISSION,
        "fees": Level.PAYMENT,
        "payment": Level.PAYMENT,
        "delivery": Level.DELIVERY,
    }
)
"""The first rung that a failure of a family takes away.

A failure of any other family takes all, and so does one by which something is done twice.
"""

_NAMED: Final = 5
"""Failing checks of a rung that are named; more of them is not more to begin with."""


def standard_of(
    manifest: Manifest, judgement: Judgement, *, grade: Grade = Grade.MOCK, score: ScoreStanding = NO_SCORE
) -> Standard:
    """The level and tier of a plugin.

    The level is the highest that any of its offers reaches, and below the first rung that a failure takes away.
    Against a live agency only the operations count that were called there and gave a result.

    Args:
        manifest: What it offers.
        judgement: What it proves.
        grade: What it was proved against.
        score: Whether changes of its code are noticed, without which nothing is gold.
    """
    if judgement.families is not None:
        return Standard(None, None, None)
    proved = {
        offer.id: _answered(offer, judgement) if grade is Grade.LIVE else offer.operations
        for offer in manifest.offers
    }
    offered = max(_offered(offer, proved[offer.id]) for offer in manifest.offers)
    # A waiver that nobody tends costs the tier; it says nothing of what the plugin does.
    lost = min((_rung(each) for each in judgement.failures if each.family != WAIVERS), default=None)
    if lost is Level.CATALOGUE:
        return Standard(None, None, lost, _failing(judgement, lost))
    level = offered if lost is None else min(offered, Level(lost - 1))
    tier, short_of_gold = _tier(judgement, score)
    above = next(
        (rung for rung in Level if rung > level and any(rung in _needs(offer) for offer in manifest.offers)), None
    )
    if above is None:
        return Standard(level, tier, None, (), short_of_gold)
    missing = _failing(judgement, above) or tuple(
        f"{operation.value} of {offer.id}"
        for offer in manifest.offers
        for operation in sorted(_needs(offer).get(above, frozenset()) - proved[offer.id])
    )
    return Standard(level, tier, above, missing, short_of_gold)


def _failing(judgement: Judgement, rung: Level) -> tuple[str, ...]:
    """The checks that take a rung away: the causes of what fails there."""
    failing = [each for each in judgement.failures if each.family != WAIVERS and _rung(each) <= rung]
    named = tuple(dict.fromkeys((each.because_of or each.finding.key)[0] for each in failing))
    more = (f"{len(named) - _NAMED} more checks",) if len(named) > _NAMED else ()
    return (*named[:_NAMED], *more)


def _answered(offer: AnyOffer, judgement: Judgement) -> frozenset[Operation]:
    """The operations of an offer that gave a result without a fault."""
    passed = {
        each.finding.check
        for each in judgement.judged
        if each.finding.offer == offer.id and each.outcome is CheckOutcome.PASSED
    }
    return frozenset(operation for operation in offer.operations if f"{operation.value}/F00" in passed)


def _rung(judged: Judged) -> Level:
    return Level.CATALOGUE if judged.finding.takes_all_levels else _FAMILY_RUNGS.get(judged.family, Level.CATALOGUE)


def _tier(judgement: Judgement, score: ScoreStanding) -> tuple[Tier, tuple[str, ...]]:
    """The tier, and what keeps one that is silver from gold."""
    if judgement.failures:
        return Tier.BRONZE, ()
    waived = judgement.count(CheckOutcome.WAIVED)
    checked = waived + judgement.count(CheckOutcome.PASSED)
    too_many = f"{waived} of {checked} checks are waived, and gold allows for one in {GOLD_WAIVES_ONE_IN}"
    short = [too_many] if waived * GOLD_WAIVES_ONE_IN > checked else []
    short += [score.short_of_gold] if score.short_of_gold else []
    return (Tier.SILVER, tuple(short)) if short else (Tier.GOLD, ())


def _offered(offer: AnyOffer, operations: frozenset[Operation]) -> Level:
    """The highest rung whose operations an offer has, with all below that concern it."""
    reached = Level.CATALOGUE
    for level, needed in _needs(offer).items():
        if not needed <= operations:
            break
        reached = level
    return reached


def _needs(offer: AnyOffer) -> dict[Level, frozenset[Operation]]:
    """The operations of each rung that concerns the offer, the lowest first."""
    if isinstance(offer, PaymentGateway):
        return {Level.PAYMENT: frozenset({Operation.START_PAYMENT, Operation.QUERY_PAYMENT})}
    write = offer.writes.get(Operation.SUBMIT)
    filing = {Operation.SUBMIT, *([Operation.FIND] if write is Idempotency.CLIENT_REFERENCE else [])}
    needs = {Level.SUBMISSION: frozenset(filing)}
    if offer.fees is not None or Operation.ADVISE_PAYMENT in offer.operations:
        needs[Level.PAYMENT] = frozenset({Operation.QUOTE, Operation.ADVISE_PAYMENT})
    if write is Idempotency.SAFE:  # a question is answered at once, and nothing is followed or delivered
        return needs
    status, delivery = frozenset({Operation.STATUS}), frozenset({Operation.DELIVERABLE})
    return {Level.STATUS: status, **needs, Level.DELIVERY: delivery}
