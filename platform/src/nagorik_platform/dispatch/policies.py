"""What a host does around every call: audit, consent, metrics, rate limits."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import pluggy

from nagorik.errors import NagorikError
from nagorik.hookspecs import PROJECT, hookspec
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


class PolicySpecs:
    """The host's side of the hooks."""

    @hookspec
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None] | None:
        """A context entered before ``call`` and left after it, or ``None`` for a call that it does not concern.

        Called for every call to every plugin. Raise one of ``nagorik.errors`` on entering to refuse the call: nothing
        is sent then. Anything else that is raised on entering refuses it too, and reaches the caller as it is. On
        leaving it sees the call's error, if any, and cannot change what came of it.
        """
        raise NotImplementedError


class Policies:
    """The host's policies, entered in the order in which they were given and left in reverse."""

    def __init__(self, policies: tuple[object, ...]) -> None:
        self._manager = _manager_of(policies) if policies else None

    def around(self, call: Call) -> "PolicyStack | None":
        """The contexts for one call, or ``None`` where the host has no policies."""
        if self._manager is None:
            return None
        return PolicyStack(self._manager.hook.nagorik_call_policy(call=call))


def _manager_of(policies: tuple[object, ...]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(PolicySpecs)
    for policy in reversed(policies):  # pluggy calls the last registered first
        manager.register(policy)
        if not manager.get_hookcallers(policy):
            raise ValueError(f"{type(policy).__name__} has no nagorik_call_policy that is marked with @hookimpl")
    manager.check_pending()
    return manager


class PolicyStack:
    """The contexts of one call. What a policy does on leaving cannot turn a write's known outcome into another."""

    def __init__(self, contexts: list[AbstractAsyncContextManager[None]]) -> None:
        self._contexts = contexts
        self._entered: list[AbstractAsyncContextManager[None]] = []

    async def enter(self) -> NagorikError | None:
        """Enter all contexts; what one raises refuses the call, after those before it are left again.

        A refusal is returned; what is none of ``nagorik.errors`` is the host's own, and raised.
        """
        for context in self._contexts:
            try:
                await context.__aenter__()
            except NagorikError as refusal:
                await self.leave(refusal)
                return refusal
            except BaseException as failure:
                await self.leave(failure)
                raise
            self._entered.append(context)
        return None

    async def leave(self, error: BaseException | None) -> None:
        """Leave the entered contexts, all of them and last first, telling each of ``error``."""
        kind: type[BaseException] | None = type(error) if error is not None else None
        trace: TracebackType | None = error.__traceback__ if error is not None else None
        stop: BaseException | None = None
        while self._entered:
            context = self._entered.pop()
            try:
                await context.__aexit__(kind, error, trace)
            except Exception as failure:  # noqa: BLE001 - the host's own code may raise anything
                if failure is not error:
                    # The call is over and its outcome stands; a failing audit must be seen, but not change it.
                    name = type_name(failure)
                    log.error("call_policy_failed", policy=type(context).__name__, exception=name)  # noqa: TRY400
            except BaseException as failure:  # noqa: BLE001 - the caller is cancelled meanwhile
                stop = failure
        if stop is not None and stop is not error:
            raise stop
