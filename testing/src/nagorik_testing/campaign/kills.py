"""A worker's death inside this process, at a chosen moment: from then on it commits nothing and sends nothing.

To the database and to the agencies that is what a SIGKILL looks like. What it cannot show, such as a broken file or a
connection that the database has to give up, real kills of real processes show: see ``processes``.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Final, TypeVar

import httpx

from nagorik import hookimpl
from nagorik_host.engine.claims import APPLICATION, Claim
from nagorik_host.engine.worker import Worker
from nagorik_host.store import Database, Transaction, Unit
from nagorik_host.vault import Vault
from nagorik_platform import Call
from nagorik_testing.campaign.cases import CampaignCase, Moment
from nagorik_testing.simulator.in_process import SimulatorTransport

T = TypeVar("T")

LIFE: Final[ContextVar["WorkerLife | None"]] = ContextVar("LIFE", default=None)
"""The worker that a task belongs to."""


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class KillSchedule:
    """Knows who is to die when, over all lives of a campaign's workers.

    Attributes:
        calls: How many calls were begun for each application.
        killed: Deaths so far, by moment and operation.
    """

    def __init__(self, cases: Iterable[CampaignCase]) -> None:
        self._due = {str(case.id): list(case.kills) for case in cases if case.kills}
        self.calls: Counter[str] = Counter()
        self.killed: Counter[tuple[Moment, str]] = Counter()
        self._operations: dict[str, str] = {}

    def should_kill(self, application: str, moment: Moment, call: int | None = None) -> bool:
        """Whether this is the moment: the first of its kind at or after the call that it was drawn for."""
        now = self.calls[application] if call is None else call
        for kill in self._due.get(application, ()):
            if kill.moment is moment and kill.call <= now:
                self._due[application].remove(kill)
                self.killed[moment, self._operations.get(application, "nothing-yet")] += 1
                return True
        return False

    def note_operation(self, application: str, operation: str) -> None:
        """Note what the coming moments are about."""
        self._operations[application] = operation

    @property
    def pending(self) -> int:
        """Kills that did not come about: the application never made so many calls."""
        return sum(len(kills) for kills in self._due.values())


class WorkerLife:
    """One life of one worker."""

    def __init__(self, schedule: KillSchedule) -> None:
        self.schedule = schedule
        self.gone = False
        # In the order in which they began, which a set would not keep.
        self.tasks: dict[asyncio.Task[object], None] = {}
        self._killed = asyncio.Event()
        self.cleaned_up = asyncio.Event()
        """Set once all that the worker itself had under way is at an end."""

    def kill(self) -> None:
        """Be killed, now; to be called in the event loop."""
        self.gone = True
        self._killed.set()

    def track_task(self) -> None:
        """The present task is this worker's and dies with it."""
        task = asyncio.current_task()
        if task is not None:
            self.tasks[task] = None
            task.add_done_callback(lambda done: self.tasks.pop(done, None))

    async def run_worker(self, worker: Worker) -> tuple[bool, datetime | None]:
        """Work until nothing is due; whether the worker survived, and when something is due next."""
        working = asyncio.create_task(_work(self, worker))
        died = asyncio.create_task(self._killed.wait())
        try:
            await asyncio.wait({working, died}, return_when=asyncio.FIRST_COMPLETED)
            if not self.gone:
                return True, working.result()
            left = [working, *self.tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self.cleaned_up.set()
            return False, None
        finally:
            died.cancel()


async def _work(life: WorkerLife, worker: Worker) -> datetime | None:
    LIFE.set(life)
    return await worker.run_until_idle()


class KillableDatabase(Database):
    """A worker's connection, of which nothing is heard after its death."""

    def __init__(self, database: Database, life: WorkerLife, *, shared: bool) -> None:
        """Use ``database``, which outlives the worker if it is ``shared``."""
        self._database = database
        self._life = life
        self._shared = shared

    def use_ledger(self, vault: Vault) -> None:
        """As ``Database.use_ledger``."""
        self._database.use_ledger(vault)

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``, unless the worker is dead or dies of it."""
        life, schedule = self._life, self._life.schedule
        if life.gone:
            raise Killed
        ending = APPLICATION.get()
        dies_before_commit = ending is not None and schedule.should_kill(ending, Moment.BEFORE_COMMIT)

        def watched(transaction: Transaction) -> T:
            # A unit may be run twice, and the dead stay dead.
            if life.gone:
                raise Killed
            result = unit(transaction)
            if dies_before_commit or any(
                schedule.should_kill(one.stored.id, Moment.BEFORE_INTENT, schedule.calls[one.stored.id] + 1)
                for one in _claims(result)
            ):
                life.gone = True
                raise Killed
            return result

        try:
            result = await self._database.run(watched)
        except Killed:
            life.kill()
            raise
        self._committed(result, ending)
        return result

    def _committed(self, result: object, ending: str | None) -> None:
        life, schedule = self._life, self._life.schedule
        if life.gone:
            raise Killed
        dies = ending is not None and schedule.should_kill(ending, Moment.AFTER_COMMIT)
        for one in _claims(result):
            schedule.calls[one.stored.id] += 1
            operation = one.call.operation
            schedule.note_operation(one.stored.id, operation.value if operation is not None else "?")
            dies = schedule.should_kill(one.stored.id, Moment.AFTER_INTENT) or dies
        if dies:
            life.kill()
            raise Killed

    async def close(self) -> None:
        """Let the connection go, as the system does for a dead process."""
        if not self._shared:
            await self._database.close()


def _claims(result: object) -> list[Claim]:
    """The applications that a unit has taken in hand."""
    results = result if isinstance(result, list) else [result]
    return [one for one in results if isinstance(one, Claim)]


class KillingMiddleware:
    """Kills the worker when it has an answer and has not begun to commit it."""

    @hookimpl
    def nagorik_call_policy(self, call: Call) -> AbstractAsyncContextManager[None] | None:
        """Around every call that a worker makes; what one plugin asks of another is part of it."""
        return _answered() if call.asked_by is None else None


@asynccontextmanager
async def _answered() -> AsyncIterator[None]:
    life, application = LIFE.get(), APPLICATION.get()
    if life is not None:
        life.track_task()
    yield
    if life is not None and application is not None and life.schedule.should_kill(application, Moment.AFTER_ANSWER):
        life.kill()


class KillableTransport(httpx.AsyncBaseTransport):
    """Reaches a simulator, until the worker is dead; what the agency then has processed, nobody hears of."""

    def __init__(self, transport: SimulatorTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As the simulator's own transport, or never."""
        life, application = LIFE.get(), APPLICATION.get()
        if life is None or application is None:
            return await self._transport.handle_async_request(request)
        if not life.gone:
            response = await self._answer(request)
            if life.schedule.should_kill(application, Moment.AFTER_SEND):
                life.kill()
            elif isinstance(response, httpx.Response):
                return response
            else:
                raise response
        await life.cleaned_up.wait()  # until the task is cancelled with its worker
        # What the living wait for, such as a login that the dead had begun, would not outlive a process either.
        raise httpx.ConnectError("the process is gone")

    async def _answer(self, request: httpx.Request) -> httpx.Response | httpx.TransportError | TimeoutError:
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.TransportError, TimeoutError) as error:
            return error
