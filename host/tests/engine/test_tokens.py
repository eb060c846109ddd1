"""One token for all processes of a host: who logs in, who waits, and what becomes of a login that is lost."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from nagorik import AgencyUnavailable, CredentialsRejected, RateLimited, Token
from nagorik.errors import CredentialProblem, Layer
from nagorik.manifest import Limits
from nagorik_host.engine.restoration import mark_restored
from nagorik_host.engine.tokens import FEWER, GRACE, SharedTokenStore
from nagorik_host.store import open_database
from nagorik_host.store.application_store import ApplicationStore
from nagorik_host.store.cases import Decision
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
    """Time in which whoever waits for a login uses none up."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: set[asyncio.Task] = set()
        self._slept = asyncio.Event()

    async def sleep(self, _seconds: float) -> None:
        self._waiting.add(asyncio.current_task())
        self._slept.set()
        await asyncio.sleep(0)

    async def slept_on_by(self, *tasks: asyncio.Task) -> None:
        """Return when each of these has waited."""
        while not self._waiting.issuperset(tasks):
            self._slept.clear()
            await self._slept.wait()


class Agency:
    """Where logins arrive; each waits at the door until it is opened."""

    def __init__(self, clock: SimulatedClock) -> None:
        self.clock = clock
        self.door = asyncio.Event()
        self.door.set()
        self.arrived = asyncio.Event()
        self.refuses: Exception | None = None
        self.is_reached = True
        self.again = 0
        self.logins: list[timedelta] = []

    async def log_in(self, attempt) -> IssuedToken:
        for _ in range(1 + self.again):
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


def header(issued: IssuedToken) -> bytes:
    return issued.token.as_header()[1]


async def test_ten_processes_log_in_once_and_again_when_the_token_has_ended(stores, agency, clock):
    found = await asyncio.gather(*(store.obtain(agency.terms(), None) for store in stores))
    assert len(agency.logins) == 1
    assert {(header(one), one.login, one.renew_in) for one in found} == {(b"Bearer token-1", found[0].login, 3600.0)}
    clock.advance(3599)
    assert (await stores[1].obtain(agency.terms(), None)).renew_in == 1.0
    clock.advance(1)
    await asyncio.gather(*(store.obtain(agency.terms(), None) for store in stores))
    assert len(agency.logins) == 2


async def test_a_token_that_all_were_refused_with_is_renewed_once(stores, agency):
    first = await stores[0].obtain(agency.terms(), None)
    found = await asyncio.gather(*(store.obtain(agency.terms(), first.login) for store in stores))
    assert len(agency.logins) == 2
    assert {header(one) for one in found} == {b"Bearer token-2"}
    # One whose request was on its way for long hears only now that its token is no good.
    late = await stores[3].obtain(agency.terms(), first.login)
    assert (header(late), len(agency.logins)) == (b"Bearer token-2", 2)


async def test_a_token_of_another_process_says_when_its_login_began(stores, agency, clock):
    agency.door.clear()
    slow = asyncio.create_task(stores[0].obtain(agency.terms(), None))
    await agency.arrived.wait()
    began = clock.monotonic()
    clock.advance(20)
    agency.door.set()
    own = await slow
    clock.advance(100)
    assert [own.began, (await stores[1].obtain(agency.terms(), None)).began] == [began, pytest.approx(began)]


async def test_all_who_wait_hear_what_a_login_ended_in(stores, agency, clock):
    agency.refuses = CredentialsRejected(CredentialProblem.REVOKED)
    agency.door.clear()
    first = asyncio.create_task(stores[0].obtain(agency.terms(), None))
    await agency.arrived.wait()
    others = [asyncio.create_task(store.obtain(agency.terms(), None)) for store in stores[1:]]
    await clock.slept_on_by(*others)
    agency.door.set()
    ends = await asyncio.gather(first, *others, return_exceptions=True)
    assert {(type(one), one.kind) for one in ends} == {(CredentialsRejected, CredentialProblem.REVOKED)}
    assert len(agency.logins) == 1
    # Whoever comes after them hears the same, and tries anew when it is time.
    agency.refuses = None
    with pytest.raises(CredentialsRejected) as held_off:
        await stores[4].obtain(agency.terms(), None)
    assert (held_off.value.kind, held_off.value.layer) == (CredentialProblem.REVOKED, Layer.CORE)
    clock.advance(REFUSED_PAUSES[0])
    assert header(await stores[4].obtain(agency.terms(), None)) == b"Bearer token-2"


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
    # Others are nobody's fault.
    agency.refuses = None
    await stores[0].obtain(agency.terms("password-2"), None)
    agency.refuses, before = CredentialsRejected(CredentialProblem.WRONG), len(agency.logins)
    await knocks(stores, agency, clock, hours=20)
    assert len(agency.logins) == before


@pytest.mark.parametrize(("asked", "seconds"), [(None, FEWER), (40.0, 40.0), (1e9, 86_400.0)])
async def test_agency_that_asks_for_fewer_logins_gets_none_until_then(stores, agency, clock, asked, seconds):
    """Or each call that waits for a token would be one more."""
    agency.refuses, begin = RateLimited(retry_after=asked), clock.now()
    with pytest.raises(RateLimited) as first:
        await stores[0].obtain(agency.terms(), None)
    assert first.value.layer is Layer.AGENCY
    for left in (1.0, 0.75, 0.25):
        clock.set(begin + timedelta(seconds=(1 - left) * seconds))
        with pytest.raises(RateLimited) as held_off:
            await stores[1].obtain(agency.terms(), None)
        assert held_off.value.layer is Layer.CORE
        assert held_off.value.retry_after == pytest.approx(left * seconds)
    assert len(agency.logins) == 1
    agency.refuses = None
    clock.advance(0.25 * seconds)
    assert header(await stores[1].obtain(agency.terms(), None)) == b"Bearer token-2"


