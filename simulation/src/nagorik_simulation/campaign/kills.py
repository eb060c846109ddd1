"""A worker's death inside this process, at a chosen moment: from then on it commits nothing and sends nothing.

Or its machine stands still at a chosen moment, and goes on where it was when others have taken over what it had in
hand: what it sends then, it must not send.

To the database and to the agencies that is what a SIGKILL looks like. What it cannot show, such as a broken file or a
connection that the database has to give up, real kills of real processes show: see ``processes``.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

import httpx

from nagorik import hookimpl
from nagorik.clock import Clock, Deadline
from nagorik_host.engine.claims import APPLICATION, Claim
from nagorik_host.engine.rate_limiter import SharedRateLimiter
from nagorik_host.engine.worker import Worker
from nagorik_host.store import Database, DatabaseUnavailable, Transaction, Unit
from nagorik_host.vault import Vault
from nagorik_platform import Call
from nagorik_platform.agency_client.limits import RequestLease
from nagorik_simulation.campaign.cases import CampaignCase, MachineSuspension, Moment
from nagorik_testing.simulator.in_process import SimulatorTransport
from nagorik_testing.simulator.ledger import SeenRequest

T = TypeVar("T")

LIFE: Final[ContextVar["WorkerLife | None"]] = ContextVar("LIFE", default=None)
"""The worker that a task belongs to."""


SEEN: Final[ContextVar[SeenRequest | None]] = ContextVar("SEEN", default=None)
"""The request of a task that an agency has seen last."""


def note_seen(seen: SeenRequest) -> None:
    """An agency has received a request of the present task."""
    SEEN.set(seen)


class NotingRateLimiter:
    """The host's own, for each worker one, as processes have it.

    What has passed on one machine is no measure for another that has stood still.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take instants from what ``database`` holds, and wait for them on ``clock``."""
        self._new = partial(SharedRateLimiter, database, clock)
        self._of_nobody = self._new()
        self._of_workers: WeakKeyDictionary[WorkerLife, SharedRateLimiter] = WeakKeyDictionary()

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> RequestLease | None:
        """As ``SharedRateLimiter.acquire``."""
        life = LIFE.get()
        if life is not None and life not in self._of_workers:
            self._of_workers[life] = self._new()
        limiter = self._of_nobody if life is None else self._of_workers[life]
        return await limiter.acquire(plugin, per_second, deadline)


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class KillSchedule:
    """Knows who is to die when, over all lives of a campaign's workers.

    Attributes:
        calls: How many calls were begun for each application.
        killed: Deaths so far, by moment and operation.
        suspended: How often a machine stood still so far, by moment and operation.
    """

    def __init__(self, cases: Sequence[CampaignCase]) -> None:
        self._due = {str(case.id): list(case.kills) for case in cases if case.kills}
        self._suspensions = {str(case.id): list(case.suspensions) for case in cases if case.suspensions}
        self.calls: Counter[str] = Counter()
        self.killed: Counter[tuple[Moment, str]] = Counter()
        self.suspended: Counter[tuple[Moment, str]] = Counter()
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

    def suspension(self, application: str, moment: Moment) -> MachineSuspension | None:
        """How the machine stands still now, if it does."""
        for one in self._suspensions.get(application, ()):
            if one.moment is moment and one.call <= self.calls[application]:
                self._suspensions[application].remove(one)
                self.suspended[moment, self._operations.get(application, "nothing-yet")] += 1
                return one
        return None

    def note_operation(self, application: str, operation: str) -> None:
        """Note what the coming moments are about."""
        self._operations[application] = operation

    @property
    def pending(self) -> int:
        """Kills that did not come about: the application never made so many calls."""
        return sum(len(kills) for kills in self._due.values())


class MachineClock:
    """The clock of each worker's machine: its monotonic time stands still while the machine does."""

    def __init__(self, clock: Clock) -> None:
        """Tell the time of ``clock``."""
        self._clock = clock

    def now(self) -> datetime:
        """As ``Clock.now``: the calendar is set right when a machine goes on."""
        return self._clock.now()

    def monotonic(self) -> float:
        """As ``Clock.monotonic``, for the worker whose task this is."""
        life = LIFE.get()
        return self._clock.monotonic() - (life.missed if life is not None else 0.0)

    async def sleep(self, seconds: float) -> None:
        """As ``Clock.sleep``."""
        await self._clock.sleep(seconds)


class WorkerStanding(Enum):
    """What became of a worker that was to work until nothing was due."""

    IDLE = "idle"
    DEAD = "dead"
    SUSPENDED = "suspended"


