"""One token for all processes of a host: who logs in, who waits, and what becomes of a login that is lost."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import pytest
from host_world import until
from sqlalchemy import select, update

from nagorik import AgencyUnavailable, CredentialsRejected, RateLimited, Token
from nagorik.errors import CredentialProblem, Layer
from nagorik.manifest import Limits
from nagorik_host.engine.tokens import FEWER, GRACE, SharedTokenStore
from nagorik_host.store import open_database
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.cases import Decision
from nagorik_host.store.restoration import mark_restored
from nagorik_host.store.retention import rotate
from nagorik_host.store.schema import agency_logins, agency_tokens
from nagorik_host.vault import Vault, make_key, make_keys, read_keyring
from nagorik_platform.agency_client import IssuedToken, LoginTerms
from nagorik_platform.agency_client.tokens import REFUSED_PAUSES
from nagorik_testing import SimulatedClock

PROCESSES = 10
DEADLINE = 30.0
LONGEST = DEADLINE + GRACE.total_seconds()
HOUR = timedelta(hours=1)


class Patient(SimulatedClock):
    """Time in which those who wait for a login use none up."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: set[asyncio.Task] = set()

    async def sleep(self, _seconds: float) -> None:
        self.waiting.add(asyncio.current_task())
        await asyncio.sleep(0)


class Agency:
    """Where logins arrive; each waits at the door until it is opened."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.door, self.arrived = asyncio.Event(), asyncio.Event()
        self.door.set()
        self.refuses: Exception | None = None
        self.is_reached = True
        self.logins: list[timedelta] = []

    async def log_in(self, attempt) -> IssuedToken:
        await attempt.begin("POST /login")
        if self.is_reached:
            self.logins.append(self.clock.elapsed())
        else:
            attempt.withdraw("POST /login")
        number = len(self.logins)
        self.arrived.set()
        await self.door.wait()
        if self.refuses is not None:
            raise self.refuses
        return IssuedToken(Token(f"token-{number}"), 3600.0)

    def terms(self, settings="password-1", **limits) -> LoginTerms:
        return LoginTerms("nid", settings, Limits(deadline=DEADLINE, **limits), self.log_in)


@pytest.fixture
def clock():
    return Patient()


@pytest.fixture
def agency(clock):
    return Agency(clock)


@pytest.fixture
async def stores(ready_url, vault, clock):
    """What ten processes have, each with connections of its own."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(PROCESSES):
            database = await open_database(ready_url)
            stack.push_async_callback(database.close)
            made.append(SharedTokenStore(database, vault, clock))
        yield made


async def token(store, terms, stale=None) -> str:
    issued = await store.obtain(terms, stale)
    return issued.token.as_header()[1].decode().removeprefix("Bearer ")


async def refused(store, terms, kind=CredentialsRejected, *, layer=Layer.CORE, stale=None):
    """The error that the store has instead of a token."""
    with pytest.raises(kind) as caught:
        await store.obtain(terms, stale)
    assert caught.value.layer is layer
    return caught.value


def obtaining(agency, *stores):
    return [asyncio.create_task(store.obtain(agency.terms(), None)) for store in stores]


async def test_ten_processes_log_in_once_and_again_when_the_token_has_ended(stores, agency, clock):
    found = await asyncio.gather(*obtaining(agency, *stores))
    assert len(agency.logins) == 1
    assert {(one.login, one.renew_in) for one in found} == {(found[0].login, 3600.0)}
    clock.advance(3599)
    assert (await stores[1].obtain(agency.terms(), None)).renew_in == 1.0
    clock.advance(1)
    await asyncio.gather(*obtaining(agency, *stores))
    assert len(agency.logins) == 2
    # One that is refused at calls of all, and of a call that was on its way for long, is replaced once.
    stale = (await stores[0].obtain(agency.terms(), None)).login
    assert {await token(store, agency.terms(), stale) for store in stores} == {"token-3"}


async def test_all_who_wait_hear_what_a_login_ended_in(stores, agency, clock):
    agency.refuses = CredentialsRejected(CredentialProblem.REVOKED)
    agency.door.clear()
    (first,) = obtaining(agency, stores[0])
    await agency.arrived.wait()
    others = obtaining(agency, *stores[1:])
    await until(lambda: clock.waiting.issuperset(others))
    agency.door.set()
    ends = await asyncio.gather(first, *others, return_exceptions=True)
    assert {(type(one), one.kind) for one in ends} == {(CredentialsRejected, CredentialProblem.REVOKED)}
    assert len(agency.logins) == 1


async def knocks(stores, agency, clock, *, hours, every=timedelta(minutes=15)):
    """At which hours a login arrives when all processes ask every so often."""
    begin = clock.elapsed()
    for _ in range(int(timedelta(hours=hours) / every)):
        for store in stores[:3]:
            with suppress(CredentialsRejected):
                await store.obtain(agency.terms(), None)
        clock.advance(every)
    return [(at - begin) / HOUR for at in agency.logins if at >= begin]


