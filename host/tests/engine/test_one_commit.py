"""Where a change meets a worker's unit in one commit, what was acknowledged of the application is kept."""

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import pytest
from host_world import FaultyDatabase, until

from nagorik_host.store.application_store import LEASE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.cases import list_cases
from nagorik_platform.lifecycle import Noticed, NotPossible, amounts_to

LAST: Final = 24
"""Units of a worker that a change meets, from the application's first on: claims and outcomes of four operations."""
FEW: Final = 3


async def until_asked():
    """Wait until what was begun has asked a database that is busy."""
    for _ in range(50):
        await asyncio.sleep(0)


class Meeting(FaultyDatabase):
    """Lets units of a worker wait for a change of an application, so that one commit has both."""

    def __init__(self, database, *, is_file):
        super().__init__(database)
        self.is_file = is_file
        self.host = self.acknowledged = self._change = None
        self.units = 0

    @property
    def is_over(self):
        return self.acknowledged is not None or self.units >= LAST

    def meet(self, change, *, after, is_first):
        """Let each unit after the ``after``-th meet the change, first or second, until one is acknowledged."""
        self.acknowledged, self.units = None, 0

        async def once():
            if self.units > after:
                with suppress(NotPossible):
                    self.acknowledged = await change()
            if not self.is_over:
                self._change, self._is_first = once, is_first

        self._change, self._is_first = once, is_first

    async def run(self, unit):
        change, self._change = self._change, None
        if change is None:
            return await super().run(unit)
        self.units += 1
        is_first, tasks, both = self._is_first, [], [change(), super().run(unit)]
        async with self._kept_busy():
            for one in both if is_first else both[::-1]:
                tasks.append(asyncio.create_task(one))
                await until_asked()
        ends = await asyncio.gather(*tasks)
        return ends[1 if is_first else 0]

    @asynccontextmanager
    async def _kept_busy(self):
        """Keep the file's one writer busy, so that what is asked for meanwhile is committed together."""
        if not self.is_file:
            yield
            return
        begun, let_go, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

        def hold(_):
            loop.call_soon_threadsafe(begun.set)
            assert let_go.wait(10)

        holding = asyncio.create_task(super().run(hold))
        await begun.wait()
        yield
        let_go.set()
        await holding

    async def require_kept(self, application):
        """See that the row is the fold of its journal, which has what was acknowledged, and that all is sound."""
        self._change = None
        tracked = await self.host.track(application)
        assert amounts_to(tracked.events, tracked.progress)
        if self.acknowledged is not None:
            assert amounts_to(tracked.events[: self.acknowledged.events], self.acknowledged)
        assert await self.host.database.run(partial(list_cases, limit=1, now=self.host.clock.now())) == []
        assert [one async for one in verify_journals(self.host.database, self.host.vault) if one.findings] == []


async def changed(world, host, application, kind):
    """What a citizen, an officer or a gateway changes."""
    match kind:
        case "withdrawal":
            return await host.act(application, "withdraw")
        case "correction":
            return await host.act(application, "corrected", form={"reason": "lost"})
        case "consent":
            return await host.consent(application, world.consent())
    payments = (await host.progress(application)).payments
    if not payments:
        raise NotPossible("no-such-payment")
    noticed = Noticed(payment=payments[-1].id)
    return await host.database.run(lambda t: host.take_in(t, application, noticed))


@pytest.fixture
async def meeting(world, ready_url):
    async with world.host(ready_url) as host:
        made = Meeting(host.database, is_file=ready_url.startswith("sqlite"))
        async with world.host(made) as made.host:
            yield made


@pytest.mark.parametrize("is_first", [True, False], ids=["change-first", "worker-first"])
@pytest.mark.parametrize("kind", ["withdrawal", "correction", "consent", "notice"])
async def test_change_that_meets_a_worker_is_kept(world, meeting, kind, is_first):
    """Let a change meet the first unit at which it is acknowledged, then the next such unit, and so on."""
    worker, met = meeting.host.worker(), [0]
    await worker.run_until_idle()
    # On a server no two units of these share a commit: some that meet there are enough.
    while met[-1] < LAST and len(met) <= (LAST if meeting.is_file else FEW):
        application = await world.apply(meeting.host, len(met))
        change = partial(changed, world, meeting.host, application, kind)
        meeting.meet(change, after=met[-1], is_first=is_first)
        while not meeting.is_over:
            due = await worker.run_until_idle()
            if due is not None and due > world.clock.now():
                world.clock.set(due)
        await worker.run_until_idle()
        await meeting.require_kept(application)
        if meeting.acknowledged is None:
            break
        met.append(meeting.units)
    # A form is not corrected under a call, which a worker that comes first has begun.
    assert len(met) > 1 or (kind == "correction" and not is_first)


@pytest.mark.parametrize("is_first", [True, False], ids=["change-first", "worker-first"])
async def test_change_that_meets_the_end_of_a_lease_is_kept(world, meeting, is_first):
    world.street.close("nid")
    application, lost = await world.apply(meeting.host), meeting.host.worker("lost")
    await lost.poll()
    await until(lambda: world.street.waiting)
    world.machine.advance(2 * LEASE)
    meeting.meet(partial(changed, world, meeting.host, application, "consent"), after=0, is_first=is_first)
    await meeting.host.worker("heir").poll()
    assert meeting.acknowledged is not None
    world.street.open("nid")
    await lost.run_until_idle()
    await meeting.require_kept(application)
