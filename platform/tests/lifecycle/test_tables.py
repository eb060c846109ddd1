"""The tables themselves: closed, reachable, and as strict as the promise."""

import pytest

from nagorik.model.status import ApplicationState as S, PaymentState as P
from nagorik_platform.lifecycle import (
    APPLICATION_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    application_targets,
    is_settled,
    payment_targets,
    route_to_reported_state,
)
from nagorik_platform.lifecycle.tables import ENDED_WITHOUT_RESULT, SAID_BY_AN_AGENCY


def _reachable(start, targets):
    found, edge = {start}, [start]
    while edge:
        new = set(targets(edge.pop())) - found
        found |= new
        edge.extend(new)
    return found


def test_every_state_can_be_reached():
    assert _reachable(S.DRAFT, application_targets) == set(S)
    assert _reachable(P.QUOTED, payment_targets) == set(P)


def test_every_application_can_be_closed_and_every_payment_settled():
    assert all(S.CLOSED in _reachable(state, application_targets) for state in S)
    assert all(any(map(is_settled, _reachable(state, payment_targets))) for state in P)


def test_no_row_is_written_twice():
    for rows in (APPLICATION_TRANSITIONS, PAYMENT_TRANSITIONS):
        pairs = [(row.source, row.target) for row in rows]
        assert len(pairs) == len(set(pairs))


def test_closed_is_left_for_nothing_and_ends_are_left_only_to_close():
    assert application_targets(S.CLOSED) == ()
    for state in ENDED_WITHOUT_RESULT:
        assert application_targets(state) == (S.CLOSED,)


def test_unknown_submission_is_left_only_for_what_was_found_out():
    assert set(application_targets(S.SUBMISSION_UNKNOWN)) == {S.SUBMITTED, S.SUBMITTING, S.MANUAL_REVIEW}


def test_unknown_payment_is_never_a_quoted_one_again():
    assert P.QUOTED not in payment_targets(P.UNKNOWN)


def test_captured_money_is_settled_only_when_held_or_given_back():
    after_capture = _reachable(P.CAPTURED, payment_targets)
    settled = {state for state in after_capture if is_settled(state)} - {P.FAILED}
    assert settled == {P.CONFIRMED, P.REFUNDED, P.REFUND_MANUAL}
    leads_to_failed = {state for state in after_capture if P.FAILED in payment_targets(state)}
    assert leads_to_failed == {P.UNDER_INVESTIGATION}, "only a person finds that there was no money after all"


def test_money_on_its_way_is_never_settled():
    open_states = {state for state in P if not is_settled(state)}
    assert open_states == {
        P.INITIATED,
        P.PENDING,
        P.AUTHORISED,
        P.UNKNOWN,
        P.CAPTURED,
        P.ADVISED,
        P.UNDER_INVESTIGATION,
        P.REFUND_REQUESTED,
        P.REFUND_PENDING,
        P.REFUND_FAILED,
        P.DISPUTED,
    }


@pytest.mark.parametrize("current", S)
@pytest.mark.parametrize("reported", S)
def test_route_to_a_report_is_legal_and_infers_only_what_agencies_do_unseen(current, reported):
    route = route_to_reported_state(current, reported)
    if current is reported:
        assert route == ()
    elif reported not in SAID_BY_AN_AGENCY or current is S.MANUAL_REVIEW:
        assert route is None
    elif route is not None:
        assert route[-1] is reported
        assert set(route[:-1]) <= {S.IN_REVIEW, S.APPROVED, S.ISSUED}
        for source, target in zip((current, *route), route, strict=False):
            assert target in application_targets(source)


@pytest.mark.parametrize(
    ("current", "reported", "route"),
    [
        (S.SUBMITTED, S.ISSUED, (S.APPROVED, S.ISSUED)),
        (S.CORRECTION_REQUESTED, S.APPROVED, (S.IN_REVIEW, S.APPROVED)),
        (S.AWAITING_PAYMENT, S.REJECTED, (S.IN_REVIEW, S.REJECTED)),
        (S.APPROVED, S.IN_REVIEW, None),
        (S.CLOSED, S.REVOKED, None),
        (S.REJECTED, S.CLOSED, None),
    ],
)
def test_routes(current, reported, route):
    assert route_to_reported_state(current, reported) == route
