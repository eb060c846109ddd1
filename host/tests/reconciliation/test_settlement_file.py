"""Settlement files as people and spreadsheets make them: read, or named by line and column."""

import contextlib
import csv
import io
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from nagorik import Money, to_bangla_digits
from nagorik.data_files import DataFileInvalid
from nagorik_host.reconciliation.matching import BookEntry
from nagorik_host.reconciliation.settlement_file import LAYOUT_FILE, parse_settlement, read_layouts

(LAYOUT,) = read_layouts(Path(str(files("nagorik_cashdesk"))) / LAYOUT_FILE)
HEADING = "Payment ID,Receipt No,Amount,Refunded,Currency,Taken At,Status"
LINE = "pay-1,CD-1,345.00,,BDT,24/11/2026 11:00:00,PAID"


def read(*lines: str, end: str = "\n", encoding: str = "utf-8") -> list[BookEntry]:
    return parse_settlement(end.join([HEADING, *lines, ""]).encode(encoding), "till.csv", LAYOUT)


def problems(*lines: str) -> list[str]:
    with pytest.raises(DataFileInvalid) as refused:
        read(*lines)
    return [str(problem) for problem in refused.value.problems]


def test_line_is_read():
    (entry,) = read(LINE)
    assert (entry.payment, entry.reference, entry.amount, entry.refunded) == (
        "pay-1",
        "CD-1",
        Money.taka(345),
        Money.taka(0),
    )
    assert (entry.day, entry.line) == (date(2026, 11, 24), 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_mark_and_end_of_line_make_no_difference(end, encoding):
    found = read(LINE, LINE.replace("-1", "-2"), end=end, encoding=encoding)
    assert [entry.payment for entry in found] == ["pay-1", "pay-2"]


def test_bangla_heading_digits_and_separators_are_read():
    heading = "পেমেন্ট আইডি,রসিদ নম্বর,টাকা,ফেরত,মুদ্রা,সময়,অবস্থা"
    line = 'pay-1,CD-1,"৳ ১,২৩,৪৫৬.৫০",৫০,BDT,২৪/১১/২০২৬ ২৩:৫৯:৫৯,PAID'
    found = parse_settlement(f"{heading}\n{line}\n".encode(), "till.csv", LAYOUT)
    (entry,) = found
    assert (entry.amount, entry.refunded) == (Money.taka("123456.50"), Money.taka(50))
    assert entry.day == date(2026, 11, 24)


def test_payment_is_named_by_digits_of_either_language():
    (entry,) = read(LINE.replace("pay-1", "PAY-১"))
    assert entry.payment == "pay-1"


def test_columns_are_found_in_any_order_and_others_are_passed_over():
    found = parse_settlement(
        b"Branch,TAKEN_AT,status,currency,amount,refunded,receipt no,payment id\n"
        b"Mirpur,2026-11-24 00:30:00,paid,BDT,1,,CD-1,PAY-1\n",
        "till.csv",
        LAYOUT,
    )
    (entry,) = found
    assert (entry.payment, entry.amount) == ("pay-1", Money.taka(1))


def test_time_with_an_offset_counts_on_the_date_in_dhaka():
    (entry,) = read(LINE.replace("24/11/2026 11:00:00", "2026-11-24T18:00:00+00:00"))
    assert entry.day == date(2026, 11, 25)


@pytest.mark.parametrize("status", ["OPEN", "Cancelled", " EXPIRED "])
def test_word_that_says_so_makes_a_line_not_taken(status):
    assert read(LINE.replace("PAID", status)) == []


@pytest.mark.parametrize(
    ("status", "written", "refunded"),
    [
        ("REFUNDED", "", Money.taka(345)),
        ("REFUNDED", "0.00", Money.taka(345)),
        ("REFUNDED", "100", Money.taka(100)),
        ("PAID", "", Money.taka(0)),
        ("PAID", "0.00", Money.taka(0)),
        ("PAID", "345", Money.taka(345)),
    ],
)
def test_what_was_given_back_is_read_from_the_sum_or_else_from_the_word(status, written, refunded):
    (entry,) = read(LINE.replace(",,", f",{written},").replace("PAID", status))
    assert entry.refunded == refunded


@pytest.mark.parametrize("heading", ["Refund", "Returned"])
def test_file_whose_refunds_stand_under_another_heading_is_refused(heading):
    content = f"{HEADING.replace('Refunded', heading)}\n{LINE.replace(',,', ',345.00,')}\n"
    with pytest.raises(DataFileInvalid, match="no column is headed Refunded or ফেরত"):
        parse_settlement(content.encode(), "till.csv", LAYOUT)


def test_layout_without_words_for_refunds_says_nothing_of_them_without_a_sum():
    silent = LAYOUT.model_copy(update={"refunded": ()})
    (entry,) = parse_settlement(f"{HEADING}\n{LINE}\n".encode(), "till.csv", silent)
    assert entry.refunded is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (LINE.replace("345.00", "345.005"), "amount: no amount"),
        (LINE.replace("345.00", "-345.00"), "amount: no amount"),
        (LINE.replace("345.00", ""), "amount: no amount"),
        (LINE.replace(",,", ",x,"), "refunded: no amount"),
        (LINE.replace("BDT", "EUR"), "currency: "),
        (LINE.replace("24/11", "31/02"), "taken_at: "),
        (LINE.replace("24/11/2026 11:00:00", "0001-01-01T00:00:00+1400"), "taken_at: "),
        (LINE.replace("24/11/2026 11:00:00", "9999-12-31T23:59:59-1200"), "taken_at: "),
        (LINE.replace("PAID", "PAYED"), "status: a word that the layout does not know"),
        (LINE.replace("PAID", ""), "status: a word"),
        (LINE.replace("CD-1", " "), "reference: empty"),
        (LINE.replace("345.00", "1,345.00"), "more or fewer cells"),
        ("pay-1", "more or fewer cells"),
        (LINE.replace("CD-1", '"CD-1'), "the quotation marks do not match"),
        (LINE.replace("CD-1", '"CD"-1'), "the quotation marks do not match"),
    ],
)
def test_line_that_cannot_be_read_is_named_and_none_of_its_cells(line, problem):
    before, after = (LINE.replace("-1", f"-{n}") for n in (8, 9))
    (found,) = problems(before, line, after)
    assert found.startswith(f"line 3: {problem}")
    assert not any(cell in found for cell in ("CD-1", "pay-1", "345", "PAYED"))


