"""Looking an application up, held against the agency's book: on every page, and as far as the search has seen."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from nagorik import DefinitelyAbsent, Found
from nagorik.manifest import AnyOffer
from nagorik_platform import References
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import open_filings
from nagorik_testing.contract.checks.inspection import books_of
from nagorik_testing.contract.preparations import file_application
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap

OTHERS: Final = 15
"""Applications of others that are filed before the one that is sought, and as many after it."""


@check("find/among-many")
async def _among_many(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_filings(subject, offer) as filings:
        rig = filings.rig
        for _ in range(OTHERS):
            await filings.file(rig.draft)
        sent_at = rig.clock.now()
        filed = await file_application(rig)
        for _ in range(OTHERS):
            await filings.file(rig.draft)
        rig.advance(_grace(offer))
        answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=sent_at)
    if not isinstance(answer, Found):
        return [f"an application among {2 * OTHERS} others is not found"]
    return [] if answer.reference == filed.reference else ["another application than the one that is sought is found"]


LAG: Final = timedelta(days=90)
"""How far behind the agency's search is put: it has seen nothing yet."""


@check("find/incomplete")
async def _incomplete(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        books = books_of(rig)
        if not books:
            raise NotConcerned("the simulator keeps no ApplicationBook whose search could be behind")
        await file_application(rig)
        rig.advance(_grace(offer))
        absent, whole = await _searched(rig, tap)
        for book in books:
            book.replication.lag, book.replication.admitted = LAG, True
        asked_at = rig.clock.now()
        unsure, partial = await _searched(rig, tap)
    if not isinstance(absent, DefinitelyAbsent) or whole == partial:
        raise NotConcerned("the agency's search never says that it is incomplete")
    if isinstance(unsure, DefinitelyAbsent) and unsure.as_of >= asked_at:
        return ["what a search that says it is incomplete does not hold is told as definitely absent"]
    return []


async def _searched(rig: Rig, tap: Wiretap) -> tuple[object, Sequence[bytes]]:
    """What is said of an application that nobody filed, and what the agency answered."""
    strange = References(client_reference="NGK-CONTRACT-9999", idempotency_key=rig.references.idempotency_key)
    before = len(tap.exchanges)
    answer = await rig.platform.find_submission(rig.draft, strange, sent_at=rig.clock.now())
    return answer, [exchange.answer for exchange in tap.since(before)]


def _grace(offer: AnyOffer) -> timedelta:
    """After which a look-up is believed."""
    return getattr(offer, "lookup_grace", timedelta()) + timedelta(minutes=1)
