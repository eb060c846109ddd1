"""Messages that no honest sender sends, and one that comes twice."""

import json
import random
from typing import Final

from nagorik import NagorikError, Operation
from nagorik_host import Host
from nagorik_simulation.campaign.ward_office.plugin import SIGNATURE, sign

LARGEST: Final = 1_000_000
"""Bytes that an inbox takes in."""
FLOOD: Final = 40
"""Forged messages that come at once."""


async def send_poison(host: Host, rng: random.Random) -> int:
    """Send messages too large, nested too deeply, no JSON, no text, empty and forged; how many were taken in.

    Zero where no installed plugin reads messages.
    """
    services = (one.id for one in host.platform.services if Operation.CALLBACK in one.reads)
    gateways = (one.id for one in host.platform.gateways if Operation.PAYMENT_NOTICE in one.reads)
    offers, taken = sorted([*services, *gateways]), 0
    odd = (b"x" * (LARGEST + 1), b"[" * 50_000, b"<html>maintenance</html>", rng.randbytes(64), b"")
    for body in (*odd, *[_forged(rng)] * 2, *(_forged(rng) for _ in range(FLOOD))) if offers else ():
        # Now and then it is signed, and still about an application that does not exist.
        signature = sign(body) if rng.randrange(2) else "0" * 64
        headers = {"content-type": "application/json", SIGNATURE: signature}
        try:
            await host.inbox.receive(rng.choice(offers), headers=headers, body=body)
        except (NagorikError, ValueError):
            continue  # an inbox may refuse it
        taken += 1
    return taken


def _forged(rng: random.Random) -> bytes:
    forged = {"reference": f"W-{rng.randrange(10**8):08}", "payment": f"{rng.randrange(10**9)}", "status": "ISSUED"}
    return json.dumps(forged).encode()
