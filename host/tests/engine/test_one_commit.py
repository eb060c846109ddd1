"""Where a change meets a worker's unit in one commit, what was acknowledged of the application is kept."""

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import pytest
from host_world import FaultyDatabase, until

from nagorik import PaymentState
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.cases import list_cases
from nagorik_platform.lifecycle import Decided, Noticed, NotPossible, amounts_to

LAST: Final = 24
"""Units of a worker that a change meets, from the application's first on: claims and outcomes of four operations."""
FEW: Final = 3


async def until_asked():
    """Wait until what was begun has asked a database that is busy."""
    for _ in range(50):
        await asyncio.sleep(0)


class Meeting(FaultyDatabase):
    """Lets a unit of a worker wait for a change, so that one commit has both.

    Attributes:
        change: Begins what the next unit meets.
        is_first: Whether that comes before the unit.
        units: How many units met a change.
    """

    def __init__(self, database, *, is_file):
        super().__init__(database)
        self.is_file = is_file
        self.change = None
        self.is_first = False
        self.units = 0

    async def run(self, unit):
        change, self.change = self.change, None
        if change is None:
            return await super().run(unit)
        self.units += 1
        both, tasks = [change(), super().run(unit)], []
        async with self._kept_busy():
            for one in both if self.is_first else both[::-1]:
                tasks.append(asyncio.create_task(one))
                await until_asked()
        ends = await asyncio.gather(*tasks)
        return ends[1 if self.is_first else 0]

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


class Scene:
    """A host whose worker meets changes.

    Attributes:
        acknowledged: Where the application was by the change that was acknowledged, if one was.
    """

    def __init__(self, world, host, meeting):
        self.world, self.host, self.meeting = world, host, meeting
        self.acknowledged = None

    def meet(self, application, kind, *, after, is_first):
        """Let each unit after the ``after``-th meet a change, until one is acknowledged."""
        self.acknowledged, self.meeting.units, self.meeting.is_first = None, 0, is_first

        async def change():
            if self.meeting.units > after:
                with suppress(NotPossible):
                    self.acknowledged = await self._change(application, kind)
            if not self.is_over:
                self.meeting.change = change

        self.meeting.change = change

    @property
    def is_over(self):
        return self.acknowledged is not None or self.meeting.units >= LAST

    async def _change(self, application, kind):
        match kind:
            case "withdrawal":
                return await self.host.act(application, "withdraw")
            case "correction":
                return await self.host.act(application, "corrected", form={"reason": "lost"})
            case "consent":
                return await self.host.consent(application, self.world.consent())
        payments = (await self.host.progress(application)).payments
        if not payments:
            raise NotPossible("no-such-payment")
        if kind == "decision":
            given_up = Decided("A", "Paid twice.", payment=payments[-1].id, payment_to=PaymentState.CANCELLED)
            return await self.host.decide(application, given_up)
        noticed = Noticed(payment=payments[-1].id)
        return await self.host.database.run(lambda t: self.host.take_in(t, application, noticed))

    async def require_kept(self, application):
        """See that the row is the fold of its journal, which has what was acknowledged, and that all is sound."""
        self.meeting.change = None
        tracked = await self.host.track(application)
        assert amounts_to(tracked.events, tracked.progress)
        if self.acknowledged is not None:
            assert amounts_to(tracked.events[: self.acknowledged.events], self.acknowledged)
        assert await self.host.database.run(partial(list_cases, limit=1, now=self.world.clock.now())) == []
        assert [one async for one in verify_journals(self.host.database, self.host.vault) if one.findings] == []


@pytest.fixture
async def scene(world, ready_url):
    async with world.host(ready_url) as host:
        meeting = Meeting(host.database, is_file=ready_url.startswith("sqlite"))
        async with world.host(meeting) as met:
            yield Scene(world, met, meeting)


@pytest.mark.parametrize("is_first", [True, False], ids=["change-first", "worker-first"])
@pytest.mark.parametrize("kind", ["withdrawal", "correction", "consent", "notice", "decision"])
async def test_change_that_meets_a_worker_is_kept(world, scene, kind, is_first):
    """Let a change meet the first unit at which it is acknowledged, then the next such unit, and so on."""
    worker, met = scene.host.worker(), [0]
    await worker.run_until_idle()
    # On a server no two units of these share a commit: some that meet there are enough.
    while met[-1] < LAST and len(met) <= (LAST if scene.meeting.is_file else FEW):
        application = await world.apply(scene.host, len(met))
        scene.meet(application, kind, after=met[-1], is_first=is_first)
        while not scene.is_over:
            due = await worker.run_until_idle()
            if due is not None and due > world.clock.now():
                world.clock.set(due)
        await worker.run_until_idle()
        await scene.require_kept(application)
        if scene.acknowledged is None:
            break
        met.append(scene.meeting.units)
    # A form is not corrected under a call, which a worker that comes first has begun.
    assert len(met) > 1 or (kind == "correction" and not is_first)


@pytest.mark.parametrize("is_first", [True, False], ids=["change-first", "worker-first"])
async def test_change_that_meets_the_end_of_a_lease_is_kept(world, scene, is_first):
    world.street.close("nid")
    application, lost = await world.apply(scene.host), scene.host.worker("lost")
    await lost.poll()
    await until(lambda: world.street.waiting)
    world.machine.advance(2 * LEASE)
    scene.meet(application, "consent", after=0, is_first=is_first)
    await scene.host.worker("heir").poll()
    assert scene.acknowledged is not None
    world.street.open("nid")
    await lost.run_until_idle()
    await scene.require_kept(application)