async def test_processes_together_try_refused_credentials_a_few_times_a_day(stores, agency, clock):
    agency.refuses = CredentialsRejected(CredentialProblem.WRONG)
    assert await knocks(stores, agency, clock, hours=30) == [0, 0.25, 1.25, 5.25, 29.25]
    # Other credentials change nothing for these.
    agency.refuses = None
    await stores[0].obtain(agency.terms("password-2"), None)
    agency.refuses = CredentialsRejected(CredentialProblem.WRONG)
    clock.advance(1)
    assert await knocks(stores, agency, clock, hours=20) == []


@pytest.mark.parametrize(("asked", "seconds"), [(None, FEWER), (40.0, 40.0), (1e9, 86_400.0)])
async def test_agency_that_asks_for_fewer_logins_gets_none_until_then(stores, agency, clock, asked, seconds):
    """Or each call that waits for a token would be one more."""
    agency.refuses = RateLimited(retry_after=asked)
    await refused(stores[0], agency.terms(), RateLimited, layer=Layer.AGENCY)
    agency.refuses = None
    for left in (1.0, 0.5):
        held_off = await refused(stores[1], agency.terms(), RateLimited)
        assert held_off.retry_after == pytest.approx(left * seconds)
        clock.advance(0.5 * seconds)
    assert await token(stores[1], agency.terms()) == "token-2"


async def test_one_token_that_is_refused_at_calls_of_many_processes_is_one_refusal(stores, agency, clock):
    issued = await stores[0].obtain(agency.terms(), None)
    await asyncio.gather(
        *(store.refused(agency.terms(), issued.login, CredentialProblem.EXPIRED) for store in stores)
    )
    for store in stores:
        assert (await refused(store, agency.terms())).kind is CredentialProblem.EXPIRED
    clock.advance(REFUSED_PAUSES[0])
    assert await token(stores[1], agency.terms(), issued.login) == "token-2"
    # Of the first one a process may hear as late as now.
    await stores[2].refused(agency.terms(), issued.login, CredentialProblem.EXPIRED)
    assert await token(stores[2], agency.terms()) == "token-2"


@pytest.mark.parametrize("end", ["stands still", "is broken off"])
async def test_a_login_of_a_process_that_is_gone_is_lost_to_another(stores, agency, clock, end):
    agency.door.clear()
    (gone,) = obtaining(agency, stores[0])
    await agency.arrived.wait()
    if end == "stands still":
        clock.advance(LONGEST)
    else:
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
    agency.arrived.clear()
    heir = asyncio.create_task(token(stores[1], agency.terms()))
    await agency.arrived.wait()
    agency.door.set()
    # What the first one brings in the end may have been ended by the second: it is kept for no other.
    await asyncio.gather(gone, return_exceptions=True)
    assert [await heir, await token(stores[2], agency.terms())] == ["token-2"] * 2


async def test_the_agencys_limit_of_logins_is_kept_by_all_processes_together(stores, agency, clock):
    limits = {"logins": 6, "login_period": HOUR}
    agency.is_reached, agency.refuses = False, AgencyUnavailable()
    for store in stores:  # what reached no agency is not counted
        await refused(store, agency.terms(**limits), AgencyUnavailable, layer=Layer.TRANSPORT)
    agency.is_reached, agency.refuses, stale = True, None, None
    for store in stores[:6]:
        stale = (await store.obtain(agency.terms(**limits), stale)).login
        clock.advance(60)
    held_off = await refused(stores[6], agency.terms(**limits), RateLimited, stale=stale)
    assert held_off.retry_after == 3600 + LONGEST - 360
    # Other credentials are the same agency's.
    await refused(stores[7], agency.terms("password-2", **limits), RateLimited)
    assert len(agency.logins) == 6
    clock.advance(held_off.retry_after)
    assert await token(stores[6], agency.terms(**limits), stale) == "token-7"


async def test_a_token_lies_sealed_and_is_wrapped_anew_with_everything_else(database, agency, clock):
    keys = make_keys("first")
    store = SharedTokenStore(database, Vault(read_keyring(keys)), clock)
    await store.obtain(agency.terms("a-secret", logins=5), None)
    (row,) = await database.run(lambda t: t.connection.execute(select(agency_tokens)).all())
    (login,) = await database.run(lambda t: t.connection.execute(select(agency_logins)).all())
    assert not any(secret in repr((row, login)) for secret in ("token-1", "a-secret"))
    newer = Vault(read_keyring(make_key("newer") + keys))
    done = await rotate(database, newer)
    assert (done.keys, done.wrapped_anew, done.damaged) == (1, 1, ())
    again = SharedTokenStore(database, newer, clock)
    assert await token(again, agency.terms("a-secret", logins=5)) == "token-1"


@pytest.mark.parametrize("why", ["cannot be read", "is older than the database"])
async def test_a_token_that_is_of_no_use_is_replaced(database, vault, agency, clock, why):
    store = SharedTokenStore(database, vault, clock)
    await store.obtain(agency.terms(), None)
    if why == "cannot be read":
        await database.run(lambda t: t.connection.execute(update(agency_tokens).values(sealed=b"rubbish")))
    else:
        restored = Decision(clock.now(), "officer", "restored", "database", "a drill")
        await database.run(lambda t: mark_restored(t, ApplicationStore(vault), restored, lease_now=clock.now()))
    assert await token(store, agency.terms()) == "token-2"
