"""What takes the fault matrix's place before a live agency, where nothing can be made to go wrong."""

from collections.abc import AsyncIterator
from typing import Final

from nagorik import NagorikError, Operation
from nagorik.manifest import PaymentGateway, PublicService
from nagorik_testing.contract.bench import PLAYED, FreeOfCharge, NotReachable, Subject, open_bench
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.verdict import Finding, Standing

REACHED: Final = "F00"
"""Stands in place of a fault row where an operation meets no fault."""

Offer = PublicService | PaymentGateway


async def play_live(subject: Subject, live: Live, offer: Offer) -> AsyncIterator[Finding]:
    """Each operation that may be called, once and without a fault; every other row does not apply."""
    withheld = live.withheld(offer)
    for operation in sorted(offer.operations & PLAYED):
        yield await _called(subject, offer, operation, withheld.get(operation))
        for row in ROWS:
            yield Finding(
                check=f"{operation.value}/{row.id}",
                offer=offer.id,
                title=row.title,
                standing=Standing.NOT_APPLICABLE,
                because=SIMULATOR,
            )


async def _called(subject: Subject, offer: Offer, operation: Operation, reason: str | None) -> Finding:
    if reason is not None:
        return _found(offer, operation, Standing.NOT_APPLICABLE, because=reason)
    try:
        async with open_bench(subject, offer.id) as bench:
            await bench.prepare(operation)
            end = await bench.call(operation)
    except NotPlayed as unplayed:
        return _found(offer, operation, Standing.NOT_APPLICABLE, because=str(unplayed))
    except FreeOfCharge:
        return _found(offer, operation, Standing.NOT_APPLICABLE, because="the example costs nothing")
    except NotReachable as missing:
        return _found(offer, operation, Standing.NOT_REACHED, got=str(missing))
    except NotImplementedError:
        return _found(offer, operation, Standing.NOT_REACHED, got=f"there is no example of {offer.id}")
    if end.error is None:
        return _found(offer, operation, Standing.PASSED)
    # An error's own text may come from the agency; its code does not.
    told = end.error.code if isinstance(end.error, NagorikError) else type(end.error).__name__
    return _found(offer, operation, Standing.FAILED, got=told, because="the live agency does not answer as declared")


def _found(offer: Offer, operation: Operation, standing: Standing, *, got: str = "", because: str = "") -> Finding:
    return Finding(
        check=f"{operation.value}/{REACHED}",
        offer=offer.id,
        title="the operation can be called without a fault",
        standing=standing,
        expected="a result",
        got=got,
        because=because,
    )
