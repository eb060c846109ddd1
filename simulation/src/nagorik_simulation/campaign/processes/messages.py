"""Messages that nobody honest sends, and those that come twice."""

import json
import random
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from nagorik import NagorikError, Operation
from nagorik_host.engine.inbox import Inbox
from nagorik_platform import Platform
from nagorik_simulation.campaign.ward_office.plugin import SIGNATURE, sign

LARGEST: Final = 1_000_000
"""Bytes that an inbox takes in."""
FLOOD: Final = 40
"""Forged messages that come at once."""


class PoisonMessage(NamedTuple):
    """One message, as it comes to the address of a service or of a gateway."""

    offer: str
    body: bytes
    headers: Mapping[str, str]


def poison_messages(platform: Platform, rng: random.Random) -> Iterator[PoisonMessage]:
    """Too large, nested too deeply, no JSON, no text, nothing, forged, and one of them twice.

    None where no installed plugin reads messages.
    """
    services = (one.id for one in platform.services if Operation.CALLBACK in one.reads)
    gateways = (one.id for one in platform.gateways if Operation.PAYMENT_NOTICE in one.reads)
    offers = sorted([*services, *gateways])
    if not offers:
        return

    def to_somebody(body: bytes) -> PoisonMessage:
        # Now and then it is signed, and still says what nobody knows of.
        signature = sign(body) if rng.randrange(2) else "0" * 64
        return PoisonMessage(rng.choice(offers), body, {"content-type": "application/json", SIGNATURE: signature})

    odd = (b"x" * (LARGEST + 1), b"[" * 50_000, b"<html>maintenance</html>", rng.randbytes(64), b"")
    yield from map(to_somebody, odd)
    yield from [to_somebody(_forged(rng))] * 2
    for _ in range(FLOOD):
        yield to_somebody(_forged(rng))


async def send_all(inbox: Inbox, messages: Iterator[PoisonMessage]) -> int:
    """Let them come in; how many an inbox has taken in. What it refuses is its right."""
    taken = 0
    for message in messages:
        try:
            await inbox.receive(message.offer, headers=message.headers, body=message.body)
        except (NagorikError, ValueError):
            continue
        taken += 1
    return taken


def _forged(rng: random.Random) -> bytes:
    forged = {"fileNo": f"W-{rng.randrange(10**8):08}", "payment": f"{rng.randrange(10**9)}", "state": "ISSUED"}
    return json.dumps(forged).encode()
