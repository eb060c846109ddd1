"""When to try and ask again: within bounds, jittered, and the same for the same row."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from nagorik.errors import (
    AgencyClosed,
    AgencyUnavailable,
    CredentialProblem,
    CredentialsRejected,
    PluginFault,
    RateLimited,
    ServiceNotOffered,
)
from nagorik_platform.lifecycle.attempts.retry import (
    FIRST_RETRY,
    LONGEST_CLOSURE,
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


@given(name=NAMES, failures=COUNTS)
@pytest.mark.parametrize(
    ("error", "longest"),
    [
        (AgencyClosed(until=datetime.max.replace(tzinfo=UTC)), LONGEST_CLOSURE),
        (AgencyUnavailable(retry_after=1e300), timedelta(seconds=LONGEST_WAIT)),
        (RateLimited(retry_after=10**20), timedelta(seconds=LONGEST_WAIT)),
    ],
)
def test_no_agency_puts_itself_off_for_ever(error, longest, name, failures):
    again = retry_at(name, error, failures, NOON)
    assert longest <= again - NOON <= longest + timedelta(seconds=FIRST_RETRY)


@given(name=NAMES, failures=COUNTS, hours=st.integers(-24, 24))
def test_nothing_is_tried_before_the_agency_opens(name, failures, hours):
    until = NOON + timedelta(hours=hours)
    again = retry_at(name, AgencyClosed(until=until), failures, NOON)
    backoff = timedelta(seconds=min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(failures, 12)))
    assert max(until, NOON + backoff / 2) <= again <= max(until, NOON + backoff) + timedelta(seconds=FIRST_RETRY)


@pytest.mark.parametrize("ahead", [-3600, 0, 1])
def test_an_agency_that_is_always_about_to_open_is_asked_ever_more_slowly(ahead):
    now, asked = NOON, 0
    while now < NOON + timedelta(days=1):
        now = retry_at("one", AgencyClosed(until=now + timedelta(seconds=ahead)), asked, now)
        asked += 1
    assert asked < 60


@given(name=NAMES, failures=COUNTS)
def test_what_only_somebodys_work_can_mend_is_tried_seldom(name, failures):
    for error in (CredentialsRejected(CredentialProblem.NOT_PERMITTED), PluginFault("raised", plugin="nid")):
        assert _seconds(retry_at(name, error, failures, NOON)) >= OPERATOR_RETRY / 2


@given(name=NAMES)
def test_credentials_that_are_good_again_are_not_waited_for_by_each_application(name):
    # The agency's queue is held up while they are refused; this is for those who were under way.
    for kind in set(CredentialProblem) - {CredentialProblem.NOT_PERMITTED}:
        assert _seconds(retry_at(name, CredentialsRejected(kind), 0, NOON)) <= FIRST_RETRY


def test_a_thousand_applications_do_not_call_in_the_same_second():
    seconds = {int(_seconds(retry_at(f"application-{number}", None, 9, NOON))) for number in range(1000)}
    assert len(seconds) > 400


@given(name=NAMES)
def test_plugin_that_comes_back_by_itself_is_not_waited_for_as_an_operator_is(name):
    wait = _seconds(retry_at(name, ServiceNotOffered("too-many-faults"), 0, NOON))
    assert FIRST_RETRY / 2 <= wait <= FIRST_RETRY
    for because in ("import-failed", "unknown-service"):
        assert _seconds(retry_at(name, ServiceNotOffered(because), 0, NOON)) >= OPERATOR_RETRY / 2
