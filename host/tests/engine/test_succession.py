"""The place that a call leaves is filled in the commit of its outcome, while more is due than there are places."""

import asyncio
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from nagorik import Applicant, ApplicationDraft, Consent, Operation
from nagorik.values import Money, PersonName
from nagorik_host import open_host
from nagorik_host.store.schema import applications, attempts, places
from nagorik_platform import PlatformSettings, PluginConfiguration
from nagorik_platform.registry import Admission

PLACES = 3
MANIFEST = """\
manifest_version = 1
id = "hatch"
requires_api = "1.0"
name = { en = "A hatch", bn = "একটি জানালা" }
owners = [{ name = "Nagorik, host's tests", contact = "host@nagorik.example" }]
evidence = "modelled"
as_of = 2026-11-24
limits = { concurrency = 3, per_second = 1000 }

[[services]]
id = "hatch.permit"
name = { en = "A permit", bn = "একটি অনুমতি" }
form = "forms:PermitForm"
reads = ["find"]
writes = { submit = "none" }
"""
FORM = """\
from nagorik import Form


class PermitForm(Form):
    word: str
"""
PLUGIN = """\
from nagorik import Accepted, AgencyStatus, ApplicationState, DefinitelyAbsent, hookimpl


@hookimpl
async def nagorik_submit(request, context):
    now = context.clock.now()
    return Accepted(
        reference="R-1", status=AgencyStatus(state=ApplicationState.REJECTED, raw="no", at=now, final=True)
    )


@hookimpl
async def nagorik_find_submission(request, context):
    return DefinitelyAbsent(as_of=context.clock.now())
"""


@pytest.fixture
def hatch(install):
    """The hatch's plugin, installed for one test."""
    return install("hatch", MANIFEST, FORM, PLUGIN)


class Hatch:
    """A host of a hatch whose calls are held up, and all places of which are in use."""

    def __init__(self, host, street):
        self.host, self.street = host, street
        self.worker = host.worker()

    async def apply(self):
        now = self.host.clock.now()
        consent = Consent(
            id="consent-hatch",
            service="hatch.permit",
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(0),
            given_at=now,
            expires_at=now + timedelta(days=400),
        )
        applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
        form = {"word": "a word"}
        return await self.host.apply(
            ApplicationDraft(service="hatch.permit", applicant=applicant, form=form, consent=consent)
        )

    async def fill(self, *, further):
        """Let all places be in use and so many more be due; the ids of those."""
        await self.host.database.run(self.worker._housekeeping.register)
        for _ in range(PLACES):
            await self.apply()
        left = [await self.apply() for _ in range(further)]
        self.street.close("hatch")
        await self.worker.poll()
        while self.street.waiting < PLACES:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        return left

    async def drain(self):
        """Let the calls end, and wait until nothing is in the worker's hands."""
        self.street.open("hatch")
        while self.worker._executor._in_flight:
            await asyncio.wait(set(self.worker._executor._in_flight))

    async def count(self, *conditions):
        query = select(func.count()).select_from(attempts).where(*conditions)
        return await self.host.database.run(lambda t: t.connection.scalar(query))

    async def blocked(self):
        query = select(applications.c.id).where(applications.c.blocked.is_not(None))
        return await self.host.database.run(lambda t: t.connection.scalars(query).all())


@asynccontextmanager
async def opened(url, world):
    plugin = PluginConfiguration(settings={"base_url": "http://127.0.0.1:9"}, egress=frozenset({"127.0.0.1"}))
    settings = PlatformSettings(
        plugins={"hatch": plugin},
        admission=Admission(allow=frozenset({"hatch"})),
        clock=world.clock,
        call_middleware=(world.street,),
    )
    async with open_host(url, world.keyring, settings, lease_clock=world.machine) as host:
        yield Hatch(host, world.street)


async def test_place_goes_on_to_the_next_application_without_another_look(hatch, ready_url, world):
    async with opened(ready_url, world) as one:
        await one.fill(further=4)
        assert await one.count() == PLACES
        await one.drain()
        assert await one.count(attempts.c.ended_at.is_not(None)) == PLACES + 4


async def test_place_goes_on_to_what_was_asked_for_in_vain(hatch, ready_url, world):
    """Another worker has the last place, and said nothing of it before more fell due."""
    async with opened(ready_url, world) as one:
        other = {"plugin": "hatch", "worker": "other", "held": 1, "wanted": 0}
        until = {"held_until": world.machine.now() + timedelta(seconds=30)}
        await one.host.database.run(lambda t: t.connection.execute(insert(places), other | until))
        one.street.close("hatch")
        for _ in range(PLACES - 1):
            await one.apply()
        await one.worker.poll()
        while one.street.waiting < PLACES - 1:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        for _ in range(3):
            await one.apply()
        await one.worker.poll()
        assert await one.count() == PLACES - 1
        await one.drain()
        assert await one.count(attempts.c.ended_at.is_not(None)) == PLACES + 2


async def test_defect_of_the_next_application_is_none_of_the_one_before(hatch, ready_url, world):
    async with opened(ready_url, world) as one:
        (spoilt,) = await one.fill(further=1)
        spoil = update(applications).where(applications.c.id == spoilt).values(progress=b"spoilt")
        await one.host.database.run(lambda t: t.connection.execute(spoil))
        await one.drain()
        assert await one.count(attempts.c.ended_at.is_not(None)) == PLACES
        assert await one.blocked() == []
        await one.worker.poll()
        assert await one.blocked() == [spoilt]
