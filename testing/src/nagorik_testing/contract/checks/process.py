"""What a plugin does to the process that it runs in: everything that is seen from below and around its code.

The checks share one observation (``contract.observation``): every operation is played in a process of its own, in
which nothing of the kit can be found, the machine's clock is decades ahead and its zone another.
"""

from functools import partial

from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import Minor, check
from nagorik_testing.contract.observation.forbidden import LOGS
from nagorik_testing.contract.observation.plays import observe
from nagorik_testing.contract.subject import Subject


async def _seen(subject: Subject, offer: AnyOffer, *, identity: str) -> list[str]:
    found = (await subject.once(observe, offer)).get(identity, [])
    return [Minor(one) if LOGS in one else one for one in found]


for _name in ("reach", "as-found", "output", "personal-data", "interleaved", "waits", "another-machine"):
    check(f"process/{_name}")(partial(_seen, identity=f"process/{_name}"))