def test_quoted_cell_that_spans_lines_is_named_and_takes_no_payment():
    opened, closed = LINE.replace("PAID", '"PAID'), LINE.replace("-1", "-2") + '"'
    found = problems(opened, closed, LINE.replace("-1", "-3"))
    assert [one.partition(":")[0] for one in found] == ["line 2", "line 3"]


def test_of_many_lines_that_cannot_be_read_the_first_are_named():
    found = problems(*["x"] * 1000)
    assert (len(found), found[-1].partition(":")[0]) == (20, "line 21")


def test_empty_lines_are_no_lines():
    (entry,) = read("", LINE, ",,,,,,", "")
    assert entry.line == 3


def test_heading_alone_is_a_file_without_payments():
    assert read() == []


@pytest.mark.parametrize("content", [b"", b"\n\r\n ,, \n", b"\xef\xbb\xbf"])
def test_empty_file_is_no_settlement_file(content):
    with pytest.raises(DataFileInvalid, match="it is empty"):
        parse_settlement(content, "till.csv", LAYOUT)


def test_another_gateways_file_is_refused_with_the_columns_that_it_lacks():
    with pytest.raises(DataFileInvalid) as refused:
        parse_settlement(b"trxID,Amount,Currency,transactionStatus\nABC,1,BDT,Completed\n", "bkash.csv", LAYOUT)
    said = str(refused.value)
    for heading in ("Payment ID", "Receipt No", "Taken At", "Status"):
        assert f"no column is headed {heading}" in said
    assert "headed Amount" not in said


def test_column_that_stands_twice_is_refused():
    with pytest.raises(DataFileInvalid, match="more than one column is headed Amount"):
        parse_settlement(f"{HEADING},amount\n{LINE},1\n".encode(), "till.csv", LAYOUT)


def test_file_of_another_encoding_is_refused():
    content = f"{HEADING}\n{LINE}\n".encode() + b"\xe9t\xe9\n"
    with pytest.raises(DataFileInvalid, match="save the file as UTF-8"):
        parse_settlement(content, "till.csv", LAYOUT)


WRONG_LAYOUT = """\
[[layouts]]
gateway = "a.b"
times = ["%Y-%m-%d"]
source = { title = "T", verified = false }
[layouts.columns]
reference = ["R"]
amount = ["A"]
taken_at = ["T"]
"""


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ("layouts = []", "layouts"),
        (f'{WRONG_LAYOUT}other = ["S"]\n', "other"),
    ],
)
def test_layout_that_is_wrong_is_refused_with_what_is_wrong(tmp_path, layout, said):
    file = tmp_path / LAYOUT_FILE
    file.write_text(layout, "utf-8")
    with pytest.raises(DataFileInvalid, match=said):
        read_layouts(file)


rows = st.lists(
    st.tuples(
        st.from_regex(r"[a-f0-9-]{1,36}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20),
        st.integers(0, 10**12),
    ),
    max_size=8,
)


@given(rows=rows, bangla=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_a_spreadsheet_writes_is_read_as_it_was(rows, bangla, end):
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=end)
    writer.writerow(HEADING.split(","))
    for payment, reference, poisha in rows:
        amount = Money(poisha=poisha).plain()
        shown = to_bangla_digits(amount) if bangla else amount
        writer.writerow([payment, reference, shown, "", "BDT", "24/11/2026 11:00", "PAID"])
    found = parse_settlement(written.getvalue().encode("utf-8-sig"), "till.csv", LAYOUT)
    assert [(one.payment, one.reference, one.amount.poisha) for one in found] == rows


@given(lines=st.lists(st.text(max_size=60), max_size=8))
def test_file_of_anything_is_read_or_refused(lines):
    text = "\n".join([HEADING, *lines])
    with contextlib.suppress(DataFileInvalid):
        found = parse_settlement(text.encode("utf-8", "replace"), "till.csv", LAYOUT)
        assert len(found) <= len(text.splitlines())
