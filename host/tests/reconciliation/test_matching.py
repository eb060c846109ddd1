"""A day's payments against a gateway's books: each difference by its name, and nothing left over."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from nagorik import Money, PaymentState as P
from nagorik_host.reconciliation.matching import (
    BookComparison,
    BookEntry,
    DifferenceKind as Kind,
    OurPayment,
    PaymentDifference,
    compare,
)
from nagorik_platform.lifecycle.tables import MONEY_ASKED_ABOUT, MONEY_FOR_A_PERSON, MONEY_NOT_TAKEN, MONEY_TAKEN

GATEWAY = "cashdesk.counter"
DAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 5, tzinfo=UTC)
"""11:00 in Dhaka."""
TAKA = Money.taka(345)


def ours(number: int = 1, state: P = P.CONFIRMED, **changes) -> OurPayment:
    given = {
        "id": f"pay-{number}",
        "application": f"application-{number}",
        "gateway": GATEWAY,
        "state": state,
        "amount": TAKA,
        "captured_at": None if state in MONEY_ASKED_ABOUT | MONEY_NOT_TAKEN else AT,
        "reference": f"CD-{number}",
    }
    return OurPayment(**given | changes)


def theirs(number: int = 1, **changes) -> BookEntry:
    given = {"reference": f"CD-{number}", "payment": f"pay-{number}", "amount": TAKA, "day": DAY, "line": number + 1}
    return BookEntry(**given | changes)


def compared(mine: list[OurPayment], books: list[BookEntry], **changes) -> BookComparison:
    return compare(mine, books, **{"gateway": GATEWAY, "day": DAY} | changes)


def kinds(found: BookComparison) -> list[Kind]:
    return [one.kind for one in found.differences]


@pytest.mark.parametrize("state", sorted(MONEY_TAKEN))
def test_payment_that_both_have_for_taken_agrees(state):
    found = compared([ours(state=state)], [theirs()])
    assert (found.agreed, found.agreeing, found.differences) == (frozenset({"pay-1"}), 1, ())


@pytest.mark.parametrize("state", sorted(MONEY_NOT_TAKEN))
def test_payment_of_which_a_person_found_that_none_was_taken_is_not_missed_there(state):
    found = compared([ours(state=state, captured_at=AT)], [])
    assert found.differences == ()
    assert kinds(compared([ours(state=state, captured_at=AT)], [theirs()])) == [Kind.CAPTURED_THERE]


def test_entry_without_our_id_is_found_by_the_gateways_own_number():
    assert not kinds(compared([ours()], [theirs(payment=None)]))


@pytest.mark.parametrize(("here", "there"), [("CD-10", "CD-১০"), ("CD-১০", "CD-10"), ("CD-১০", "CD-১0")])
def test_number_is_the_same_in_the_digits_of_either_language(here, there):
    mine, entry = ours(reference=here), theirs(payment=None, reference=there)
    assert not kinds(compared([mine], [entry]))
    assert not kinds(compared([mine], [], elsewhere={there}))
    assert kinds(compared([mine], [entry, replace(entry, reference=here)])) == [Kind.LISTED_TWICE]
    twice = theirs(reference="CD-11")
    (found,) = compared([mine], [twice, replace(entry, payment="pay-1")]).differences
    assert found.theirs == twice
    unknown = PaymentDifference(Kind.MISSING_HERE, None, entry)
    assert unknown.subject == replace(unknown, theirs=replace(entry, reference=here)).subject


def test_entry_with_the_id_of_a_payment_that_is_none_of_ours_is_not_found_by_its_number():
    assert kinds(compared([ours()], [theirs(payment="pay-of-another-host")])) == [
        Kind.MISSING_HERE,
        Kind.MISSING_THERE,
    ]


def test_payment_of_another_gateway_is_none_of_this_ones():
    assert kinds(compared([ours(gateway="bkash.checkout")], [theirs()])) == [Kind.MISSING_HERE]


@pytest.mark.parametrize("state", sorted(MONEY_ASKED_ABOUT | MONEY_NOT_TAKEN))
def test_money_taken_there_and_not_known_here_is_found(state):
    found = compared([ours(state=state)], [theirs()])
    assert kinds(found) == [Kind.CAPTURED_THERE]
    assert not found.agreed


@pytest.mark.parametrize("state", sorted(MONEY_FOR_A_PERSON))
def test_what_an_officer_has_already_is_no_second_finding(state):
    found = compared([ours(state=state)], [theirs(amount=Money.taka(1)), theirs(reference="CD-other")])
    assert (found.with_officer, found.differences) == (2, ())


def test_another_amount_is_found_to_the_poisha():
    assert kinds(compared([ours()], [theirs(amount=Money(poisha=TAKA.poisha + 1))])) == [Kind.OTHER_AMOUNT]
    assert not kinds(compared([ours(amount=Money.taka("345.50"))], [theirs(amount=Money(poisha=34_550))]))


def test_the_same_number_of_another_currency_is_found():
    assert kinds(compared([ours()], [theirs(amount=Money.of(345, "USD"))])) == [Kind.OTHER_AMOUNT]
    assert kinds(compared([ours(state=P.REFUNDED)], [theirs(refunded=Money.of(345, "USD"))])) == [Kind.OTHER_AMOUNT]


@pytest.mark.parametrize("state", sorted({*MONEY_TAKEN, P.REFUND_FAILED, P.REFUND_MANUAL, P.EXPIRED}))
@pytest.mark.parametrize("back", [TAKA, Money.taka(1), Money(poisha=TAKA.poisha + 1)])
def test_money_given_back_there_and_not_here_is_found(state, back):
    found = compared([ours(state=state)], [theirs(refunded=back)])
    assert kinds(found) == [Kind.REFUNDED_THERE]
    assert not found.agreed


@pytest.mark.parametrize("state", [P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUNDED])
def test_money_given_back_on_both_sides_agrees(state):
    assert not kinds(compared([ours(state=state)], [theirs(refunded=TAKA)]))


@pytest.mark.parametrize("state", [P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUNDED])
@pytest.mark.parametrize("back", [Money.taka(1), Money(poisha=TAKA.poisha + 1)])
def test_refund_of_more_or_less_is_another_amount_than_a_refund(state, back):
    assert kinds(compared([ours(state=state)], [theirs(refunded=back)])) == [Kind.OTHER_AMOUNT]


def test_refund_here_that_the_books_deny_is_found():
    nothing = theirs(refunded=Money.taka(0))
    assert kinds(compared([ours(state=P.REFUNDED)], [nothing])) == [Kind.REFUNDED_HERE]
    assert not kinds(compared([ours(state=P.REFUNDED)], [theirs()]))
    for state in (P.REFUND_REQUESTED, P.REFUND_PENDING, P.REFUND_MANUAL):
        assert not kinds(compared([ours(state=state)], [nothing]))


def test_more_given_back_than_taken_is_found_of_a_second_attempt():
    beyond = theirs(reference="CD-1-second", refunded=Money.taka(99_999))
    for books in ([theirs(), beyond], [beyond, theirs()]):
        (found,) = compared([ours()], books).differences
        assert (found.kind, found.theirs) == (Kind.TAKEN_TWICE, beyond)


def test_refund_of_nothing_is_none():
    assert not kinds(compared([ours()], [theirs(refunded=Money.taka(0))]))


def test_number_that_stands_twice_is_found_once_for_each_time_too_many():
    found = compared([ours()], [theirs(), theirs(line=9), theirs(line=12)])
    assert kinds(found) == [Kind.LISTED_TWICE, Kind.LISTED_TWICE]
    assert [one.theirs.line for one in found.differences if one.theirs] == [9, 12]


def test_two_attempts_of_one_payment_that_were_both_taken_are_money_taken_twice():
    second = theirs(reference="CD-1-second")
    for books in ([theirs(), second], [second, theirs()]):
        (found,) = compared([ours()], books).differences
        assert (found.kind, found.theirs) == (Kind.TAKEN_TWICE, second)


def test_attempt_that_was_given_back_is_not_taken_twice():
    assert not kinds(compared([ours()], [theirs(), theirs(reference="CD-1-second", refunded=TAKA)]))


def test_two_attempts_of_a_payment_that_is_not_known_to_be_taken():
    found = compared([ours(state=P.UNKNOWN, reference=None)], [theirs(), theirs(reference="CD-1-second")])
    assert sorted(kinds(found)) == [Kind.CAPTURED_THERE, Kind.TAKEN_TWICE]


def test_payment_that_the_books_lack_is_found_on_its_own_day_alone():
    before_midnight = datetime(2026, 11, 24, 17, 59, 59, tzinfo=UTC)
    for at, missing in ((before_midnight, True), (before_midnight + timedelta(seconds=1), False)):
        found = compared([ours(captured_at=at)], [])
        assert kinds(found) == [Kind.MISSING_THERE] * missing


def test_payment_that_the_books_have_elsewhere_is_not_missing():
    assert not kinds(compared([ours()], [], elsewhere={"pay-1"}))
    assert not kinds(compared([ours()], [], elsewhere={"CD-1"}))


def test_difference_is_the_same_from_either_of_the_books_and_another_with_other_figures():
    one = PaymentDifference(Kind.OTHER_AMOUNT, ours(), theirs())
    assert one.subject == replace(one, theirs=theirs(reference="as the file writes it", line=None)).subject
    assert one.subject != replace(one, theirs=theirs(amount=Money.taka(1))).subject
    assert one.subject != replace(one, kind=Kind.CAPTURED_THERE).subject
    unknown = PaymentDifference(Kind.MISSING_HERE, None, theirs())
    assert unknown.subject != replace(unknown, theirs=theirs(2)).subject


def test_nothing_shown_of_a_payment_is_the_gateways_number():
    assert "CD-1" not in repr([ours(), theirs(), PaymentDifference(Kind.OTHER_AMOUNT, ours(), theirs())])


amounts = st.integers(1, 10**7).map(lambda poisha: Money(poisha=poisha))
days = st.dictionaries(st.integers(1, 400), amounts, max_size=12)


def books_of(day: dict[int, Money]) -> tuple[list[OurPayment], list[BookEntry]]:
    return [ours(n, amount=m) for n, m in day.items()], [theirs(n, amount=m) for n, m in day.items()]


@given(day=days, shuffled=st.randoms(use_true_random=False))
def test_books_that_say_the_same_in_any_order_agree(day, shuffled):
    mine, books = books_of(day)
    shuffled.shuffle(mine)
    shuffled.shuffle(books)
    found = compared(mine, books)
    assert (found.differences, found.agreeing) == ((), len(day))


@given(day=days.filter(bool), data=st.data())
def test_one_difference_is_found_as_what_it_is_and_nothing_else_is(day, data):
    mine, books = books_of(day)
    at = data.draw(st.integers(0, len(day) - 1))
    kind = data.draw(st.sampled_from(sorted(Kind)))
    payment, entry = mine[at], books[at]
    match kind:
        case Kind.MISSING_HERE:
            del mine[at]
        case Kind.MISSING_THERE:
            del books[at]
        case Kind.OTHER_AMOUNT:
            books[at] = replace(entry, amount=Money(poisha=entry.amount.poisha + data.draw(st.integers(1, 500))))
        case Kind.CAPTURED_THERE:
            state = data.draw(st.sampled_from(sorted(MONEY_ASKED_ABOUT | MONEY_NOT_TAKEN)))
            mine[at] = replace(payment, state=state, captured_at=None)
        case Kind.REFUNDED_THERE | Kind.REFUNDED_HERE:
            least, most = (1, entry.amount.poisha + 500) if kind is Kind.REFUNDED_THERE else (0, 0)
            books[at] = replace(entry, refunded=Money(poisha=data.draw(st.integers(least, most))))
            mine[at] = replace(payment, state=P.REFUNDED if kind is Kind.REFUNDED_HERE else payment.state)
        case Kind.TAKEN_TWICE:
            books.insert(data.draw(st.integers(0, len(books))), replace(entry, reference="another attempt"))
        case Kind.LISTED_TWICE:
            books.insert(data.draw(st.integers(0, len(books))), replace(entry))
    found = compared(mine, books)
    assert kinds(found) == [kind]
    (one,) = found.differences
    assert one.ours is None or one.ours.id == payment.id
    assert one.theirs is None or one.theirs.payment == payment.id


references = st.sampled_from([f"CD-{n}" for n in range(4)])
loose_entries = st.builds(
    BookEntry,
    reference=references,
    payment=st.none() | st.sampled_from([f"pay-{n}" for n in range(4)]),
    amount=st.sampled_from([TAKA, Money.taka(1), Money.of(345, "USD")]),
    refunded=st.none() | st.sampled_from([TAKA, Money.taka(1), Money.taka(0), Money.taka(99_999)]),
    day=st.sampled_from([DAY, DAY - timedelta(days=1)]),
)
loose_payments = st.dictionaries(st.integers(0, 3), st.sampled_from(sorted(P)), max_size=4).map(
    lambda states: [ours(n, state) for n, state in states.items()]
)


@given(mine=loose_payments, books=st.lists(loose_entries, max_size=10))
def test_every_entry_and_every_payment_is_accounted_for_once(mine, books):
    found = compared(mine, books)
    differing = [one for one in found.differences if one.theirs is not None]
    assert found.agreeing + found.with_officer + len(differing) == found.entries == len(books)
    missing = {one.ours.id for one in found.differences if one.theirs is None and one.ours}
    named = {one.ours.id for one in differing if one.ours}
    assert not missing & (named | found.agreed)
    assert not named & found.agreed
    for payment in mine:
        if payment.captured_at is not None and payment.state not in MONEY_FOR_A_PERSON:
            assert payment.id in missing | named | found.agreed