async def test_one_token_that_is_refused_at_calls_of_many_processes_is_one_refusal(stores, agency, clock):
    issued = await stores[0].obtain(agency.terms(), None)
    refused = (store.refused(agency.terms(), issued.login, CredentialProblem.EXPIRED) for store in stores)
    await asyncio.gather(*refused)
    # It is nobody's any more, and all hear why.
    for store in stores:
        with pytest.raises(CredentialsRejected) as held_off:
            await store.obtain(agency.terms(), None)
        assert (held_off.value.kind, held_off.value.layer) == (CredentialProblem.EXPIRED, Layer.CORE)
    clock.advance(REFUSED_PAUSES[0])
    again = await stores[1].obtain(agency.terms(), issued.login)
    assert len(agency.logins) == 2
    # Of the first one somebody may hear as late as now.
    await stores[2].refused(agency.terms(), issued.login, CredentialProblem.EXPIRED)
    assert (await stores[2].obtain(agency.terms(), None)).login == again.login


async def test_a_login_of_a_process_that_stands_still_is_lost_to_another(stores, agency, clock):
    agency.door.clear()
    frozen = asyncio.create_task(stores[0].obtain(agency.terms(), None))
    await agency.arrived.wait()
    agency.arrived.clear()
    waiting = asyncio.create_task(stores[1].obtain(agency.terms(), None))
    await clock.slept_on_by(waiting)
    clock.advance(timedelta(seconds=DEADLINE) + GRACE)
    await agency.arrived.wait()
    agency.door.set()
    # What the first one brings in the end may have been ended by the second: it is kept for no other.
    assert header(await waiting) == b"Bearer token-2"
    assert header(await frozen) == b"Bearer token-1"
    assert header(await stores[2].obtain(agency.terms(), None)) == b"Bearer token-2"
    assert len(agency.logins) == 2


async def test_a_login_that_is_broken_off_is_nobodys_at_once(stores, agency):
    agency.door.clear()
    leaving = asyncio.create_task(stores[0].obtain(agency.terms(), None))
    await agency.arrived.wait()
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    agency.door.set()
    assert header(await stores[1].obtain(agency.terms(), None)) == b"Bearer token-2"


async def test_login_that_reached_nobody_is_not_counted(stores, agency):
    terms, agency.is_reached, agency.refuses = agency.terms(logins=1), False, AgencyUnavailable()
    for store in stores[:3]:
        with pytest.raises(AgencyUnavailable):
            await store.obtain(terms, None)


async def test_the_agencys_limit_of_logins_is_kept_by_all_processes_together(stores, agency, clock):
    stale = None
    for store in stores[:6]:
        stale = (await store.obtain(agency.terms(logins=6, login_period=HOUR), stale)).login
        clock.advance(60)
    with pytest.raises(RateLimited) as refused:
        await stores[6].obtain(agency.terms(logins=6, login_period=HOUR), stale)
    assert (refused.value.retry_after, refused.value.layer) == (3600 + LONGEST - 360, Layer.CORE)
    # Other credentials are the same agency's.
    with pytest.raises(RateLimited):
        await stores[7].obtain(agency.terms("password-2", logins=6, login_period=HOUR), None)
    assert len(agency.logins) == 6
    clock.advance(refused.value.retry_after)
    await stores[6].obtain(agency.terms(logins=6, login_period=HOUR), stale)
    assert len(agency.logins) == 7


async def test_a_login_counts_each_time_that_it_is_sent_until_it_can_reach_the_agency_no_more(stores, agency, clock):
    agency.again, terms = 1, agency.terms(logins=2, login_period=HOUR)
    first = await stores[0].obtain(terms, None)
    clock.advance(20)
    with pytest.raises(RateLimited) as refused:
        await stores[1].obtain(terms, first.login)
    assert refused.value.retry_after == 3600 + LONGEST - 20
    # The limit is met in the middle of a login.
    clock.advance(refused.value.retry_after)
    agency.again = 2
    with pytest.raises(RateLimited):
        await stores[1].obtain(terms, first.login)
    assert len(agency.logins) == 4


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
    again = await SharedTokenStore(database, newer, clock).obtain(agency.terms("a-secret", logins=5), None)
    assert (header(again), len(agency.logins)) == (b"Bearer token-1", 1)


async def test_a_token_that_cannot_be_read_is_replaced(database, vault, agency, clock):
    store = SharedTokenStore(database, vault, clock)
    await store.obtain(agency.terms(), None)
    await database.run(lambda t: t.connection.execute(update(agency_tokens).values(sealed=b"rubbish")))
    assert header(await store.obtain(agency.terms(), None)) == b"Bearer token-2"


async def test_a_restored_database_lets_everybody_log_in_anew(database, vault, agency, clock):
    store = SharedTokenStore(database, vault, clock)
    await store.obtain(agency.terms(), None)
    restored = Decision(clock.now(), "officer", "restored", "database", "a drill")
    await database.run(lambda t: mark_restored(t, ApplicationStore(vault), restored, lease_now=clock.now()))
    assert header(await store.obtain(agency.terms(), None)) == b"Bearer token-2"


async def test_without_the_database_nobody_logs_in(vault, agency, clock):
    database = await open_database("postgresql://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(AgencyUnavailable) as away:
        await SharedTokenStore(database, vault, clock).obtain(agency.terms(), None)
    assert (away.value.because, agency.logins) == ("database-away", [])
    await database.close()
