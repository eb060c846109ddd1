"""A fee is examined at each stage at which the agency demands one."""

from collections.abc import Awaitable, Callable

from nagorik import Operation
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned
from nagorik_testing.contract.fee_stages import fee_stages
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import FeeStage, Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere
from nagorik_testing.contract.wiretap import Wiretap


async def examine_each_stage(
    subject: Subject, offer: AnyOffer, examine: Callable[[Rig, Wiretap], Awaitable[list[str]]]
) -> list[str]:
    """What is wrong at each stage, on a rig of its own on which that stage's fee is to be paid.

    Raises:
        NotConcerned: The example owes nothing.
        NotReachable: A stage cannot be prepared.
    """
    wrong: list[str] = []
    for fee in await fee_stages(subject, offer):
        tap = Wiretap()
        async with open_rig(tap.on(subject), offer.id) as rig:
            rig.fee = fee
            try:
                await prepare_operation(rig, Operation.ADVISE_PAYMENT)
            except NothingThere:
                raise NotConcerned("the example costs nothing") from None
            found = await examine(rig, tap)
        wrong += found if fee == FeeStage() else [f"stage {fee.name}: {text}" for text in found]
    return wrong
