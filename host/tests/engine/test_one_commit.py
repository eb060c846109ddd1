"""Whatever meets in one commit about one application, what was acknowledged of it is kept."""

import asyncio
import threading
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

import pytest

from nagorik import PaymentState
from nagorik_host import Host
from nagorik_host.store import Database
from nagorik_host.store.application_store import LEASE
from nagorik_host.store.audit import verify_journals
from nagorik_host.store.cases import list_cases
from nagorik_platform.lifecycle import Decided, Noticed, NotPossible, amounts_to

LAST: Final = 24
"""Units of a worker that a change meets, from the application's first on: claims and outcomes of four operations."""
FEW: Final = 3


class Meeting(Database):
    """Lets a unit of a worker wait for a change, so that one commit has both.

    Attributes:
        is_file: Whether the database is a file.
        units: How many units met a change.
    """

    def __init__(self, database, *, is_file):
        self._database = database
        self.is_file = is_file
        self._change = None
        self._is_first = False
        self._arrived = asyncio.Event()
        self.units = 0

    def arrange(self, change, *, is_first):
        """Let the next unit meet ``change``, which comes first or second."""
        self._change, self._is_first = change, is_first

    async def await_arrival(self):
        """Wait until the next unit has been asked for."""
        self._arrived.clear()
        await self._arrived.wait()

    def use_ledger(self, vault):
        self._database.use_ledger(vault)

    async def run(self, unit):
        return await self._run(self._database.run, unit)

    async def run_unbound(self, unit):
        return await self._run(self._database.run_unbound, unit)

    async def snapshot(self, unit):
        return await self._database.snapshot(unit)

    async def close(self):
        raise AssertionError("the database is closed by the host that opened it")

    async def _run(self, run, unit):
        change, self._change = self._change, None
        if change is None:
            return await self._asked(run(unit))
        self.units += 1
        both = [change(), self._asked(run(unit))]
        tasks = []
        async with self._held():
            for one in both if self._is_first else both[::-1]:
                arrival = asyncio.create_task(self.await_arrival())
                await asyncio.sleep(0)
                tasks.append(asyncio.create_task(one))
                await asyncio.wait({arrival, tasks[-1]}, return_when=asyncio.FIRST_COMPLETED)
                arrival.cancel()
        ends = await asyncio.gather(*tasks)
        return ends[1 if self._is_first else 0]

    async def _asked(self, running):
        task = asyncio.ensure_future(running)
        await asyncio.sleep(0)
        self._arrived.set()
        return await task

    @asynccontextmanager
    async def _held(self):
        """Keep the file's one writer busy, so that what is asked for meanwhile is committed together."""
        if not self.is_file:
            yield
            return
        begun, let_go, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

        def hold(_):
            loop.call_soon_threadsafe(begun.set)
            assert let_go.wait(10)

        holding = asyncio.create_task(self._database.run(hold))
        await begun.wait()
        yield
        let_go.set()
        await holding


