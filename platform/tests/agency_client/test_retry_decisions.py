"""Laws of the retry table that hold for every history, not only for the rows that a test writes out."""

from hypothesis import given, strategies as st

from nagorik.operations import Idempotency
from nagorik_platform.agency_client.retry_table import (
    ABOUT_THE_APPLICATION,
    MAYBE_PROCESSED,
    NOT_SENT,
    UNANSWERED,
    VIOLATIONS,
    Failure,
    RetryDecision,
    decide,
    decide_at_end,
)

kinds = st.sampled_from(Idempotency)
failures = st.sampled_from(Failure)
ONCE = {Idempotency.CLIENT_REFERENCE, Idempotency.NONE}


def test_only_what_happens_before_a_connection_stands_proves_that_nothing_was_sent():
    connecting = {"name-not-found", "name-lookup-failed", "connection-refused", "network-unreachable"}
    connecting |= {"no-free-socket", "client-certificate-refused", "tls-failed", "connect-failed"}
    certificate = {"expired", "not-yet-valid", "issuer-unknown", "wrong-host", "refused"}
    assert {f.value for f in NOT_SENT} == connecting | {"connect-timeout", "pool-timeout"} | {
        f"certificate-{one}" for one in certificate
    }
    assert not NOT_SENT & MAYBE_PROCESSED
    assert not UNANSWERED & VIOLATIONS


@given(kinds, failures, st.booleans(), st.booleans())
def test_decision_follows_from_what_may_have_been_processed(kind, failure, in_doubt, refreshed):
    decision = decide(kind, failure, in_doubt=in_doubt, refreshed=refreshed)
    end = decide_at_end(kind, failure, in_doubt=in_doubt)
    is_again = decision in {RetryDecision.AGAIN, RetryDecision.FRESH_TOKEN}
    may_be_processed = failure in MAYBE_PROCESSED or (in_doubt and failure not in ABOUT_THE_APPLICATION)
    if kind is Idempotency.SAFE or not may_be_processed:
        assert decision is not RetryDecision.UNKNOWN
        assert end is RetryDecision.FAIL
    else:
        assert decision is not RetryDecision.FAIL
        assert end is RetryDecision.UNKNOWN
    if kind in ONCE and failure in MAYBE_PROCESSED:
        assert not is_again
    if failure in {Failure.UNEXPECTED, Failure.STATUS, Failure.CONTENT}:
        assert not is_again
    if refreshed:
        assert decision is not RetryDecision.FRESH_TOKEN
