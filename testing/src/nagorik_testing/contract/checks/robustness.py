"""What a plugin may not do to the process that it runs in, and to the citizen beside."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final
from uuid import uuid5

from nagorik import Operation
from nagorik.manifest import AnyOffer
from nagorik_platform import References
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.inspection import (
    example_form,
    ready_rigs,
    slow_down,
)
from nagorik_testing.contract.checks.watched_calls import LONG_AWAITED
from nagorik_testing.contract.preparations import lodged_application, submit_application
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import plain_values
from nagorik_testing.contract.wiretap import WireExchange, Wiretap, places_of
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.wire.codec import Codec

OTHER_SEED: Final = 1
OTHER_SERIAL: Final = 77


@check("robustness/stateless")
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


@check("robustness/side-by-side")
async def _side_by_side(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        example_form(rig)
        neighbour = _neighbour(rig)
        slow_down(rig)
        answers = await asyncio.gather(submit_application(rig), submit_application(neighbour))
        rig.simulator.faults.clear()
        said = _said(tap.since(), rig.simulator.codec)
        one, other = await lodged_application(rig, answers[0]), await lodged_application(neighbour, answers[1])
        wrong = ["two citizens have one reference"] if one.reference == other.reference else []
        for own, others in ((rig, other), (neighbour, one)):
            filed = rig.simulator.ledger.effects(client_reference=own.references.client_reference)
            if not wrong and others.reference in {effect.reference for effect in filed}:
                wrong.append("a citizen is handed the number of another's application")
        if Operation.STATUS in offer.operations:
            mine = await rig.platform.get_status(rig.draft, rig.references)
            theirs = await neighbour.platform.get_status(neighbour.draft, neighbour.references)
            wrong += ["two citizens who filed at once stand differently"] if mine.state != theirs.state else []
    lost = await _said_by_each(subject, offer) - said
    places = sorted({place for place, _ in lost})
    return [*wrong, *(f"{place} is not sent as it is sent for one citizen after the other" for place in places)]


async def _said_by_each(subject: Subject, offer: AnyOffer) -> Counter[tuple[str, str]]:
    """What is sent for two citizens who file one after the other, whoever is the first."""
    mine, theirs = [Counter[tuple[str, str]]() for _ in range(2)], [Counter[tuple[str, str]]() for _ in range(2)]
    for turn in range(2):
        tap = Wiretap()
        async with open_rig(tap.on(subject), offer.id) as rig:
            both = [(rig, mine), (_neighbour(rig), theirs)]
            for own, said in both if not turn else both[::-1]:
                before = len(tap.exchanges)
                await submit_application(own)
                said[turn] = _said(tap.since(before), rig.simulator.codec)
    return (mine[0] & mine[1]) + (theirs[0] & theirs[1])


def _said(exchanges: Sequence[WireExchange], codec: Codec) -> Counter[tuple[str, str]]:
    """What some requests say, each by its place, in whatever order they were sent."""
    return Counter(
        (place.partition(" ")[2], value)
        for exchange in exchanges
        for place, value in places_of([exchange], codec).items()
    )


def _neighbour(rig: Rig) -> Rig:
    citizen = SyntheticCitizens().citizen(OTHER_SERIAL)
    other = Rig(rig.platform, rig.simulator, rig.clock, rig.offer, citizen, documents=rig.documents)
    other.kinds = rig.kinds
    other.references = References(
        client_reference="NGK-CONTRACT-0002", idempotency_key=uuid5(rig.references.idempotency_key, "neighbour")
    )
    return other
