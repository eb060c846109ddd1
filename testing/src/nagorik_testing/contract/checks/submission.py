"""Filing: once, under our reference, and to be found again."""

import asyncio
from datetime import datetime, timedelta
from typing import Final

from nagorik import Accepted, DefinitelyAbsent, Found, NagorikError, Operation, Pending, PluginFault, Rejected
from nagorik.manifest import AnyOffer, PublicService
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date
from nagorik_platform import References
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import (
    example_form,
    requests_made,
    slow_down,
    wrong_scripts,
)
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.faults.kinds import Slow

_BEYOND_GRACE: Final = timedelta(minutes=1)
"""Beyond the service's look-up grace, after which a look-up is believed."""
STRANGE: Final = "NGK-CONTRACT-9999"
"""The client reference of an application that nobody files."""
THINKS_FOR: Final = 3.0
"""Simulated seconds that an agency takes over its answer."""


@check("submit/accepted")
async def _accepted(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        answer = await rig.platform.submit(rig.draft, rig.references)
    if isinstance(answer, Rejected):
        return ["the simulator's example is rejected"]
    status = answer.status if isinstance(answer, Accepted) else None
    if status is not None and status.reason is not None:
        return wrong_scripts("the reason", status.reason)
    return []


@check("submit/F17-replay")
async def _replay(subject: Subject, offer: AnyOffer) -> list[str]:
    _require(offer, Idempotency.NATIVE)
    async with open_rig(subject, offer.id) as rig:
        first = await _reference(rig)
        before = rig.effects()
        try:
            answer: object = await rig.platform.submit(rig.draft, rig.references)
        except PluginFault:
            raise
        except NagorikError as error:
            return [f"the same key and the same form end in {error.code}"]
        second = answer.reference if isinstance(answer, Accepted | Pending) else None
        again = rig.effects() - before
    wrong = [] if first == second else ["the same key gives another reference"]
    return [*wrong, *(f"the same key leaves at the agency once more: {kind}" for kind in sorted(again))]


@check("submit/F17-at-once")
async def _at_once(subject: Subject, offer: AnyOffer) -> list[str]:
    _require(offer, Idempotency.NATIVE)
    async with open_rig(subject, offer.id) as alone:
        await _reference(alone)
        usual = alone.effects()
    async with open_rig(subject, offer.id) as rig:
        # What was remembered of the first application is nothing of this one.
        rig.references = another_application(rig.references)
        slow_down(rig)
        one, other = await asyncio.gather(_reference(rig), _reference(rig))
        more = rig.effects() - usual
    wrong = [] if one == other else ["two attempts at once with one key have two references"]
    return [*wrong, *(f"two attempts at once leave at the agency twice: {kind}" for kind in sorted(more))]


@check("submit/F17-client-reference")
async def _carries_reference(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.SUBMIT] is Idempotency.SAFE:
        raise NotConcerned("a submission leaves nothing at the agency that could be looked up")
    async with open_rig(subject, offer.id) as rig:
        await _reference(rig)
        keyed = any(one.idempotency_key is not None for one in rig.simulator.ledger.requests())
        if keyed and Operation.FIND not in offer.reads:
            raise NotConcerned("the agency knows a submission by its key, and is not searched")
        sent = rig.simulator.ledger.requests(client_reference=rig.references.client_reference)
    return [] if sent else ["no request of the submission carries the client reference"]


@check("find/never-filed")
async def _never_filed(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        sent_at = rig.clock.now()
        await _reference(rig)
        rig.advance(_lookup_grace(offer))
        for reference in _never_used(rig.references.client_reference):
            strange = References(client_reference=reference, idempotency_key=rig.references.idempotency_key)
            # Sent with the one that was filed, or only now.
            for sent in (sent_at, rig.clock.now()):
                answer = await rig.platform.find_submission(rig.draft, strange, sent_at=sent)
                if isinstance(answer, Found):
                    return ["an application that nobody filed is found"]
    return []


def _never_used(filed: str) -> tuple[str, ...]:
    """References of nothing: one like ``filed``, one of which that is the beginning, and its own beginning."""
    return STRANGE, f"{filed}1", filed[:-1]


@check("find/found-again")
async def _found_again(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_rig(subject, offer.id) as rig:
        sent_at = rig.clock.now()
        reference = await _reference(rig)
        rig.advance(_lookup_grace(offer))
        answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=sent_at)
    if not isinstance(answer, Found):
        shown = "definitely absent" if isinstance(answer, DefinitelyAbsent) else "not to be told"
        return [f"an application that is filed is {shown} after the look-up grace"]
    return [] if reference in {None, answer.reference} else ["the look-up gives another reference than the filing"]


@check("find/as-of")
async def _absence_dated(subject: Subject, offer: AnyOffer) -> list[str]:
    """The instant for which an absence holds is one at which the agency was asked."""
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        asked = rig.clock.now()
        answer = await rig.platform.find_submission(rig.draft, _strange(rig), sent_at=asked)
        now = rig.clock.now()
        if not isinstance(answer, DefinitelyAbsent):
            return []
        if answer.as_of > now:
            return ["an absence is said to hold for an instant that has not come"]
        if rig.live is not None:
            return _of_another_day(answer, asked)
        made = dict.fromkeys(requests_made(rig))
        if not made:
            return _of_another_day(answer, asked)  # find/found-again tells of it
        for operation in made:
            rig.simulator.faults.add(operation, Slow(seconds=THINKS_FOR), count=None)
        later = await rig.platform.find_submission(rig.draft, _strange(rig), sent_at=rig.clock.now())
        seen_at = rig.simulator.ledger.requests()[-1].at
        if isinstance(later, DefinitelyAbsent) and rig.clock.now() > seen_at < later.as_of:
            return ["an absence is said to hold for later than the agency was asked"]
    return _of_another_day(answer, asked)


def _of_another_day(answer: DefinitelyAbsent, asked: datetime) -> list[str]:
    return [] if dhaka_date(answer.as_of) == dhaka_date(asked) else ["an absence is said to hold for another day"]


def _require(offer: AnyOffer, wanted: Idempotency) -> None:
    if offer.writes[Operation.SUBMIT] is not wanted:
        raise NotConcerned(f"its submission is not {wanted.value}: the core does not send it twice")


def _lookup_grace(offer: AnyOffer) -> timedelta:
    return (offer.lookup_grace if isinstance(offer, PublicService) else timedelta()) + _BEYOND_GRACE


def _strange(rig: Rig) -> References:
    return References(client_reference=STRANGE, idempotency_key=rig.references.idempotency_key)


async def _reference(rig: Rig) -> str | None:
    example_form(rig)
    try:
        answer = await rig.platform.submit(rig.draft, rig.references)
    except NagorikError as error:
        raise NotReachable(f"the example of {rig.offer} cannot be filed: {error.code}") from None
    if not isinstance(answer, Accepted | Pending):
        raise NotReachable(f"the example of {rig.offer} is not accepted")
    return answer.reference
