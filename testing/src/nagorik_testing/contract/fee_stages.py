"""The stages at which an agency demands money: what is played of one fee is played of each."""

from contextlib import suppress

from nagorik import AgencyStatus, NagorikError, Operation
from nagorik.data_files import DataFileInvalid
from nagorik.manifest import AnyOffer, PublicService
from nagorik.values import dhaka_date
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_testing.contract.preparations import wait_until
from nagorik_testing.contract.rig import FeeStage, Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_toolkit.fees import NoTariff
from nagorik_toolkit.fees.tariff import FIRST_STAGE

_ELSEWHERE = (NagorikError, NotReachable, NotImplementedError)
"""Reported where the operation itself is played."""


async def fee_stages(subject: Subject, offer: AnyOffer) -> tuple[FeeStage, ...]:
    """The stages whose fees are played; the first one alone where the example owes nothing at any.

    They are those that the plugin reports as due in the course of each outcome, and those of which the tariff in
    force has a row without conditions. A stage that no outcome comes to cannot be prepared, and is reported so.
    """
    if subject.live is not None or not {Operation.ADVISE_PAYMENT, Operation.STATUS} <= offer.operations:
        return (FeeStage(),)
    return await subject.once(_demanded, offer)


async def _demanded(subject: Subject, offer: AnyOffer) -> tuple[FeeStage, ...]:
    met: dict[str, FeeStage] = {}
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:

            async def over(status: AgencyStatus, outcome: str = outcome) -> bool:
                if status.fee_due is not None:
                    met.setdefault(status.fee_due, FeeStage(status.fee_due, outcome))
                return status.final

            with suppress(*_ELSEWHERE):
                await wait_until(rig, outcome, over)
    async with open_rig(subject, offer.id) as rig:
        for stage in _declared(subject, offer, rig):
            met.setdefault(stage, FeeStage(stage))
        met.pop(FIRST_STAGE, None)
        with suppress(*_ELSEWHERE):
            if met and not (await rig.platform.quote_fees(rig.draft)).total.poisha:
                return tuple(met.values())
    return (FeeStage(), *met.values())


def _declared(subject: Subject, offer: AnyOffer, rig: Rig) -> list[str]:
    """The stages at which everybody pays something by the tariff in force."""
    record = subject.registry.record(subject.manifest.id)
    if record is None or not isinstance(offer, PublicService) or offer.fees is None:
        return []
    try:
        tariff = read_schedule(record, offer.fees).tariff_on(dhaka_date(rig.clock.now()))
    except (DataFileInvalid, NoTariff):
        return []
    return [row.stage for row in tariff.rows if not row.when]
