"""The invented office's figures and words, each at the day or the word where it begins to count."""

from datetime import date

import pytest

from nagorik import ApplicationState as S
from nagorik_licensing.data import FEES, STATUSES
from nagorik_toolkit import read_rules
from nagorik_toolkit.fees import NoTariff

FIRST_DAY = date(2020, 1, 1)


def test_both_fees_begin_on_the_first_day() -> None:
    filing, licence = (FEES.price(FIRST_DAY, stage=stage) for stage in ("application", "licence"))
    assert [(line.code, line.amount.plain()) for line in filing.lines] == [("filing", "100.00")]
    assert [(line.code, line.amount.plain()) for line in licence.lines] == [("licence", "1200.00")]
    assert (filing.tariff.id, licence.tariff.id) == ("example", "example")
    with pytest.raises(NoTariff):
        FEES.price(date(2019, 12, 31))


def test_the_office_asks_for_18_years() -> None:
    assert read_rules("nagorik_licensing").on(FIRST_DAY)["adult"].as_int == 18


@pytest.mark.parametrize(
    ("word", "state", "paid", "final"),
    [
        ("আবেদন ফি বকেয়া", S.SUBMITTED, False, False),
        ("পরিদর্শনের অপেক্ষায়", S.IN_REVIEW, True, False),
        ("লাইসেন্স ফি বকেয়া", S.APPROVED, None, False),
        ("লাইসেন্স প্রস্তুত", S.ISSUED, True, True),
        ("নামঞ্জুর", S.REJECTED, True, True),
    ],
)
def test_each_word_says_whether_it_is_paid_and_final(word: str, state: S, paid: bool | None, final: bool) -> None:
    status = STATUSES.status(word)
    assert (status.state, status.payment_confirmed, status.final) == (state, paid, final)
