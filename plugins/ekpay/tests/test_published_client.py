"""A published client of ekPay before the simulator, unchanged but for the address.

No client of ekPay is on PyPI or npm, so that none comes with the tests' requirements. ``NAGORIK_EKPAY_CLIENT`` names
a folder with the files of Packagist's ``sayeed/payment-by-ekpay``; ``NAGORIK_PHP`` is how a PHP with curl is started,
by default ``php``.
"""

import asyncio
import json
import os
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from nagorik_ekpay.simulator import ADDRESS, BASE, MERCHANT_ID, MERCHANT_KEY, EkpaySimulator
from nagorik_testing import serve
from nagorik_testing.simulator.script import EVERYONE

PACKAGE = os.environ.get("NAGORIK_EKPAY_CLIENT", "")
PHP = shlex.split(os.environ.get("NAGORIK_PHP", "php"))

pytestmark = pytest.mark.skipif(
    not PACKAGE or shutil.which(PHP[0]) is None,
    reason="NAGORIK_EKPAY_CLIENT names no sayeed/payment-by-ekpay, or there is no PHP",
)


async def shop(ekpay: EkpaySimulator, act: str, key: str = MERCHANT_KEY) -> Any:
    """What the client makes of a payer who presses ``act``."""
    async with serve(ekpay) as base_url:
        merchant = await asyncio.create_subprocess_exec(
            *PHP,
            str(Path(__file__).with_name("merchant.php")),
            PACKAGE,
            "345.00",
            act,
            env={
                "NOW": str(int(ekpay.clock.now().timestamp())),
                "EKPAY_API_DOMAIN": f"{base_url}{BASE}",
                "EKPAY_MERCHANT_ID": MERCHANT_ID,
                "EKPAY_MERCHANT_PASSWORD": key,
                "EKPAY_WHITELISTED_IP": ADDRESS,
                "EKPAY_SUCCESS_URL": "/paid",
                "EKPAY_FAILED_URL": "/failed",
                "EKPAY_CANCEL_URL": "/cancelled",
                "EKPAY_IPN_EMAIL": "ipn@merchant.example",
            },
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await merchant.communicate()
    return json.loads(told[told.index(b"{") :])  # PHP's own warnings stand before it


@pytest.mark.parametrize(
    ("act", "status", "order"),
    [("pay", "completed", "Complete"), ("fail", "failed", "Failed"), ("cancel", "cancel", "Canceled")],
)
async def test_client_takes_a_payment_to_its_end(act: str, status: str, order: str) -> None:
    ekpay = EkpaySimulator()
    ekpay.script.set(EVERYONE, "never")
    told = await shop(ekpay, act)
    assert (told["page"], told["back"], told["says"]["status"]) == (200, 303, status)
    assert told["order"]["status"] == order
    captured = [effect.client_reference for effect in ekpay.ledger.effects("capture")]
    assert captured == ([told["order"]["transaction_id"]] if act == "pay" else [])


async def test_client_is_told_no_with_200() -> None:
    told = await shop(EkpaySimulator(), "pay", key="another")
    assert set(told["refused"]) == {"responseCode", "responseMessage"}
