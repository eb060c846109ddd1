"""Filing: once, under our reference, and to be found again."""

import asyncio
from datetime import datetime, timedelta
from itertools import product
from typing import Final

from nagorik import Accepted, DefinitelyAbsent, Found, NagorikError, Operation, Pending, PluginFault, Rejected
from nagorik.manifest import AnyOffer
from nagorik.operations import Idempotency
from nagorik.values import dhaka_date
from nagorik_platform import References
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import Filings, open_filings
from nagorik_testing.contract.checks.inspection import books_of, example_form, slow_down, wrong_scripts
from nagorik_testing.contract.rig import Rig, another_application
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.faults.kinds import Slow

_BEYOND_GRACE: Final = timedelta(minutes=1)
"""Beyond the service's look-up grace, after which a look-up is believed."""
STRANGE: Final = "NGK-CONTRACT-9999"
"""The client reference of an application that nobody files."""
_THINKS_FOR: Final = 3.0
"""Simulated seconds that an agency takes over its response."""
_OTHERS: Final = 15
"""Applications of others that are filed before the one that is looked up, and as many after it."""
_LAG: Final = timedelta(days=90)
"""How far behind the agency's search is put: it has seen nothing yet."""


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
    """File one application among others, and look up its reference and references that were not filed."""
    async with open_filings(subject, offer) as filings:
        rig, wrong = filings.rig, list[str]()
        for _ in range(_OTHERS):
            await filings.file(rig.draft)
        sent_at, filed, reference = rig.clock.now(), rig.references.client_reference, await _reference(rig)
        for _ in range(_OTHERS):
            await filings.file(rig.draft)
        rig.advance(getattr(offer, "lookup_grace", timedelta()) + _BEYOND_GRACE)
        found = await rig.platform.find_submission(rig.draft, rig.references, sent_at=sent_at)
        if not isinstance(found, Found):
            shown = "definitely absent" if isinstance(found, DefinitelyAbsent) else "unknown"
            wrong.append(f"an application among {2 * _OTHERS} others is {shown} after the look-up grace")
        elif reference not in {None, found.reference}:
            wrong.append("the look-up gives another reference than the filing")
        for strange, sent in product((STRANGE, f"{filed}1", filed[:-1]), (sent_at, None)):
            if isinstance(await _looked_up(rig, strange, sent), Found):
                wrong.append("an application that was not filed is found")
        return wrong + await _absence(filings)


async def _absence(filings: Filings) -> list[str]:
    """What is wrong with an absence: it holds for the instant at which the agency was asked, if that has seen all."""
    rig, before, asked = filings.rig, len(filings.tap.exchanges), filings.rig.clock.now()
    absent = await _looked_up(rig, STRANGE)
    if not isinstance(absent, DefinitelyAbsent):
        return []
    if absent.as_of > rig.clock.now():
        return ["an absence is said to hold for an instant that has not come"]
    wrong = [] if dhaka_date(absent.as_of) == dhaka_date(asked) else ["an absence is said to hold for another day"]
    whole = [exchange.answer for exchange in filings.tap.since(before)]
    rig.simulator.faults.add("*", Slow(seconds=_THINKS_FOR), count=None, logins=False)
    later = await _looked_up(rig, STRANGE)
    rig.simulator.faults.clear()
    seen = rig.simulator.ledger.requests()[-1].at
    if isinstance(later, DefinitelyAbsent) and rig.clock.now() > seen < later.as_of:
        wrong.append("an absence is said to hold for later than the agency was asked")
    for book in books_of(rig):
        book.replication.lag, book.replication.admitted = _LAG, True
    before, asked = len(filings.tap.exchanges), rig.clock.now()
    unsure = await _looked_up(rig, STRANGE)
    is_partial = whole != [exchange.answer for exchange in filings.tap.since(before)]
    if is_partial and isinstance(unsure, DefinitelyAbsent) and unsure.as_of >= asked:
        wrong.append("what an incomplete search does not hold is reported as definitely absent")
    return wrong


async def _looked_up(rig: Rig, reference: str, sent_at: datetime | None = None) -> object:
    references = References(client_reference=reference, idempotency_key=rig.references.idempotency_key)
    return await rig.platform.find_submission(rig.draft, references, sent_at=sent_at or rig.clock.now())


async def _reference(rig: Rig) -> str | None:
    example_form(rig)
    try:
        answer = await rig.platform.submit(rig.draft, rig.references)
    except NagorikError as error:
        raise NotReachable(f"the example of {rig.offer} cannot be filed: {error.code}") from None
    if not isinstance(answer, Accepted | Pending):
        raise NotReachable(f"the example of {rig.offer} is not accepted")
    return answer.reference
