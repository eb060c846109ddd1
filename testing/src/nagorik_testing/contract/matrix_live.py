"""The matrix before a live agency: each operation is called once and without a fault, and no other row is played."""

from collections.abc import AsyncIterator, Collection
from typing import Any

from nagorik import NagorikError, Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.live import SIMULATOR, Live, NotPlayed
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import CALLED, finding_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import operations_of
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import CheckStatus, Finding, NothingThere, NotReachable


async def play_live(
    subject: Subject, live: Live, offer: AnyOffer, operations: Collection[Operation]
) -> AsyncIterator[Finding]:
    """Yield a finding of each operation: called once, or why not; no fault is played."""
    withheld = live.withheld(offer)
    for operation in sorted(operations_of(subject.manifest, offer) & set(operations)):
        if operation in withheld:
            status, more = CheckStatus.NOT_APPLICABLE, {"because": withheld[operation]}
        else:
            status, more = await _called(subject, offer, operation)
        expected = "" if status is CheckStatus.NOT_APPLICABLE else CALLED.expected
        yield finding_of(CALLED, operation, offer, status, expected=expected, **more)
        for row in ROWS:
            yield finding_of(row, operation, offer, CheckStatus.NOT_APPLICABLE, because=SIMULATOR)


async def _called(subject: Subject, offer: AnyOffer, operation: Operation) -> tuple[CheckStatus, dict[str, Any]]:
    """How the call ended, and further fields of its finding."""
    try:
        async with open_rig(subject, offer.id) as rig:
            await prepare_operation(rig, operation)
            end = await call_operation(rig, operation)
    except (NotPlayed, NothingThere) as idle:
        return CheckStatus.NOT_APPLICABLE, {"because": str(idle)}
    except NotReachable as missing:
        return CheckStatus.NOT_REACHED, {"got": str(missing)}
    except NotImplementedError:
        return CheckStatus.NOT_REACHED, {"got": f"there is no example of {offer.id}"}
    if end.error is None:
        return CheckStatus.PASSED, {}
    # An error's own text may come from the agency; its code does not.
    shown = end.error.code if isinstance(end.error, NagorikError) else type(end.error).__name__
    return CheckStatus.FAILED, {"got": shown, "because": "the live agency does not answer as declared"}
