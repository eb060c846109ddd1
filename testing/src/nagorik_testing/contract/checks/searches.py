"""Looking an application up, held against the agency's book: on every page, and as far as the search has seen."""

from datetime import timedelta
from typing import Final

from nagorik import DefinitelyAbsent, Found
from nagorik.manifest import AnyOffer
from nagorik_platform import References
from nagorik_testing.contract.checks.check import check
from nagorik_testing.contract.checks.filing import Filings, open_filings
from nagorik_testing.contract.checks.inspection import books_of
from nagorik_testing.contract.preparations import file_application
from nagorik_testing.contract.subject import Subject

OTHERS: Final = 15
"""Applications of others that are filed before the one that is sought, and as many after it."""
LAG: Final = timedelta(days=90)
"""How far behind the agency's search is put: it has seen nothing yet."""


@check("find/among-many")
async def _among_many(subject: Subject, offer: AnyOffer) -> list[str]:
    async with open_filings(subject, offer) as filings:
        rig, wrong = filings.rig, list[str]()
        for _ in range(OTHERS):
            await filings.file(rig.draft)
        sent_at = rig.clock.now()
        filed = await file_application(rig)
        for _ in range(OTHERS):
            await filings.file(rig.draft)
        # After the grace a look-up is believed.
        rig.advance(getattr(offer, "lookup_grace", timedelta()) + timedelta(minutes=1))
        answer = await rig.platform.find_submission(rig.draft, rig.references, sent_at=sent_at)
        if not isinstance(answer, Found):
            wrong.append(f"an application among {2 * OTHERS} others is not found")
        elif answer.reference != filed.reference:
            wrong.append("another application than the one that is sought is found")
        absent, whole = await _searched(filings)
        wrong += (
            ["an application that was never filed is found where another is"] if isinstance(absent, Found) else []
        )
        for book in books_of(rig):
            book.replication.lag, book.replication.admitted = LAG, True
        asked_at = rig.clock.now()
        unsure, partial = await _searched(filings)
    says_so = isinstance(absent, DefinitelyAbsent) and whole != partial
    if says_so and isinstance(unsure, DefinitelyAbsent) and unsure.as_of >= asked_at:
        wrong.append("what a search that says it is incomplete does not hold is told as definitely absent")
    return wrong


async def _searched(filings: Filings) -> tuple[object, list[bytes]]:
    """What is said of an application that was never filed, and what the agency answered."""
    rig, before = filings.rig, len(filings.tap.exchanges)
    strange = References(client_reference="NGK-CONTRACT-9999", idempotency_key=rig.references.idempotency_key)
    found = await rig.platform.find_submission(rig.draft, strange, sent_at=rig.clock.now())
    return found, [exchange.answer for exchange in filings.tap.since(before)]
