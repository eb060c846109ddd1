"""A worker's death inside this process, at a chosen moment: from then on it commits nothing and sends nothing.

Or its machine stands still at a chosen moment, and goes on when others have taken over what it had in hand: what it
sends then, it must not send.

To the database and to the agencies that is what a SIGKILL looks like. What it cannot show, such as a broken file or a
connection that the database has to give up, real kills of real processes show: see ``processes``.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

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
from nagorik_simulation.campaign.cases import CampaignCase, Disturbance, Moment
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_testing.simulator.in_process import SimulatorTransport
from nagorik_testing.simulator.ledger import SeenRequest

T = TypeVar("T")

LIFE: Final[ContextVar["WorkerLife | None"]] = ContextVar("LIFE", default=None)
"""The worker that a task belongs to."""
SEEN: Final[ContextVar[SeenRequest | None]] = ContextVar("SEEN", default=None)
"""The request of a task that an agency has received last."""


def note_seen(seen: SeenRequest) -> None:
    """Note that an agency has received a request of the present task."""
    SEEN.set(seen)


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


class KillSchedule:
    """Knows when a worker is to die or stand still, over all lives of a campaign's workers.

    Attributes:
        calls: How many calls were begun for each application.
        operations: What the coming moments of an application are about.
        happened: Deaths and standstills so far, by kind, moment and operation.
    """

    def __init__(self, cases: Sequence[CampaignCase]) -> None:
        self._due = {str(case.id): list(case.disturbances) for case in cases}
        self.calls: Counter[str] = Counter()
        self.operations: dict[str, str] = {}
        self.happened: Counter[tuple[Disruption, Moment, str]] = Counter()

    def draw(
        self,
        application: str,
        moment: Moment,
        *,
        kind: Disruption = Disruption.KILLED_WORKER,
        call: int | None = None,
    ) -> Disturbance | None:
        """What happens now: at the first such moment at or after the call that it was drawn for."""
        now = self.calls[application] if call is None else call
        for one in self._due.get(application, ()):
            if one.moment is moment and one.call <= now and one.kind is kind:
                self._due[application].remove(one)
                self.happened[kind, moment, self.operations.get(application, "nothing-yet")] += 1
                return one
        return None


class MachineClock:
    """The clock of each worker's machine: its monotonic time stands still while the machine does."""

    def __init__(self, clock: Clock) -> None:
        """Have the time of ``clock``."""
        # The calendar is set right when a machine goes on.
        self._clock, self.now, self.sleep = clock, clock.now, clock.sleep

    def monotonic(self) -> float:
        """As ``Clock.monotonic``, for the worker whose task this is."""
        life = LIFE.get()
        return self._clock.monotonic() - (life.missed if life is not None else 0.0)


class WorkerLife:
    """One life of one worker.

    Attributes:
        worker: The worker itself.
        database: How it reaches the database.
        gone: Whether it is dead.
        moves: While its machine stands still, how often the clock is still moved until it goes on.
        missed: Seconds for which its machine stood still.
        tasks: Those that die with it, in the order in which they began.
        cleaned_up: Set once all that it had under way is at an end.
    """

    worker: Worker
    database: "KillableDatabase"

    def __init__(self, schedule: KillSchedule, clock: Clock) -> None:
        self.schedule, self._clock = schedule, clock
        self.gone, self.moves = False, 0
        self.missed = self._since = 0.0
        self.tasks: dict[asyncio.Task[object], None] = {}
        self._awake, self._disturbed, self.cleaned_up = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._awake.set()
        self._working: asyncio.Task[datetime | None] | None = None

    def kill(self) -> None:
        """Be killed, now; to be called in the event loop."""
        self.gone = True
        self._disturbed.set()

    def track_task(self) -> None:
        """Let the present task die with this worker."""
        if (task := asyncio.current_task()) is not None:
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
        self._disturbed.set()

    def wake(self) -> None:
        """Let its machine go on where it was; its monotonic time has stood still."""
        self.moves, self.missed = 0, self.missed + self._clock.monotonic() - self._since
        self._disturbed.clear()
        self._awake.set()

    async def until_awake(self) -> None:
        """Wait while its machine stands still."""
        await self._awake.wait()

    async def live(self) -> datetime | None:
        """Work until nothing is due, or it dies or stands still; when something falls due next."""
        working = self._working = self._working or asyncio.create_task(self._work())
        disturbed = asyncio.create_task(self._disturbed.wait())
        await asyncio.wait({working, disturbed}, return_when=asyncio.FIRST_COMPLETED)
        disturbed.cancel()
        if self.gone:
            left = [working, *self.tasks]
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self.cleaned_up.set()
        if self.gone or self.is_suspended:
            return None
        self._working = None
        return working.result()

    async def _work(self) -> datetime | None:
        LIFE.set(self)
        return await self.worker.run_until_idle()


