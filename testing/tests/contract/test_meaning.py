"""What two results of one call are compared by."""

import pytest

from nagorik import PaymentReport, PaymentStarted, PaymentState
from nagorik_testing.contract.matrix_judging import _meaning


def begun(page: str) -> object:
    return _meaning(PaymentStarted(reference="1", pay_at=page))


def test_the_port_of_this_machine_says_nothing() -> None:
    assert begun("http://127.0.0.1:4711/pay?hash=a") == begun("http://127.0.0.1:815/pay?hash=a")


@pytest.mark.parametrize(
    "page",
    ["http://127.0.0.1:4711/pay?hash=b", "http://127.0.0.1:4711/other?hash=a", "https://pay.example:1/pay?hash=a"],
)
def test_everything_else_of_an_address_does(page: str) -> None:
    assert begun(page) != begun("http://127.0.0.1:4711/pay?hash=a")


def test_the_agencys_own_word_may_change() -> None:
    one, other = (PaymentReport(state=PaymentState.PENDING, raw=raw) for raw in ("OPEN", "open"))
    assert _meaning(one) == _meaning(other)
