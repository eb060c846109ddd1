"""What is told, held against the agency's answers: what is changed in one is changed in the other, exactly."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final
from weakref import WeakKeyDictionary

from nagorik.manifest import AnyOffer
from nagorik_platform.registry import Registry
from nagorik_testing.contract.checks.answers.examination import AnswerExamination
from nagorik_testing.contract.checks.answers.plays import answer_plays
from nagorik_testing.contract.checks.answers.varied import TellingRule, Untold
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import record_of
from nagorik_testing.contract.subject import Subject


@dataclass(slots=True)
class _Examined:
    """What was looked at of one plugin, and what was found of each of its offers."""

    examination: AnswerExamination
    found: dict[str, list[Untold] | None] = field(default_factory=dict)


_EXAMINED: Final[WeakKeyDictionary[Registry, dict[type, _Examined]]] = WeakKeyDictionary()
"""By the plugin's registry and its simulator: all rules look at once."""


def _examined(subject: Subject) -> _Examined:
    by_simulator = _EXAMINED.setdefault(subject.registry, {})
    if subject.simulator not in by_simulator:
        by_simulator[subject.simulator] = _Examined(AnswerExamination(record_of(subject).package or ""))
    return by_simulator[subject.simulator]


async def _untold(subject: Subject, offer: AnyOffer) -> list[Untold]:
    examined = _examined(subject)
    if offer.id not in examined.found:
        async with answer_plays(subject, offer) as plays:
            examined.found[offer.id] = await examined.examination.of(plays) if plays else None
    found = examined.found[offer.id]
    if found is None:
        raise NotConcerned("the agency is asked nothing for what it tells")
    return found


def _held_to(rule: TellingRule) -> Callable[[Subject, AnyOffer], Awaitable[list[str]]]:
    async def examine(subject: Subject, offer: AnyOffer) -> list[str]:
        return [untold.text for untold in await _untold(subject, offer) if untold.rule is rule]

    return examine


@check("told/left-out")
async def _left_out(subject: Subject, _: AnyOffer) -> list[str]:
    asked = False
    for offer in subject.manifest.offers:
        with suppress(NotConcerned):
            await _untold(subject, offer)
            asked = True
    if not asked:
        raise NotConcerned("the agency is asked nothing for what it tells")
    leaves, declared = _examined(subject).examination.leaves, subject.simulator.untold
    left_out = dict(leaves.left_out())
    wrong = [f"nothing follows from {place}" for place, names in left_out.items() if not names & declared.keys()]
    wrong += [
        f"the simulator declares {name} as untold, and something follows from it"
        for name in sorted(declared.keys() & leaves.names_heeded - frozenset[str]().union(*left_out.values()))
    ]
    return wrong + [f"the simulator does not say why {name} is not told" for name, why in declared.items() if not why]


for _rule in TellingRule:
    check(_rule)(_held_to(_rule))