class OwnRateLimiter:
    """The host's rate limiter, one for each worker: what passed on one machine is no measure for another."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take instants from what ``database`` holds, and wait for them on ``clock``."""
        new = partial(SharedRateLimiter, database, clock)
        self._limiters = defaultdict[WorkerLife | None, SharedRateLimiter](new)

    async def acquire(self, plugin: str, per_second: float, deadline: Deadline) -> RequestLease | None:
        """As ``SharedRateLimiter.acquire``."""
        return await self._limiters[LIFE.get()].acquire(plugin, per_second, deadline)


class DatabaseOfWorker(Database):
    """The database as the worker reaches it, in the middle of a call, whose task this is.

    Attributes:
        shared: The database for what belongs to no call, such as a login that several calls wait for.
    """

    shared: Database | None = None

    async def run(self, unit: Unit[T]) -> T:
        """As ``Database.run``; the worker is not killed here.

        Raises:
            DatabaseUnavailable: The worker's machine stands still, or it is dead.
        """
        life, database = LIFE.get(), self.shared
        if life is not None:
            database = life.database.shared
            if life.gone:
                await life.cleaned_up.wait()  # until the task is cancelled with its worker
        if database is None or (life is not None and (life.gone or life.is_suspended)):
            raise DatabaseUnavailable("the connection to the database broke")
        return await database.run(unit)

    async def close(self) -> None:
        """Nothing is its own."""


class KillableDatabase(Database):
    """A worker's connection, which is silent after its death."""

    def __init__(self, database: Database, life: WorkerLife) -> None:
        """Use ``database`` for ``life``."""
        self.shared, self._life = database, life

    def use_ledger(self, vault: Vault) -> None:
        """As ``Database.use_ledger``."""
        self.shared.use_ledger(vault)

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
        dies_before_commit = ending is not None and schedule.draw(ending, Moment.BEFORE_COMMIT)

        def watched(transaction: Transaction) -> T:
            # A unit may be run twice, and the dead stay dead.
            if life.gone:
                raise Killed
            result = unit(transaction)
            if dies_before_commit or any(
                schedule.draw(one.stored.id, Moment.BEFORE_INTENT, call=schedule.calls[one.stored.id] + 1)
                for one in _claims(result)
            ):
                life.gone = True
                raise Killed
            return result

        try:
            result = await self.shared.run(watched)
        except Killed:
            life.kill()
            raise
        self._committed(result, ending)
        await life.until_awake()
        return result

    def _committed(self, result: object, ending: str | None) -> None:
        life, schedule = self._life, self._life.schedule
        if life.gone:
            raise Killed
        dies = bool(ending is not None and schedule.draw(ending, Moment.AFTER_COMMIT))
        for one in _claims(result):
            schedule.calls[one.stored.id] += 1
            operation = one.call.operation
            schedule.operations[one.stored.id] = operation.value if operation is not None else "?"
            dies = bool(schedule.draw(one.stored.id, Moment.AFTER_INTENT)) or dies
        if dies:
            life.kill()
            raise Killed
        for one in _claims(result):
            stop = schedule.draw(one.stored.id, Moment.AFTER_INTENT, kind=Disruption.SUSPENDED_MACHINE)
            if stop is not None:
                life.suspend(stop.moves)

    async def close(self) -> None:
        """Let the connection go, as the system does for a dead process."""
        await self.shared.close()


def _claims(result: object) -> list[Claim]:
    """The applications that a unit has claimed."""
    results = result if isinstance(result, list) else [result]
    return [one for one in results if isinstance(one, Claim)]


class KillingPolicy:
    """Kills the worker when it has a response and has not begun to commit it."""

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
    if life is not None and application is not None and life.schedule.draw(application, Moment.AFTER_ANSWER):
        life.kill()


class KillableTransport(SimulatorTransport):
    """Reaches a simulator, until the worker is dead; what the agency then has processed, no worker knows."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As the simulator's own transport, or never."""
        life, application = LIFE.get(), APPLICATION.get()
        if life is None or application is None:
            return await super().handle_async_request(request)
        if life.is_suspended:
            # Its connections are broken. A request on the way gets its response, and waits for the machine before
            # anything follows from it: a login that others wait for is not held up.
            raise httpx.ConnectError("the machine stands still")
        if life.gone:
            return await _never(life)
        SEEN.set(None)
        try:
            response = await super().handle_async_request(request)
        except (httpx.TransportError, TimeoutError):
            await _sent(life, application)
            raise
        await _sent(life, application)
        return response


async def _sent(life: WorkerLife, application: str) -> None:
    """Let the machine stand still, or the worker die, when a request was sent."""
    seen = SEEN.get()
    if not life.gone and not life.is_suspended and seen is not None and seen.client_reference is not None:
        stop = life.schedule.draw(application, Moment.AFTER_SEND, kind=Disruption.SUSPENDED_MACHINE)
        if stop is not None:
            life.suspend(stop.moves)
            await life.until_awake()
    if life.schedule.draw(application, Moment.AFTER_SEND):
        life.kill()
        await _never(life)


async def _never(life: WorkerLife) -> httpx.Response:
    await life.cleaned_up.wait()  # until the task is cancelled with its worker
    # What the living wait for, such as a login that the dead had begun, would not outlive a process either.
    raise httpx.ConnectError("the process is gone")
