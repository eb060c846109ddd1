"""What a host does around every call: audit, consent, metrics, rate limits."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Final, Protocol

from nagorik.operations import Idempotency, Operation
from nagorik_platform.logs import get_logger
from nagorik_platform.tracebacks import type_name

log: Final = get_logger("nagorik")


@dataclass(slots=True)
class Call:
    """What a policy may know of a call: nothing of the citizen.

    Attributes:
        plugin: The plugin's id.
        service: The service or gateway; ``None`` for a health check.
        operation: What is asked of it.
        idempotency: The class of a write; ``None`` for a read.
        requests: HTTP requests that it took, attempts included; set when the call is over.
        asked_by: The service of another plugin on whose question the call is made; ``None`` for the host's own.
    """

    plugin: str
    service: str | None
    operation: Operation
    idempotency: Idempotency | None
    requests: int = 0
    asked_by: str | None = None


class CallPolicy(Protocol):
    """What a host does around every call."""

    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[object] | None:
        """A context entered before ``call`` and left after it, or ``None`` for a call that it does not concern.

        Called for every call to every plugin. Raise one of ``nagorik.errors`` on entering to refuse the call: nothing
        is sent then. Anything else that is raised on entering refuses it too, and reaches the caller as it is. On
        leaving it sees the call's error, if any, and cannot change what came of it.
        """
        ...


@asynccontextmanager
async def around(policies: Sequence[CallPolicy], call: Call) -> AsyncIterator[None]:
    """Enter the contexts of all policies in their order, and leave all that were entered in reverse."""
    async with AsyncExitStack() as stack:
        for policy in policies:
            context = policy.nagorik_call_policy(call)
            if context is not None:
                await context.__aenter__()
                stack.push_async_exit(partial(_leave, context))
        yield


async def _leave(
    context: AbstractAsyncContextManager[object],
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    try:
        await context.__aexit__(kind, error, trace)
    except Exception as failure:  # noqa: BLE001 - the host's own code may raise anything
        if failure is not error:  # the call's outcome stands; a failing audit must be seen, but not change it
            log.error(  # noqa: TRY400
                "call_policy_failed", policy=type(context).__name__, exception=type_name(failure)
            )