class Scene:
    """A host whose worker meets changes.

    Attributes:
        acknowledged: Where the application was by the change that was acknowledged, if one was.
    """

    def __init__(self, world, host, *, is_file):
        self.world = world
        self.meeting = Meeting(host.database, is_file=is_file)
        self.host = Host(
            database=self.meeting,
            platform=host.platform,
            keyring=world.keyring,
            clock=world.clock,
            lease_clock=world.machine,
        )
        self.acknowledged = None
        self._application = ""

    def meet(self, application, kind, *, after, is_first):
        """Let each unit after the ``after``-th meet a change, until one is acknowledged."""
        self.acknowledged, self._application, self.meeting.units = None, application, 0

        async def change():
            if self.meeting.units > after:
                with suppress(NotPossible):
                    self.acknowledged = await getattr(self, f"_{kind}")()
            if self.acknowledged is None and self.meeting.units < LAST:
                self.meeting.arrange(change, is_first=is_first)

        self.meeting.arrange(change, is_first=is_first)

    @property
    def is_over(self):
        return self.acknowledged is not None or self.meeting.units >= LAST

    async def _withdrawal(self):
        return await self.host.act(self._application, "withdraw")

    async def _correction(self):
        return await self.host.act(self._application, "corrected", form={"reason": "lost"})

    async def _consent(self):
        return await self.host.consent(self._application, self.world.consent())

    async def _notice(self):
        return await self.host.database.run(self._ask)

    def _ask(self, transaction):
        progress = self.host.store.read(transaction, self._application, for_change=True).progress
        return self.host.take_in(transaction, self._application, Noticed(payment=_payment_of(progress)))

    async def _decision(self):
        payment = _payment_of(await self.host.progress(self._application))
        given_up = Decided("A. Rahman", "Paid twice.", payment=payment, payment_to=PaymentState.CANCELLED)
        return await self.host.decide(self._application, given_up)

    async def _outcome(self):
        """Let the call end that the street holds up."""
        self.world.street.open("nid")
        for _ in range(200):  # until what came of it has been asked for, if it has not been before
            await asyncio.sleep(0)
        return await self.host.progress(self._application)

    async def require_kept(self):
        """See that the row is the fold of its journal, which has what was acknowledged."""
        self.meeting.arrange(None, is_first=True)
        tracked = await self.host.track(self._application)
        assert amounts_to(tracked.events, tracked.progress)
        if self.acknowledged is not None:
            assert amounts_to(tracked.events[: self.acknowledged.events], self.acknowledged)

    async def require_sound(self):
        """See that the host left nothing to an officer, and that an audit finds nothing."""
        assert await self.host.database.run(partial(list_cases, limit=1, now=self.world.clock.now())) == []
        found = [one async for one in verify_journals(self.host.database, self.host.vault)]
        assert [one.findings for one in found if one.findings] == []


def _payment_of(progress):
    if not progress.payments:
        raise NotPossible("no-such-payment")
    return progress.payments[-1].id


@pytest.fixture
async def scene(world, ready_url):
    async with world.host(ready_url) as host:
        yield Scene(world, host, is_file=ready_url.startswith("sqlite"))


CHANGES = ["withdrawal", "correction", "consent", "notice", "decision"]


@pytest.mark.parametrize("is_first", [True, False], ids=["change-first", "worker-first"])
@pytest.mark.parametrize("kind", CHANGES)
async def test_change_that_meets_a_worker_is_kept(world, scene, kind, is_first):
    """Let a change meet the first unit at which it is acknowledged, then the next such unit, and so on."""
    worker = scene.host.worker()
    await worker.run_until_idle()
    met = [0]
    # On a server no two units of these share a commit: some that meet there are enough.
    while met[-1] < LAST and len(met) <= (LAST if scene.meeting.is_file else FEW):
        application = await world.apply(scene.host, len(met))
        scene.meet(application, kind, after=met[-1], is_first=is_first)
        while not scene.is_over:
            due = await worker.run_until_idle()
            if due is not None and due > world.clock.now():
                world.clock.set(due)
        await worker.run_until_idle()
        await scene.require_kept()
        if scene.acknowledged is None:
            break
        met.append(scene.meeting.units)
    # A form is not corrected under a call, which a worker that comes first has begun.
    assert len(met) > 1 or (kind == "correction" and not is_first)
    await scene.require_sound()


@pytest.mark.parametrize("is_first", [True, False], ids=["change-first", "worker-first"])
@pytest.mark.parametrize("kind", ["consent", "outcome"])
async def test_change_that_meets_the_end_of_a_lease_is_kept(world, scene, kind, is_first):
    for after in range(8 if scene.meeting.is_file else FEW):
        world.street.close("nid")
        application = await world.apply(scene.host, after)
        lost = asyncio.create_task(scene.host.worker("lost").run_until_idle())
        while not world.street.waiting:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0)
        world.machine.advance(2 * LEASE)
        scene.meet(application, kind, after=after, is_first=is_first)
        taking_over = asyncio.create_task(scene.host.worker("heir").run_until_idle())
        while world.street.waiting == 1 and not (scene.is_over or taking_over.done()):  # noqa: ASYNC110 - nor has this
            await asyncio.sleep(0)
        world.street.open("nid")
        await asyncio.gather(lost, taking_over)
        await scene.require_kept()
    await scene.require_sound()
