"""Filing: once, under our reference, and to be found again."""

import asyncio
from datetime import timedelta
from typing import Final

from nagorik import Accepted, DefinitelyAbsent, Found, NagorikError, Operation, Pending, PluginFault, Rejected
from nagorik.manifest import AnyOffer, PublicService
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date
from nagorik_platform import References
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.inspection import example_form, requests_made, slow_down, wrong_scripts
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
        wrong = wrong_scripts("the reason", status.reason) if status is not None and status.reason is not None else []
        # A question leaves nothing that could be looked up, and an agency may know a submission by its key alone.
        if rig.live is None and offer.writes[Operation.SUBMIT] is not Idempotency.SAFE:
            ledger, reference = rig.simulator.ledger, rig.references.client_reference
            keyed = any(one.idempotency_key is not None for one in ledger.requests())
            if not (ledger.requests(client_reference=reference) or (keyed and Operation.FIND not in offer.reads)):
                wrong.append("no request of the submission carries the client reference")
    return wrong


@check("submit/F17-replay")
async def _once(subject: Subject, offer: AnyOffer) -> list[str]:
    if offer.writes[Operation.SUBMIT] is not Idempotency.NATIVE:
        raise NotConcerned("its submission is not native: the core does not send it twice")
    async with open_rig(subject, offer.id) as rig:
        first, usual = await _reference(rig), rig.effects()
        try:
            answer: object = await rig.platform.submit(rig.draft, rig.references)
        except PluginFault:
            raise
        except NagorikError as error:
            return [f"the same key and the same form end in {error.code}"]
        wrong = [] if first == getattr(answer, "reference", None) else ["the same key gives another reference"]
        wrong += [f"the same key leaves at the agency once more: {kind}" for kind in sorted(rig.effects() - usual)]
    async with open_rig(subject, offer.id) as rig:
        # What was remembered of the first application is nothing of this one.
        rig.references = another_application(rig.references)
        slow_down(rig)
        one, other = await asyncio.gather(_reference(rig), _reference(rig))
        wrong += [] if one == other else ["two attempts at once with one key have two references"]
        wrong += [f"two attempts at once leave at the agency twice: {kind}" for kind in sorted(rig.effects() - usual)]
    return wrong


@check("find/found-again")
async def _found_again(subject: Subject, offer: AnyOffer) -> list[str]:
    """What was filed is found, and no longer, shorter or other reference is, sent with it or only now."""
    wrong: list[str] = []
    async with open_rig(subject, offer.id) as rig:
        sent_at, filed, reference = rig.clock.now(), rig.references.client_reference, await _reference(rig)
        grace = offer.lookup_grace if isinstance(offer, PublicService) else timedelta()
        rig.advance(grace + _BEYOND_GRACE)
        answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=sent_at)
        if not isinstance(answer, Found):
            shown = "definitely absent" if isinstance(answer, DefinitelyAbsent) else "not to be told"
            wrong.append(f"an application that is filed is {shown} after the look-up grace")
        elif reference not in {None, answer.reference}:
            wrong.append("the look-up gives another reference than the filing")
        for strange, sent in ((one, at) for one in (STRANGE, f"{filed}1", filed[:-1]) for at in (sent_at, None)):
            asked = sent or rig.clock.now()
            if isinstance(await rig.platform.find_submission(rig.draft, _named(rig, strange), sent_at=asked), Found):
                return [*wrong, "an application that nobody filed is found"]
    return wrong


@check("find/as-of")
async def _absence_dated(subject: Subject, offer: AnyOffer) -> list[str]:
    """The instant for which an absence holds is one at which the agency was asked."""
    async with open_rig(subject, offer.id) as rig:
        example_form(rig)
        asked = rig.clock.now()
        answer = await rig.platform.find_submission(rig.draft, _named(rig, STRANGE), sent_at=asked)
        if not isinstance(answer, DefinitelyAbsent):
            return []
        if answer.as_of > rig.clock.now():
            return ["an absence is said to hold for an instant that has not come"]
        for operation in dict.fromkeys(requests_made(rig)) if rig.live is None else ():
            rig.simulator.faults.add(operation, Slow(seconds=THINKS_FOR), count=None)
        later = await rig.platform.find_submission(rig.draft, _named(rig, STRANGE), sent_at=rig.clock.now())
        seen = [] if rig.live is not None else [request.at for request in rig.simulator.ledger.requests()]
        if isinstance(later, DefinitelyAbsent) and seen and rig.clock.now() > seen[-1] < later.as_of:
            return ["an absence is said to hold for later than the agency was asked"]
    same = dhaka_date(answer.as_of) == dhaka_date(asked)
    return [] if same else ["an absence is said to hold for another day"]


def _named(rig: Rig, reference: str) -> References:
    return References(client_reference=reference, idempotency_key=rig.references.idempotency_key)


async def _reference(rig: Rig) -> str | None:
    example_form(rig)
    try:
        answer = await rig.platform.submit(rig.draft, rig.references)
    except NagorikError as error:
        raise NotReachable(f"the example of {rig.offer} cannot be filed: {error.code}") from None
    if not isinstance(answer, Accepted | Pending):
        raise NotReachable(f"the example of {rig.offer} is not accepted")
    return answer.reference
