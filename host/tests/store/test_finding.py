"""Who took an application in finds it again: by reference, by the applicant's mobile, in lists and among cases."""

import pytest
from sqlalchemy import select

from nagorik.values import MobileNumber
from nagorik_host import ApplicationFilter
from nagorik_host.store.application_store import NoSuchApplication
from nagorik_host.store.retention import erase
from nagorik_host.store.schema import applicant_mobiles

MOBILE = MobileNumber.parse("01712345678")
OTHER = MobileNumber.parse("01812345678")


@pytest.fixture
async def host(world, ready_url):
    async with world.host(ready_url) as opened:
        yield opened


async def apply(world, host, number=1, *, phone=MOBILE, owner="centre-0042", reference=None):
    draft = world.draft(number)
    applicant = draft.applicant.model_copy(update={"phone": phone})
    draft = draft.model_copy(update={"applicant": applicant})
    return await host.apply(draft, consent=world.consent(), owner=owner, client_reference=reference)


async def found(host, text, **also):
    return [row.id for row in await host.search(text, **also)]


async def test_owner_is_who_took_it_in(world, host):
    mine, by_nobody = await apply(world, host), await apply(world, host, 2, owner=None)
    assert await host.owner(mine) == "centre-0042"
    assert await host.owner(by_nobody) is None
    for unknown in ("nothing", "\x00", "\ud800"):
        with pytest.raises(NoSuchApplication):
            await host.owner(unknown)


async def test_applicants_mobile_is_found_in_any_form_among_ones_own(world, host):
    mine = [await apply(world, host, each) for each in (1, 2)]
    others = await apply(world, host, 3, owner="centre-0007")
    await apply(world, host, 4, phone=None)
    for written in ("01712345678", "+880 1712-345678", "০১৭১২৩৪৫৬৭৮"):
        assert set(await found(host, written)) == {*mine, others}
        assert set(await found(host, written, owner="centre-0042")) == set(mine)
    assert len(await found(host, "01712345678", owner="centre-0042", limit=1)) == 1
    assert await found(host, OTHER.e164) == []


async def test_references_are_found_among_ones_own(world, host):
    mine = await apply(world, host, reference="NGK-MINE")
    assert await found(host, "NGK-MINE") == await found(host, mine.upper(), owner="centre-0042") == [mine]
    assert await found(host, "NGK-MINE", owner="centre-0007") == []
    for nonsense in ("", "\x00", "\ud800", "%", "x" * 100_000):
        assert await found(host, nonsense) == []


async def test_mobile_follows_a_correction_and_is_gone_with_the_citizens_data(world, host):
    mine, now = await apply(world, host), world.clock.now()

    def correct(draft):
        applicant = draft.applicant.model_copy(update={"phone": OTHER})
        return draft.model_copy(update={"applicant": applicant})

    def unit(transaction):
        stored = host.store.read(transaction, mine, for_change=True)
        return host.store.correct(transaction, stored, correct, now)

    await host.database.run(unit)
    assert await found(host, MOBILE.local) == []
    assert await found(host, OTHER.local) == [mine]
    kept = await host.database.run(lambda one: one.connection.execute(select(applicant_mobiles)).all())
    assert OTHER.e164[4:] not in str(kept)
    await host.act(mine, "withdraw")
    await host.database.run(lambda transaction: erase(transaction, mine, now))
    assert await found(host, OTHER.local) == []
    assert await host.database.run(lambda one: one.connection.execute(select(applicant_mobiles)).all()) == []
    assert await host.owner(mine) == "centre-0042"


async def test_lists_and_cases_are_those_of_an_owner(world, host):
    mine, others = await apply(world, host), await apply(world, host, 2, owner="centre-0007")
    page = await host.applications(ApplicationFilter(owner="centre-0042"), limit=10)
    assert [row.id for row in page.rows] == [mine]
    assert {row.id for row in (await host.applications(ApplicationFilter(), limit=10)).rows} == {mine, others}
    assert await host.cases(10) == []
