"""The attempts after the first: tenacity, on the platform's clock and within the call's deadline."""

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from nagorik.clock import Clock, Deadline
from nagorik_platform.agency_client.classify import FailedAttempt
from nagorik_platform.agency_client.retry_table import RetryDecision, full_jitter

T = TypeVar("T")

RETRYING = frozenset({RetryDecision.AGAIN, RetryDecision.FRESH_TOKEN})


async def retry(
    first: FailedAttempt,
    attempt: Callable[[], Awaitable[T | FailedAttempt]],
    decision: Callable[[], RetryDecision],
    *,
    attempts: int,
    deadline: Deadline,
    clock: Clock,
    rng: random.Random,
) -> T | FailedAttempt:
    """Try again after a first failure, until ``decision`` says no more or the budget is used up.

    Nothing here runs for a call whose first attempt succeeds. The wait is what the agency asked for, or full
    jitter; one that would reach the deadline is not begun. Slept time is counted by what tenacity slept as well
    as by the clock, so that a clock which does not move cannot make the attempts endless.

    Args:
        first: The failure that has already happened.
        attempt: Makes one attempt.
        decision: What the policy says about the latest attempt.
        attempts: The most attempts in all, the first included.
        deadline: When the call's answer is no longer waited for.
        clock: What sleeping goes through.
        rng: The source of jitter.
    """
    failed = [first]
    budget = deadline.remaining()

    async def next_attempt() -> T | FailedAttempt:
        # tenacity calls before it waits: its first call is handed the failure that has already happened.
        return failed.pop() if failed else await attempt()

    def wait(state: RetryCallState) -> float:
        if decision() is RetryDecision.FRESH_TOKEN:
            return 0.0
        latest = state.outcome.result() if state.outcome is not None else first
        asked = latest.retry_after
        return full_jitter(state.attempt_number, rng) if asked is None else asked

    def stop(state: RetryCallState) -> bool:
        if state.attempt_number >= attempts and decision() is not RetryDecision.FRESH_TOKEN:
            return True
        nap = state.upcoming_sleep
        return state.idle_for + nap >= budget or nap >= deadline.remaining()

    # One object a call: tenacity keeps the state of its iteration in it.
    retrying = AsyncRetrying(
        sleep=clock.sleep,
        retry=retry_if_result(lambda result: isinstance(result, FailedAttempt) and decision() in RETRYING),
        wait=wait,
        stop=stop,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome is not None else first,
    )
    result: T | FailedAttempt = await retrying(next_attempt)
    return result
