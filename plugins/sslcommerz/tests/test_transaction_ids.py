"""The platform's ids of payments as ``tran_id``, and back."""

from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from nagorik_sslcommerz.transaction_ids import to_payment, to_refund_trans_id, to_tran_id

SHORT = st.from_regex(r"[A-Za-z0-9._-]{1,25}", fullmatch=True)


@given(st.uuids().map(str) | SHORT)
def test_every_id_comes_back_as_it_was(payment: str) -> None:
    tran_id = to_tran_id(payment)
    assert len(tran_id) <= 30
    assert tran_id.isascii()
    assert to_payment(tran_id) == payment


@given(st.lists(st.uuids().map(str) | SHORT, min_size=2, max_size=20, unique=True))
def test_no_two_payments_share_an_id(payments: list[str]) -> None:
    assert len({to_tran_id(payment) for payment in payments}) == len(payments)


@given(st.uuids().map(str))
def test_refund_has_one_name_of_its_own_within_the_gateways_bounds(payment: str) -> None:
    name = to_refund_trans_id(payment)
    assert name == to_refund_trans_id(payment) != to_tran_id(payment)
    assert len(name) <= 30


def test_id_is_the_base32_of_the_uuid() -> None:
    assert to_tran_id("7d444840-9dc0-11d1-b245-5ffdce74fad2") == "PVCEQQE5YAI5DMSFL76445H22I"
    assert to_tran_id(str(UUID(int=0))) == "A" * 26


@pytest.mark.parametrize(
    "payment", ["", "x" * 26, "a b", "পেমেন্ট", "7D444840-9DC0-11D1-B245-5FFDCE74FAD2", "{7d444840}" * 3]
)
def test_id_that_would_not_come_back_is_not_sent(payment: str) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        to_tran_id(payment)


@pytest.mark.parametrize(
    "tran_id",
    ["", "A" * 25 + "B", "a" * 26, "A" * 27, "1" * 26, "ORDER 1", "PVCEQQE5YAI5DMSFL76445H22J"],
)
def test_another_tran_id_is_nobodys(tran_id: str) -> None:
    with pytest.raises(ValueError, match="no payment"):
        to_payment(tran_id)
