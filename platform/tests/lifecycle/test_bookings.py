"""An appointment is taken by a worker: intent first, and after a lost answer looked up by the status."""

import pytest

from nagorik.errors import AgencyRejected
from nagorik.model.status import ApplicationState as S, HeldAppointment, Slot, SlotBooking
from nagorik.operations import Idempotency, Operation
from nagorik_platform.lifecycle import CitizenActed, ConsentGranted, Decided, NotPossible

from . import factories
from .driver import Driver

BOOK, STATUS = Operation.BOOK_SLOT, Operation.STATUS
AT = factories.after(86_400)
FIRST = Slot(id="S-1", starts_at=AT, ends_at=AT, place=factories.WORDS, free=2)
SECOND = FIRST.model_copy(update={"id": "S-2", "starts_at": factories.after(90_000)})
WAITS = factories.status(S.AWAITING_APPEARANCE)


def _chosen(kind: Idempotency = Idempotency.CLIENT_REFERENCE, **consented) -> Driver:
    offered = factories.capabilities_of()
    driver = Driver(offered.model_copy(update={"operations": {**offered.operations, BOOK: kind}})).to_submitted()
    driver.take(ConsentGranted(factories.consent(**consented)))
    driver.answer(STATUS, WAITS)
    driver.take(CitizenActed("book", slot=FIRST))
    return driver


@pytest.mark.parametrize("end", [SlotBooking(booked=False), AgencyRejected("full", reason=factories.REASON)])
def test_refusal_goes_back_to_the_citizen_who_chooses_another(end):
    driver = _chosen(Idempotency.NATIVE)
    driver.lose(BOOK)  # twice is once there, so it is sent again
    driver.answer_until(lambda one: one.calls.count(BOOK) == 2, give={STATUS: WAITS, BOOK: end})
    assert (driver.row.booking.state, driver.hold) == ("refused", "appearance-required")
    driver.take(CitizenActed("book", slot=SECOND))
    driver.answer(BOOK, SlotBooking(booked=True, reference="APT-1"))
    booked = driver.row.booking
    assert (booked.slot, booked.state, booked.reference, driver.next.operation) == (SECOND, "booked", "APT-1", STATUS)


@pytest.mark.parametrize("held", [None, FIRST, SECOND])
def test_lost_booking_is_looked_up_by_a_late_enough_status_before_it_is_sent_again(held):
    driver = _chosen()
    chosen = driver.row.booking
    driver.interrupt(BOOK)
    driver.report(WAITS)
    with pytest.raises(NotPossible, match="booking-unknown"):
        driver.take(CitizenActed("book", slot=SECOND))
    shown = held and HeldAppointment(starts_at=held.starts_at)
    driver.answer(STATUS, WAITS.model_copy(update={"appointment": shown}))
    assert driver.row.booking.state == ("booked" if held is FIRST else "wanted")
    assert (driver.row.booking.chosen_at, driver.calls.count(BOOK)) == (chosen.chosen_at, 1)
    assert driver.call() is (STATUS if held is FIRST else BOOK)


def test_where_the_agency_cannot_be_searched_the_status_or_a_person_settles_it():
    driver = _chosen(Idempotency.NONE)
    driver.lose(BOOK)
    driver.answer(STATUS, WAITS)
    assert (driver.row.booking.state, driver.hold) == ("unknown", "no-look-up")
    driver.take(Decided("R. Akter", "asked by telephone: not booked"))
    assert (driver.row.booking, driver.hold, driver.calls.count(BOOK)) == (None, "appearance-required", 1)


def test_nothing_is_booked_without_consent_nor_once_the_agency_has_gone_on():
    driver = _chosen(operations={Operation.SUBMIT})
    assert driver.hold == "consent-scope"
    driver.answer(STATUS, factories.status(S.IN_REVIEW))
    assert (driver.row.booking, driver.hold) == (None, None)
    with pytest.raises(NotPossible, match="no-appointment-to-choose"):
        driver.take(CitizenActed("book", slot=FIRST))
