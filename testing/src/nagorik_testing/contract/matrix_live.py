"""The matrix before a live agency, where nothing can be made to go wrong.

There each operation is called once and without a fault, and of every other row it is said that it was not played.
"""

from collections.abc import AsyncIterator, Collection

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed
from nagorik_testing.contract.matrix import ROWS, FaultRow, OperationKind
from nagorik_testing.contract.matrix_runner import CALLED, REACHED, UNCHANGED_BOOKS, PlainRow, offer_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import operations_of
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CheckStatus, Finding, NothingThere, NotReachable


async def play_live(
    subject: Subject, live: Live, offer: AnyOffer, operations: Collection[Operation] | None = None
) -> AsyncIterator[Finding]:
    """Each operation that may be called, once and without a fault; every other row does not apply."""
    withheld = live.withheld(offer)
    for operation in sorted(operations_of(subject.manifest, offer)):
        if operations is not None and operation not in operations:
            continue
        yield await _call_live(subject, offer, operation, withheld.get(operation))
        read = OperationKind.of(offer.writes.get(operation)) is OperationKind.READ
        for row in ([UNCHANGED_BOOKS] if read else []) + list[FaultRow | PlainRow](ROWS):
            yield Finding(
                check=f"{operation.value}/{row.id}",
                offer=offer_of(operation, offer),
                title=row.title,
                status=CheckStatus.NOT_APPLICABLE,
                because=SIMULATOR,
            )


async def _call_live(subject: Subject, offer: AnyOffer, operation: Operation, reason: str | None) -> Finding:
    if reason is not None:
        return _live_finding(offer, operation, CheckStatus.NOT_APPLICABLE, because=reason)
    try:
        async with open_rig(subject, offer.id) as rig:
            await prepare_operation(rig, operation)
            end = await call_operation(rig, operation)
    except NotPlayed as unplayed:
        return _live_finding(offer, operation, CheckStatus.NOT_APPLICABLE, because=str(unplayed))
    except NothingThere as nothing:
        return _live_finding(offer, operation, CheckStatus.NOT_APPLICABLE, because=str(nothing))
    except NotReachable as missing:
        return _live_finding(offer, operation, CheckStatus.NOT_REACHED, got=str(missing))
    except NotImplementedError:
        return _live_finding(offer, operation, CheckStatus.NOT_REACHED, got=f"there is no example of {offer.id}")
    if end.error is None:
        return _live_finding(offer, operation, CheckStatus.PASSED)
    # An error's own text may come from the agency; its code does not.
    shown = end.error.code if isinstance(end.error, NagorikError) else type(end.error).__name__
    return _live_finding(
        offer, operation, CheckStatus.FAILED, got=shown, because="the live agency does not answer as declared"
    )


def _live_finding(
    offer: AnyOffer, operation: Operation, status: CheckStatus, *, got: str = "", because: str = ""
) -> Finding:
    return Finding(
        check=f"{operation.value}/{REACHED}",
        offer=offer_of(operation, offer),
        title=CALLED.title,
        status=status,
        expected=CALLED.expected,
        got=got,
        because=because,
    )
