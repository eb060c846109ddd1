"""Disturbs workers and their database, now and then, in the middle of the work.

Who is disturbed, how and when is decided by what the agencies see, which is spread more evenly than time.
"""

import asyncio
import random
import resource
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from nagorik_host import Host
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_simulation.campaign.processes.messages import poison_messages, send_all
from nagorik_simulation.campaign.processes.own_server import OwnServer
from nagorik_simulation.campaign.processes.worker import WorkerVariant
from nagorik_simulation.campaign.processes.worker_pool import WorkerPool
from nagorik_testing.simulator.ledger import SeenRequest

_DELAYS: Final = (0.0, 0.003, 0.03, 0.3)
"""Seconds, each the longest of one kind: before the agency has processed the request, before its answer is heard,
before what it means is committed, and at any time."""
_LEASES: Final = (1.2, 2.5)
"""How long whatever stands still does so, in leases: longer than one, so that others take over."""
_VISIT: Final = 4.0
"""Seconds in which a worker that should not work may show what it does."""
SKEW: Final = timedelta(hours=1)
"""By how much the clock of a worker that is skewed is ahead or behind."""
_ROOM: Final = 4096
"""Bytes that a file may have while the disk is full; the database's have more."""
_SHORT: Final = 0.5
"""Seconds for which a server that was killed is away."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Surroundings:
    """What can be disturbed besides the workers.

    Attributes:
        host: Takes messages in.
        other_keys: Keys that are not the host's.
        older_site: Holds an older release of the ward office.
        server: The database's, if it is the campaign's own.
    """

    host: Host
    other_keys: str
    older_site: Path
    server: OwnServer | None = None


class Disruptor:
    """Disturbs a pool of workers.

    Attributes:
        counts: How often each kind happened.
    """

    def __init__(
        self,
        pool: WorkerPool,
        surroundings: Surroundings,
        kinds: Collection[Disruption],
        *,
        seed: int,
        every: int,
        lease: timedelta,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Disturb at every ``every``-th request, more or less, as ``seed`` has it, in one of these ways.

        What is done to whom is told to ``note`` as it begins and as it is over.
        """
        self._pool = pool
        self._surroundings = surroundings
        self._every = every
        self._lease = lease.total_seconds()
        self._note = note
        self._rng = random.Random(f"disruptor:{seed}")  # noqa: S311 - reproducible on purpose
        ways: dict[Disruption, Callable[[], Awaitable[str | None]]] = {
            Disruption.KILLED_WORKER: self._kill,
            Disruption.PAUSED_WORKER: self._pause,
            Disruption.SKEWED_CLOCK: self._skew,
            Disruption.OTHER_KEYS: self._other_keys,
            Disruption.OLDER_RELEASE: self._older_release,
            Disruption.POISON_MESSAGES: self._poison,
            Disruption.FULL_DISK: self._fill_disk,
            Disruption.FROZEN_DATABASE: self._freeze,
            Disruption.CRASHED_DATABASE: self._crash,
        }
        self._ways = {kind: way for kind, way in ways.items() if kind in kinds}
        self._next: list[Disruption] = []
        self._guests = 0
        self._under_way: set[asyncio.Task[None]] = set()
        self._one_at_a_time = asyncio.Lock()
        self._left = self._next_interval()
        self._ended = False
        self.counts: Counter[Disruption] = Counter()

    def on_request(self, _: SeenRequest) -> None:
        """An agency has received a request."""
        self._left -= 1
        if self._left > 0 or not self._ways or self._ended:
            return
        self._left = self._next_interval()
        task = asyncio.get_running_loop().create_task(self._disturb(self._drawn()))
        self._under_way.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        # One that came to grief is kept, so that the campaign ends with it: it would pass for one that was disturbed.
        if task.cancelled() or task.exception() is None:
            self._under_way.discard(task)

    async def end(self) -> None:
        """Disturb no more, and let everything go on that stands still.

        Raises:
            Exception: What a disruption itself came to grief over.
        """
        self._ended = True
        await asyncio.gather(*self._under_way)

    def _drawn(self) -> Disruption:
        """Each kind in turn, in an order of chance, so that a small campaign has them too."""
        if not self._next:
            self._next = [kind for kind in self._ways if kind is not Disruption.KILLED_WORKER]
            if Disruption.KILLED_WORKER in self._ways:
                # As often as anything else.
                self._next += [Disruption.KILLED_WORKER] * max(1, len(self._next))
            self._rng.shuffle(self._next)
        return self._next.pop()

    async def _disturb(self, kind: Disruption) -> None:
        await asyncio.sleep(self._rng.uniform(0, self._rng.choice(_DELAYS)))
        if kind is Disruption.KILLED_WORKER:
            await self._do(kind)
            return
        async with self._one_at_a_time:
            if not self._ended:
                await self._do(kind)

    async def _do(self, kind: Disruption) -> None:
        self._note(f"{kind} begins")
        whom = await self._ways[kind]()
        self.counts[kind] += whom is not None
        self._note(f"{kind} is over: {whom or 'nobody was there'}")

    def _next_interval(self) -> int:
        return self._rng.randint(1, 2 * self._every)

    def _a_while(self) -> float:
        return self._lease * self._rng.uniform(*_LEASES)

    # The ways, each telling whom it befell, or ``None`` if it did not come about

    async def _kill(self) -> str | None:
        name = self._rng.choice(self._pool.names)
        return name if self._pool.kill(name) else None

    async def _pause(self) -> str | None:
        name = self._rng.choice(self._pool.names)
        pid = self._pool.signal(name, signal.SIGSTOP)
        if pid is None:
            return None
        try:
            await asyncio.sleep(self._a_while())
        finally:
            self._pool.signal(name, signal.SIGCONT, pid=pid)
        return name

    async def _skew(self) -> str | None:
        # Always the same: time hardly passes here while anything is due, and to one who is behind nothing is.
        name, *others = self._pool.names
        skew = self._rng.choice((SKEW, -SKEW))
        if not others or not await self._pool.replace(name, WorkerVariant(skew=skew)):
            return None
        return f"{name}, ahead by {skew.total_seconds():g} s"

    async def _other_keys(self) -> str | None:
        return await self._visit(WorkerVariant(keys=self._surroundings.other_keys))

    async def _older_release(self) -> str | None:
        return await self._visit(WorkerVariant(site=self._surroundings.older_site))

    async def _visit(self, variant: WorkerVariant) -> str | None:
        self._guests += 1
        name = f"guest-{self._guests}"
        await self._pool.invite(name, variant)
        await self._pool.dismiss(name, after=_VISIT)
        return name

    async def _poison(self) -> str | None:
        host = self._surroundings.host
        taken = await send_all(host.inbox, poison_messages(host.platform, self._rng))
        return f"{taken} messages" if taken else None

    async def _fill_disk(self) -> str | None:
        pids = {name: pid for name in self._pool.names if (pid := self._pool.pid(name)) is not None}
        for pid in pids.values():
            _limit_files(pid, _ROOM)
        try:
            await asyncio.sleep(self._a_while())
        finally:
            for pid in pids.values():
                _limit_files(pid, resource.RLIM_INFINITY)
        return ", ".join(pids) or None

    async def _freeze(self) -> str | None:
        if self._surroundings.server is None:
            return None
        await self._surroundings.server.freeze(self._a_while())
        return "the database"

    async def _crash(self) -> str | None:
        if self._surroundings.server is None:
            return None
        await self._surroundings.server.crash(self._rng.uniform(0, _SHORT))
        return "the database"


def _limit_files(pid: int, most: int) -> None:
    """Let no file of a process grow beyond ``most`` bytes; what its administrator allows stays."""
    with suppress(ProcessLookupError):
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))
