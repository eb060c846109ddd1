"""When to try and ask again: within bounds, jittered, and the same for the same row."""

from datetime import timedelta

import pytest
from hypothesis import given, strategies as st

from nagorik.errors import (
    AgencyClosed,
    AgencyUnavailable,
    CredentialProblem,
    CredentialsRejected,
    PluginFault,
    RateLimited,
)
from nagorik_platform.lifecycle.attempts.retry import (
    FIRST_RETRY,
    LONGEST_RETRY,
    LONGEST_WAIT,
    OPERATOR_RETRY,
    retry_at,
)

from .factories import NOON

NAMES = st.text(max_size=20)
COUNTS = st.integers(0, 10_000)


def _seconds(instant) -> float:
    return (instant - NOON).total_seconds()


@given(name=NAMES, failures=COUNTS)
def test_retry_stays_within_its_bounds_and_is_the_same_for_the_same_row(name, failures):
    wait = _seconds(retry_at(name, None, failures, NOON))
    assert FIRST_RETRY / 2 <= wait <= LONGEST_RETRY
    assert wait == _seconds(retry_at(name, None, failures, NOON))


@given(name=NAMES, failures=COUNTS, seconds=st.floats(0, LONGEST_WAIT))
@pytest.mark.parametrize("kind", [AgencyUnavailable, RateLimited])
def test_retry_after_is_a_floor(kind, name, failures, seconds):
    wait = retry_at(name, kind(retry_after=seconds), failures, NOON)
    assert wait - NOON >= timedelta(seconds=seconds)


@given(name=NAMES, failures=COUNTS, hours=st.integers(-24, 24))
def test_nothing_is_tried_before_the_agency_opens(name, failures, hours):
    until = NOON + timedelta(hours=hours)
    again = retry_at(name, AgencyClosed(until=until), failures, NOON)
    backoff = timedelta(seconds=min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 12)))
    assert max(until, NOON + backoff / 2) <= again <= max(until, NOON + backoff) + timedelta(seconds=FIRST_RETRY)


@given(name=NAMES, failures=COUNTS)
def test_what_only_somebodys_work_can_mend_is_tried_seldom(name, failures):
    for error in (CredentialsRejected(CredentialProblem.NOT_PERMITTED), PluginFault("raised", plugin="nid")):
        assert _seconds(retry_at(name, error, failures, NOON)) >= OPERATOR_RETRY / 2


def test_a_thousand_applications_do_not_call_in_the_same_second():
    seconds = {int(_seconds(retry_at(f"application-{number}", None, 9, NOON))) for number in range(1000)}
    assert len(seconds) > 400
