"""Health: what a plugin says of its agency, it has asked."""

from typing import Final

from nagorik import HealthState, NagorikError
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.wiretap import Wiretap
from nagorik_testing.faults.kinds import Fault, InjectedResponse, MaintenancePage, NotSent

FAULTS: Final[tuple[tuple[str, Fault], ...]] = (
    ("cannot be reached", NotSent()),
    ("answers 500 to everything", InjectedResponse(status=500)),
    ("shows a page that it is being maintained", MaintenancePage()),
)


@check("health/asks")
async def _asks(subject: Subject, offer: AnyOffer) -> list[str]:
    plugin = subject.manifest.id
    if not subject.manifest.health:
        raise NotConcerned("it does not offer health")
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        health = await rig.platform.check_health(plugin)
        wrong = []
        if health.state is not HealthState.UP:
            wrong.append(f"an agency that answers is {health.state.value}")
        if not tap.since():
            wrong.append("the answer is given without asking the agency")
        for what, fault in FAULTS:
            rig.simulator.faults.add("*", fault, count=None, logins=False)
            async with rig.restarted():
                if await _is_up(rig, plugin):
                    wrong.append(f"an agency that {what} is said to be up")
            rig.simulator.faults.clear()
    return wrong


async def _is_up(rig: Rig, plugin: str) -> bool:
    try:
        return (await rig.platform.check_health(plugin)).state is HealthState.UP
    except NagorikError:
        return False
