"""A request that comes twice changes nothing the second time, and one that is outdated changes nothing at all."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from nagorik_host import KeyReused, RequestKey, RevisionOutdated
from nagorik_host.store.application_store import AlreadyOpen, NoSuchApplication
from nagorik_host.store.request_keys import KEPT
from nagorik_host.store.retention import erase
from nagorik_host.store.schema import applications, journal, request_keys
from nagorik_host.vault import Erased
from nagorik_host.views import CITIZEN
from nagorik_platform.lifecycle import Decided, NotPossible


def key(name="request-1", body=b"{}", *, client="centre-0042/app-shop", operation="apply"):
    return RequestKey(client, operation, name, hashlib.sha256(body).digest())


async def number(host, table):
    query = select(func.count()).select_from(table)
    return await host.database.run(lambda transaction: transaction.connection.scalar(query))


@pytest.fixture
async def host(world, ready_url):
    async with world.host(ready_url) as opened:
        yield opened


async def test_two_calls_at_once_with_one_key_make_one_application(world, ready_url, host):
    draft, consent = world.draft(), world.consent()
    async with world.host(ready_url) as other:
        made = await asyncio.gather(*(one.apply(draft, consent=consent, key=key()) for one in (host, other) * 4))
    assert len(set(made)) == 1
    assert await number(host, applications) == await number(host, request_keys) == 1
    assert await host.replayed(key()) == made[0]


async def test_key_of_one_request_is_refused_with_another_and_is_another_clients_own(world, host):
    first = await host.apply(world.draft(), key=key())
    with pytest.raises(KeyReused) as refused:
        await host.apply(world.draft(2), key=key(body=b"[]"))
    assert refused.value.to_problem()["status"] == 422
    with pytest.raises(KeyReused):
        await host.replayed(key(body=b"[]"))
    assert await number(host, applications) == 1
    assert await host.apply(world.draft(2), key=key(body=b"[]", client="centre-0007/app-shop")) != first


async def test_two_requests_at_once_with_one_key_and_other_content_make_one_application(world, host):
    given = [host.apply(world.draft(each), key=key(body=bytes([each]))) for each in range(4)]
    made = await asyncio.gather(*given, return_exceptions=True)
    assert [type(one) for one in made if not isinstance(one, str)] == [KeyReused] * 3
    assert await number(host, applications) == 1


async def test_key_is_kept_with_its_change_or_not_at_all(world, host):
    await host.apply(world.draft(), client_reference="NGK-1")
    with pytest.raises(AlreadyOpen):
        await host.apply(world.draft(), client_reference="NGK-1", key=key())
    application = await host.apply(world.draft(2))
    with pytest.raises(NotPossible):
        await host.act(application, "received", key=key(operation="act"))
    with pytest.raises(NoSuchApplication):
        await host.act("nothing", "withdraw", key=key(operation="act"))
    assert await number(host, request_keys) == 0
    await host.act(application, "withdraw", key=key(operation="act"))
    assert await host.replayed(key(operation="act")) == application


async def test_what_was_done_once_returns_how_it_stands_now(world, host):
    application = await host.apply(world.draft(), consent=world.consent())
    consent = world.consent().model_copy(update={"id": "consent-2"})
    given = await host.consent(application, consent, key=key(operation="consent"))
    withdrawn = await host.act(application, "withdraw", key=key(operation="act"), revision=given.events)
    entries = await number(host, journal)
    assert await host.consent(application, consent, key=key(operation="consent")) == withdrawn
    # The revision of before is no hindrance: it was the right one when the request was taken in.
    again = await host.act(application, "withdraw", key=key(operation="act"), revision=given.events)
    assert again == withdrawn
    assert await number(host, journal) == entries
    with pytest.raises(KeyReused):
        await host.act(await host.apply(world.draft(2)), "withdraw", key=key(operation="act"))


async def test_outdated_revision_changes_nothing(world, host):
    application = await host.apply(world.draft(), consent=world.consent())
    seen = (await host.view(application, CITIZEN)).revision
    await host.consent(application, world.consent(), revision=seen)
    entries = await number(host, journal)
    decision = Decided(officer="A. Rahman", reason="seen")
    for outdated in (
        host.act(application, "withdraw", revision=seen, key=key()),
        host.consent(application, world.consent(), revision=seen),
        host.decide(application, decision, revision=seen),
    ):
        with pytest.raises(RevisionOutdated) as refused:
            await outdated
        assert refused.value.to_problem()["status"] == 412
    assert await number(host, journal) == entries
    assert await number(host, request_keys) == 0
    assert (await host.view(application, CITIZEN)).revision > seen


async def test_key_may_be_for_what_a_program_keeps_itself(host):
    both = [host.remember(key(operation="draft"), subject) for subject in ("draft-1", "draft-2")]
    assert set(await asyncio.gather(*both)) in ({"draft-1"}, {"draft-2"})


async def test_key_is_forgotten_after_its_time_and_the_request_is_known_even_so(world, host):
    made = await host.apply(world.draft(), key=key())
    housekeeping = host.worker().housekeeping
    world.clock.advance(KEPT)
    await housekeeping.drop_old_keys()
    assert await host.replayed(key()) == made
    world.clock.advance(timedelta(microseconds=1))
    await housekeeping.drop_old_keys()
    assert await host.replayed(key()) is None
    with pytest.raises(AlreadyOpen) as there:
        await host.apply(world.draft(), key=key())
    assert there.value.application == made


async def test_nothing_of_key_or_request_is_readable_and_an_erasure_ends_the_comparison(world, host):
    made = await host.apply(world.draft(), key=key("01700000000"))
    await host.act(made, "withdraw")

    def rows(transaction):
        return [tuple(row) for row in transaction.connection.execute(select(request_keys))]

    (row,) = await host.database.run(rows)
    assert not {"01700000000", "centre-0042/app-shop", hashlib.sha256(b"{}").hexdigest()} & set(map(str, row))
    await host.database.run(lambda transaction: erase(transaction, made, world.clock.now()))
    assert await host.apply(world.draft(), key=key("01700000000", b"[]")) == made
    with pytest.raises(Erased):
        await host.act(made, "withdraw", key=key("01700000000", operation="act"))