class WorkerLife:
    """One life of one worker.

    Attributes:
        gone: Whether it is dead.
        database: How it reaches the database.
        moves: While its machine stands still, how often the clock is still moved until it goes on.
        missed: Seconds for which its machine stood still.
    """

    def __init__(self, schedule: KillSchedule, clock: Clock) -> None:
        self.schedule = schedule
        self._clock = clock
        self.gone = False
        self.moves = 0
        self.missed = self._since = 0.0
        self.database: KillableDatabase | None = None
        self._awake = asyncio.Event()
        self._awake.set()
        self._stopped = asyncio.Event()
        self._working: asyncio.Task[datetime | None] | None = None
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

    @property
    def is_suspended(self) -> bool:
        """Whether its machine stands still."""
        return not self._awake.is_set()

    def suspend(self, moves: int) -> None:
        """Let its machine stand still while the clock is moved so often."""
        self.moves, self._since = moves, self._clock.monotonic()
        self._awake.clear()
        self._stopped.set()

    def wake(self) -> None:
        """Let its machine go on where it was; its monotonic time has stood still."""
        self.moves = 0
        self.missed += self._clock.monotonic() - self._since
        self._stopped.clear()
        self._awake.set()

    async def until_awake(self) -> None:
        """Wait while its machine stands still."""
        await self._awake.wait()

    async def run_worker(self, worker: Worker) -> tuple[WorkerStanding, datetime | None]:
        """Work until nothing is due; what became of it, and when something is due next."""
        working = self._working = self._working or asyncio.create_task(_work(self, worker))
        died = asyncio.create_task(self._killed.wait())
        stopped = asyncio.create_task(self._stopped.wait())
        try:
            await asyncio.wait({working, died, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not self.gone and self.is_suspended:
                return WorkerStanding.SUSPENDED, None
            if not self.gone:
                self._working = None
                return WorkerStanding.IDLE, working.result()
            left = [working, *self.tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self.cleaned_up.set()
            return WorkerStanding.DEAD, None
        finally:
            died.cancel()
            stopped.cancel()


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
        """As ``Database.run``, unless the worker is dead or dies of it; later if its machine stands still."""
        life, schedule = self._life, self._life.schedule
        await life.until_awake()
        if life.gone:
            if (task := asyncio.current_task()) is not None:
                # Its caller is dead, too, and asyncio would log an end that is not asked for.
                task.add_done_callback(lambda done: done.cancelled() or done.exception())
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
        await life.until_awake()
        return result

    async def run_within_call(self, unit: Unit[T]) -> T:
        """As ``Database.run``, in the middle of a call: nobody is killed here.

        Raises:
            DatabaseUnavailable: The worker's machine stands still, or it is dead.
        """
        if self._life.gone:
            await self._life.cleaned_up.wait()  # until the task is cancelled with its worker
        if self._life.gone or self._life.is_suspended:
            raise DatabaseUnavailable("the connection to the database broke")
        return await self._database.run(unit)

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
        for one in _claims(result):
            suspension = schedule.suspension(one.stored.id, Moment.AFTER_INTENT)
            if suspension is not None:
                life.suspend(suspension.moves)

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
        if life.is_suspended:
            # Its connections are broken. Whoever has a request on the way hears its answer, and waits for the machine
            # before anything follows from it: a login that others wait for is not held up.
            raise httpx.ConnectError("the machine stands still")
        if not life.gone:
            SEEN.set(None)
            response = await self._answer(request)
            await self._stand_still(life, application)
            if life.schedule.should_kill(application, Moment.AFTER_SEND):
                life.kill()
            elif isinstance(response, httpx.Response):
                return response
            else:
                raise response
        await life.cleaned_up.wait()  # until the task is cancelled with its worker
        # What the living wait for, such as a login that the dead had begun, would not outlive a process either.
        raise httpx.ConnectError("the process is gone")

    async def _stand_still(self, life: WorkerLife, application: str) -> None:
        seen = SEEN.get()
        if life.gone or life.is_suspended or seen is None or seen.client_reference is None:
            return
        suspension = life.schedule.suspension(application, Moment.AFTER_SEND)
        if suspension is not None:
            life.suspend(suspension.moves)
            await life.until_awake()

    async def _answer(self, request: httpx.Request) -> httpx.Response | httpx.TransportError | TimeoutError:
        try:
            return await self._transport.handle_async_request(request)
        except (httpx.TransportError, TimeoutError) as error:
            return error
