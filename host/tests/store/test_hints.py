"""Hints on PostgreSQL: enqueued with the change, taken once, and nothing personal in them."""

import asyncio
from uuid import uuid4

import pytest

from nagorik_host.store import open_database
from nagorik_host.store.upgrade import upgrade


@pytest.fixture
async def shared(ready_postgresql):
    opened = await open_database(ready_postgresql)
    yield opened
    await opened.close()


def waking(*applications: str, agency: str = "nid"):
    def unit(transaction):
        for application in applications:
            transaction.add_hint(application, agency)

    return unit


async def test_hint_is_heard_when_it_is_committed_and_taken_once(shared):
    heard = asyncio.Event()
    application = str(uuid4())
    async with shared.hints(["nid"], heard.set) as hints, shared.hints(["nid"], heard.set) as others:
        assert await hints.take() == []
        await shared.run(waking(application))
        await asyncio.wait_for(heard.wait(), 10)
        assert await hints.take() == [application]
        assert await hints.take() == await others.take() == []


async def test_change_that_is_rolled_back_gives_no_hint(shared):
    def unit(transaction):
        transaction.add_hint(str(uuid4()), "nid")
        raise ArithmeticError

    async with shared.hints(["nid"], lambda: None) as hints:
        with pytest.raises(ArithmeticError):
            await shared.run(unit)
        assert await hints.take() == []


async def test_hints_for_one_application_are_one_hint(shared):
    application, other = str(uuid4()), str(uuid4())
    async with shared.hints(["nid"], lambda: None) as hints:
        await shared.run(waking(application))
        await shared.run(waking(application, other))
        assert sorted(await hints.take()) == sorted([application, other])


async def test_application_that_is_taken_in_hand_at_once_needs_no_hint(shared):
    application = str(uuid4())

    def unit(transaction):
        transaction.add_hint(application, "nid")
        transaction.drop_hint(application)

    async with shared.hints(["nid"], lambda: None) as hints:
        await shared.run(unit)
        assert await hints.take() == []


async def test_hints_are_for_those_who_call_that_agency(shared):
    application = str(uuid4())
    async with shared.hints(["nid"], lambda: None) as hints, shared.hints(["cashdesk"], lambda: None) as desk:
        await shared.run(waking(application, agency="cashdesk"))
        assert await hints.take() == []
        assert await desk.take() == [application]


async def test_hint_is_left_to_the_one_that_looks_after_its_agency(shared):
    nid, desk = str(uuid4()), str(uuid4())
    async with (
        shared.hints(["nid", "cashdesk"], lambda: None) as one,
        shared.hints(["nid", "cashdesk"], lambda: None) as other,
    ):
        await shared.run(waking(nid))
        await shared.run(waking(desk, agency="cashdesk"))
        assert await one.take([]) == []
        assert await one.take(["cashdesk"]) == [desk]
        assert await other.take(["nid"]) == [nid]


async def test_upgrade_may_be_done_again_and_by_two_at_once(postgresql_url):
    opened = await open_database(postgresql_url)
    try:
        await asyncio.gather(opened.prepare(), opened.prepare())
        assert (await upgrade(opened))[0] is None
        before, after = await upgrade(opened)
        assert before == after
    finally:
        await opened.close()
