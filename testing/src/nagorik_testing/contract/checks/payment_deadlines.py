"""Until when a payer may pay: what the payer is told, held against the gateway's page and the plugin's own word."""

import re
from datetime import timedelta
from typing import Final

import httpx

from nagorik import NagorikError, PaymentStarted, PaymentState
from nagorik.manifest import AnyOffer
from nagorik_testing.contract.calls import query_payment
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.payment_reports import begin_payment
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.simulator.in_process import SimulatorTransport

SHORTLY: Final = timedelta(minutes=1)
"""Before the time until which the payer was told to pay, the page is looked at once more."""
_OPEN: Final = frozenset({PaymentState.PENDING, PaymentState.UNKNOWN})
_STATE: Final = re.compile(r'<main[^>]* data-state="([a-z]+)"')
"""On a page of ``render_payment_page``."""


@check("payment/payable-until")
async def _payable_until(subject: Subject, offer: AnyOffer) -> list[str]:
    wrong: list[str] = []
    told = False
    for outcome in subject.simulator.outcomes:
        async with open_rig(subject, offer.id) as rig:
            started = await begin_payment(rig, outcome)
            if not isinstance(started, PaymentStarted) or started.expires_at is None:
                continue
            told = True
            if started.expires_at <= rig.clock.now():
                wrong.append(f"outcome {outcome}: the payer is told a time to pay until that is over already")
                continue
            rig.advance(max(timedelta(0), started.expires_at - SHORTLY - rig.clock.now()))
            if rig.clock.now() >= started.expires_at:
                continue  # it was closed meanwhile
            wrong += [f"outcome {outcome}: {text}" for text in await _not_payable(rig, started)]
    if not told:
        raise NotConcerned("no payer is told a time to pay until")
    return wrong


async def _not_payable(rig: Rig, started: PaymentStarted) -> list[str]:
    """What is wrong with a payment shortly before the time until which its payer was told to pay."""
    try:
        state = (await query_payment(rig)).state
    except NagorikError:
        return []  # what becomes of a question is for other checks
    if state is PaymentState.EXPIRED:
        return ["the payment is told as expired before the time until which its payer was told to pay"]
    if state in _OPEN and started.pay_at is not None and await _page_state(rig, started.pay_at) == "expired":
        return ["the payer is told a later time to pay until than the gateway's page takes money"]
    return []


async def _page_state(rig: Rig, address: str) -> str | None:
    """What the gateway's page says became of the payment; ``None`` where it is no page of this kit's."""
    async with httpx.AsyncClient(transport=SimulatorTransport(rig.simulator)) as browser:
        page = await browser.get(address)
    found = _STATE.search(page.text)
    return None if found is None else found[1]
