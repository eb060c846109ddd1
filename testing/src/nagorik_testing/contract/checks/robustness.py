"""What a plugin may not do to the process that it runs in, and to the citizen beside."""

import asyncio
import copy
import sys
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Final
from uuid import uuid5

from nagorik import Operation
from nagorik.manifest import AnyOffer, PublicService
from nagorik_platform import References
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope
from nagorik_testing.contract.checks.inspection import example_form, ready_rigs, record_of, requests_made
from nagorik_testing.contract.preparations import lodged_application, submit_application
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import plain_values
from nagorik_testing.simulator.citizens import SyntheticCitizens

OTHER_SEED: Final = 1
OTHER_SERIAL: Final = 77
LONG_AWAITED: Final = frozenset(
    {Operation.ANSWER_CORRECTION, Operation.DELIVERABLE, Operation.SLOTS, Operation.BOOK_SLOT}
)
"""Operations that wait for a whole application at the agency; what they keep is seen in the shorter ones."""
MOST_REQUESTS: Final = 4
"""Requests that one call may take without a fault, besides one for each paper that a write brings."""
LONGEST: Final = timedelta(seconds=5)
"""Simulated time that a call may take of an agency that answers at once."""


async def _stateless(subject: Subject, offer: AnyOffer) -> list[str]:
    first = await _outcomes(subject, offer)
    await _outcomes(subject, offer, seed=OTHER_SEED)
    again = await _outcomes(subject, offer)
    return [
        f"{operation.value} answers otherwise after it was asked by somebody else"
        for operation, outcome in first.items()
        if again.get(operation) != outcome
    ]


async def _outcomes(subject: Subject, offer: AnyOffer, *, seed: int = 0) -> dict[Operation, object]:
    """How each operation ends, called once: its result, or the type of its error."""
    found: dict[Operation, object] = {}
    async for operation, rig in ready_rigs(subject, offer, without=LONG_AWAITED, seed=seed):
        end = await call_operation(rig, operation)
        found[operation] = type(end.error) if end.error is not None else plain_values(end.result)
    return found


async def _side_by_side(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        neighbour = _neighbour(rig)
        answers = await asyncio.gather(submit_application(rig), submit_application(neighbour))
        one, other = await lodged_application(rig, answers[0]), await lodged_application(neighbour, answers[1])
        wrong = ["two citizens have one reference"] if one.reference == other.reference else []
        if Operation.STATUS not in offer.operations:
            return wrong
        mine = await rig.platform.get_status(rig.draft, rig.references)
        theirs = await neighbour.platform.get_status(neighbour.draft, neighbour.references)
    return wrong if mine.state == theirs.state else [*wrong, "two citizens who filed at once stand differently"]


def _neighbour(rig: Rig) -> Rig:
    citizen = SyntheticCitizens().citizen(OTHER_SERIAL)
    other = Rig(rig.platform, rig.simulator, rig.clock, rig.offer, citizen, documents=rig.documents)
    other.kinds = rig.kinds
    other.references = References(
        client_reference="NGK-CONTRACT-0002", idempotency_key=uuid5(rig.references.idempotency_key, "neighbour")
    )
    return other


async def _no_polling(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong = []
    async for operation, rig in ready_rigs(subject, offer, without=LONG_AWAITED):
        before = len(rig.simulator.ledger.requests())
        end = await call_operation(rig, operation)
        made = len(requests_made(rig, before))
        papers = len(rig.draft.documents) if isinstance(offer, PublicService) and operation in offer.writes else 0
        if made > MOST_REQUESTS + papers:
            wrong.append(f"{operation.value} takes {made} requests")
        if end.seconds > LONGEST.total_seconds():
            wrong.append(f"{operation.value} takes {end.seconds:.0f} seconds of an agency that answers at once")
    return wrong


async def _no_module_state(subject: Subject, offer: AnyOffer) -> list[str]:
    await _outcomes(subject, offer)  # what a first call caches is no state of a citizen's
    before = _containers(subject)
    await _outcomes(subject, offer, seed=OTHER_SEED)
    after = _containers(subject)
    changed = sorted(name for name, value in after.items() if before.get(name) != value)
    return [f"{name} is changed by a call" for name in changed]


def _containers(subject: Subject) -> dict[str, object]:
    """Copies of the plain containers of the plugin's modules, its simulator's left out."""
    found: dict[str, object] = {}
    for name, module in _modules(subject):
        for attribute, value in vars(module).items():
            if not attribute.startswith("__") and isinstance(value, dict | list | set | bytearray):
                found[f"{name}.{attribute}"] = copy.copy(value)
    return found


def _modules(subject: Subject) -> Iterator[tuple[str, ModuleType]]:
    package = record_of(subject).package or ""
    for name, module in sorted(sys.modules.items()):
        inside = name == package or name.startswith(f"{package}.")
        if inside and ".simulator" not in name and isinstance(module, ModuleType):
            yield name, module


ROBUSTNESS: Final = (
    Check(
        id="robustness/stateless",
        family=CheckFamily.ROBUSTNESS,
        title="a call is answered alike, whoever asked before",
        why="A plugin that remembers the last citizen tells the next one of them.",
        modes=(65, 68),
        expected="equal results before and after the same call for somebody else",
        fix="Keep nothing of a call: neither in a module nor on the object that holds the hooks.",
        scope=CheckScope.OFFERS,
        examine=_stateless,
    ),
    Check(
        id="robustness/side-by-side",
        family=CheckFamily.ROBUSTNESS,
        title="two citizens who file at once are two citizens",
        why="Two operators file in one second, and both are handed the same receipt.",
        modes=(5, 65),
        expected="two references, each with its own state",
        fix="Keep what belongs to a call in local variables.",
        scope=CheckScope.SERVICES,
        needs=(Operation.SUBMIT,),
        presupposes=("robustness/stateless",),
        examine=_side_by_side,
    ),
    Check(
        id="robustness/no-polling",
        family=CheckFamily.ROBUSTNESS,
        title="a call asks the agency a few times and does not wait by itself",
        why="A hook that polls holds the counter for as long as the agency likes, and adds to its storm of requests.",
        modes=(31, 37),
        expected=f"{MOST_REQUESTS} requests, one more for each paper handed in, and {LONGEST.seconds} seconds at "
        "most, where the agency answers at once",
        fix="Return what the agency says now; the host asks again by its own schedule.",
        scope=CheckScope.OFFERS,
        examine=_no_polling,
    ),
    Check(
        id="robustness/no-module-state",
        family=CheckFamily.ROBUSTNESS,
        title="no module of the plugin keeps anything of a call",
        why="A dictionary that was meant as a cache grows until the host stops, and holds every citizen.",
        modes=(63, 73),
        expected="dictionaries, lists and sets of the plugin's modules as they were before the call",
        fix="Hold constants in tuples and MappingProxyType, and nothing of a call at all.",
        scope=CheckScope.OFFERS,
        examine=_no_module_state,
    ),
)
