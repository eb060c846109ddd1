"""Laws of the retry table that hold for every history, not only for the rows that a test writes out."""

from hypothesis import given, strategies as st

from nagorik.operations import Idempotency
from nagorik_platform.agency_client.retry_table import (
    ABOUT_THE_APPLICATION,
    MAYBE_PROCESSED,
    NOT_SENT,
    TABLE,
    UNANSWERED,
    VIOLATIONS,
    Failure,
    History,
    RetryDecision,
    decide,
    decide_at_end,
    record_failure,
)

kinds = st.sampled_from(Idempotency)
failures = st.sampled_from(Failure)
histories = st.builds(History, maybe_processed=st.booleans(), refreshed=st.booleans())
ONCE = {Idempotency.CLIENT_REFERENCE, Idempotency.NONE}


def test_the_table_has_a_verdict_for_every_class_and_failure():
    assert set(TABLE) == {(kind, failure) for kind in Idempotency for failure in Failure}


def test_only_what_happens_before_a_connection_stands_proves_that_nothing_was_sent():
    connecting = {"name-not-found", "name-lookup-failed", "connection-refused", "network-unreachable"}
    connecting |= {
        "no-free-socket",
        "client-certificate-refused",
        "tls-failed",
        "connect-failed",
        "connect-timeout",
        "pool-timeout",
    }
    certificate = {"expired", "not-yet-valid", "issuer-unknown", "wrong-host", "refused"}
    assert {f.value for f in NOT_SENT} == connecting | {f"certificate-{one}" for one in certificate}
    assert not NOT_SENT & MAYBE_PROCESSED
    assert not UNANSWERED & VIOLATIONS


@given(st.sampled_from(sorted(ONCE)), failures, histories)
def test_a_write_without_native_keys_is_sent_again_only_when_it_was_not_processed(kind, failure, history):
    if decide(kind, failure, history) in {RetryDecision.AGAIN, RetryDecision.FRESH_TOKEN}:
        assert failure not in MAYBE_PROCESSED


@given(kinds, failures, histories)
def test_a_read_is_never_unknown(kind, failure, history):
    assert decide(Idempotency.SAFE, failure, history) is not RetryDecision.UNKNOWN
    assert decide_at_end(Idempotency.SAFE, failure, history) is RetryDecision.FAIL


@given(kinds, failures, histories)
def test_a_write_that_may_have_been_processed_never_ends_as_known(kind, failure, history):
    decision = decide(kind, failure, history)
    if kind is Idempotency.SAFE:
        return
    if failure in MAYBE_PROCESSED:
        assert decision is not RetryDecision.FAIL
        assert decide_at_end(kind, failure, history) is RetryDecision.UNKNOWN
    if history.maybe_processed and failure not in ABOUT_THE_APPLICATION:
        assert decision is not RetryDecision.FAIL
        assert decide_at_end(kind, failure, history) is RetryDecision.UNKNOWN


@given(kinds, failures, histories)
def test_a_write_that_was_surely_not_processed_never_ends_as_unknown(kind, failure, history):
    if not history.maybe_processed and failure not in MAYBE_PROCESSED:
        assert decide(kind, failure, history) is not RetryDecision.UNKNOWN
        assert decide_at_end(kind, failure, history) is RetryDecision.FAIL


@given(kinds, failures)
def test_a_fresh_token_is_obtained_once(kind, failure):
    assert decide(kind, failure, History(refreshed=True)) is not RetryDecision.FRESH_TOKEN


@given(st.lists(failures, max_size=6))
def test_doubt_never_goes_away(sequence):
    history = History()
    doubted = False
    for failure in sequence:
        history = record_failure(failure, history)
        doubted = doubted or failure in MAYBE_PROCESSED
        assert history.maybe_processed == doubted


@given(kinds, failures, histories)
def test_what_nobody_foresaw_is_never_tried_again(kind, failure, history):
    for unforeseen in (Failure.UNEXPECTED, Failure.STATUS, Failure.CONTENT):
        assert decide(kind, unforeseen, history) in {RetryDecision.FAIL, RetryDecision.UNKNOWN}
