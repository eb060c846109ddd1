"""Bringing operations to where they can be called."""

from collections.abc import AsyncIterator, Collection

from nagorik import Operation
from nagorik_testing.contract.bench import Bench, FreeOfCharge, NotReachable, Subject, open_bench
from nagorik_testing.contract.checks.check import NotConcerned, Offer


async def ready_benches(
    subject: Subject, offer: Offer, *, without: Collection[Operation] = (), seed: int = 0
) -> AsyncIterator[tuple[Operation, Bench]]:
    """Each operation of an offer with a bench of its own, prepared for it.

    One that cannot be prepared is passed over: the matrix of faults tells of it.

    Raises:
        NotConcerned: The offer has no operation that a bench can call.
        NotReachable: None of them can be prepared, so that nothing would be proved.
    """
    played = sorted(subject.callable_operations(offer) - frozenset(without))
    if not played:
        raise NotConcerned("it offers no operation that can be called")
    reached = False
    for operation in played:
        async with open_bench(subject, offer.id, seed=seed) as bench:
            try:
                await bench.prepare(operation)
            except (FreeOfCharge, NotReachable):
                continue
            reached = True
            yield operation, bench
    if not reached:
        raise NotReachable("none of its operations can be called")
