"""What a campaign says of money: a payment that was taken twice, and what the platform knows of it."""

from datetime import UTC, datetime

import pytest

from nagorik import Money, PaymentState
from nagorik_platform.lifecycle import Payment
from nagorik_testing.campaign.comparison import _captures
from nagorik_testing.simulator.ledger import Effect

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)


def captured(*amounts: str) -> list[tuple[str, Effect]]:
    return [
        ("till", Effect(kind="capture", reference=f"G-{number}", at=NOW, amount=amount))
        for number, amount in enumerate(amounts)
    ]


@pytest.mark.parametrize(
    ("taken", "amounts", "counted"),
    [
        (None, (), 0),
        (None, ("345.00",), 1),
        (None, ("345.00", "345.00"), 2),
        ("345.00", ("345.00", "345.00"), 2),
        ("690.00", ("345.00", "345.00"), 1),
    ],
)
def test_payer_who_paid_twice_is_no_finding_once_the_whole_sum_is_known(taken, amounts, counted):
    payment = Payment(
        id="p-1",
        quote="q-1",
        stage="application",
        gateway="till.counter",
        amount=Money.taka(345),
        taken=None if taken is None else Money.taka(taken),
        state=PaymentState.UNDER_INVESTIGATION,
        opened_at=NOW,
    )
    assert _captures(payment, captured(*amounts)) == counted
