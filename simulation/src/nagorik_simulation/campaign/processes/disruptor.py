"""Disturbs workers and their database, now and then, in the middle of the work.

The seed and the requests that agencies see decide which worker is disturbed, how and when: requests are spread more
evenly than time.
"""

import asyncio
import random
import resource
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from nagorik_host import Host
from nagorik_simulation.campaign.disruptions import Disruption
from nagorik_simulation.campaign.processes.messages import send_poison
from nagorik_simulation.campaign.processes.own_server import OwnServer
from nagorik_simulation.worker_pool import WorkerPool

_DELAYS: Final = (0.0, 0.003, 0.03, 0.3)
"""Seconds, each the longest of one kind: before the agency has processed the request, before its response is read,
before what it means is committed, and at any time."""
_LEASES: Final = (1.2, 2.5)
"""How long a process stands still, in leases: longer than one, so that others take over."""
_VISIT: Final = 6.0
"""Seconds in which a worker that should not work may start and show what it does."""
SKEW: Final = timedelta(hours=1)
"""By how much the clock of a worker that is skewed is ahead or behind."""
_ROOM: Final = 4096
"""Bytes that a file may have while the disk is full; the database's have more."""
_SHORT: Final = 0.5
"""Seconds for which a server that was killed is away."""


class Disruptor:
    """Disturbs a pool of workers.

    Attributes:
        counts: How often each kind happened.
    """

    def __init__(
        self,
        pool: WorkerPool,
        host: Host,
        server: OwnServer | None,
        variants: dict[Disruption, dict[str, Any]],
        kinds: Collection[Disruption],
        *,
        seed: int,
        every: int,
        note: Callable[[str], None],
    ) -> None:
        """Disturb at every ``every``-th request on average, as ``seed`` has it.

        Args:
            pool: The workers.
            host: Takes messages in.
            server: The database's, if it is the campaign's own.
            variants: In which settings a worker differs that joins, by the kind of disruption.
            kinds: The kinds that may happen.
            seed: From which all is drawn.
            every: Requests between two disruptions, on average.
            note: Called with a line when a disruption begins and when it is over.
        """
        self._pool, self._host, self._variants = pool, host, variants
        self._every, self._note = every, note
        self._rng = random.Random(f"disruptor:{seed}")  # noqa: S311 - reproducible on purpose
        ways: dict[Disruption, Callable[[], Awaitable[str | None]]] = {
            Disruption.KILLED_WORKER: self._kill,
            Disruption.PAUSED_WORKER: self._pause,
            Disruption.SKEWED_CLOCK: self._skew,
            **{kind: partial(self._visit, kind) for kind in variants},
            Disruption.POISON_MESSAGES: self._poison,
            Disruption.FULL_DISK: self._fill_disk,
        }
        if server is not None:
            ways[Disruption.FROZEN_DATABASE] = lambda: server.freeze(self._a_while())
            ways[Disruption.CRASHED_DATABASE] = lambda: server.crash(self._rng.uniform(0, _SHORT))
        self._ways = {kind: way for kind, way in ways.items() if kind in kinds}
        self._next: list[Disruption] = []
        self._under_way: list[asyncio.Task[None]] = []
        self._one_at_a_time = asyncio.Lock()
        self._left = self._next_interval()
        self._ended = False
        self.counts: Counter[str] = Counter()

    def on_request(self) -> None:
        """Count a request that an agency has received."""
        self._left -= 1
        if self._left <= 0 and self._ways and not self._ended:
            self._left = self._next_interval()
            self._under_way.append(asyncio.create_task(self._disturb(self._drawn())))

    async def end(self) -> None:
        """Disturb no more, and let everything go on that stands still.

        Raises:
            Exception: A disruption itself failed.
        """
        self._ended = True
        await asyncio.gather(*self._under_way)

    def _drawn(self) -> Disruption:
        """Draw each kind in turn, in a random order, so that a small campaign has them too; half are kills."""
        if not self._next:
            self._next = [kind for kind in self._ways if kind is not Disruption.KILLED_WORKER]
            if Disruption.KILLED_WORKER in self._ways:
                self._next += [Disruption.KILLED_WORKER] * max(1, len(self._next))
            self._rng.shuffle(self._next)
        return self._next.pop()

    async def _disturb(self, kind: Disruption) -> None:
        await asyncio.sleep(self._rng.uniform(0, self._rng.choice(_DELAYS)))
        async with asyncio.Lock() if kind is Disruption.KILLED_WORKER else self._one_at_a_time:
            if self._ended:
                return
            self._note(f"{kind} begins")
            done = await self._ways[kind]()
            self.counts[kind.value] += done is not None
            self._note(f"{kind} is over: {done or 'there was no such process'}")

    def _next_interval(self) -> int:
        return self._rng.randint(1, 2 * self._every)

    def _a_while(self) -> float:
        return self._pool.setting.lease * self._rng.uniform(*_LEASES)

    # The ways. Each returns what it was done to, or ``None`` if it did not come about.

    async def _kill(self) -> str | None:
        name = self._rng.choice(self._pool.names)
        return name if self._pool.kill(name) else None

    async def _pause(self) -> str | None:
        name = self._rng.choice(self._pool.names)
        if (process := self._pool.living(name)) is None:
            return None
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGSTOP)
            try:
                await asyncio.sleep(self._a_while())
            finally:
                process.send_signal(signal.SIGCONT)
        return name

    async def _skew(self) -> str | None:
        # Always the same worker: time hardly passes while anything is due, and to one that is behind nothing is.
        name, *others = self._pool.names
        skew = self._rng.choice((1, -1)) * SKEW.total_seconds()
        if not others or not self._pool.kill(name, followed_by=replace(self._pool.setting, skew=skew)):
            return None
        return f"{name}, ahead by {skew:g} s"

    async def _visit(self, kind: Disruption) -> str | None:
        name = f"guest-{self.counts.total() + 1}"
        await self._pool.run(name, replace(self._pool.setting, **self._variants[kind]), longest=_VISIT)
        return name

    async def _poison(self) -> str | None:
        taken = await send_poison(self._host, self._rng)
        return f"{taken} messages" if taken else None

    async def _fill_disk(self) -> str | None:
        processes = [one for name in self._pool.names if (one := self._pool.living(name)) is not None]
        for most, seconds in ((_ROOM, self._a_while()), (resource.RLIM_INFINITY, 0.0)):
            for process in processes:
                # What its administrator allows stays.
                with suppress(ProcessLookupError):
                    _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
                    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, hard))
            await asyncio.sleep(seconds)
        return ", ".join(self._pool.names) if processes else None
