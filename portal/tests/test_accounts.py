"""Who may come in: operators by password, machines by key; who guesses has to wait."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from nagorik_host.store.audit import verify_ledger
from nagorik_portal.accounts import Accounts, SignInRefused, SignInThrottled
from nagorik_portal.actors import NotPermitted
from nagorik_portal.errors import GivenInvalid
from nagorik_portal.schema import attempts
from nagorik_testing import SimulatedClock

OPERATOR = "centre-0042/operator-7"
PASSWORD = "a long synthetic phrase"
WRONG = "another phrase"


@pytest.fixture
def clock():
    return SimulatedClock()


@pytest.fixture
async def accounts(database, vault, clock):
    accounts = Accounts(database, vault, clock)
    await accounts.add_operator(OPERATOR, "Desk 7", PASSWORD, scopes=["apply", "view"], services=["nid.reissue"])
    yield accounts
    # What the portal writes is what the audit expects, whatever a test did.
    assert [one.findings async for one in verify_ledger(database, vault) if one.findings] == []


async def refused(accounts, *, name=OPERATOR, password=WRONG, kind=SignInRefused):
    with pytest.raises(kind) as caught:
        await accounts.sign_in(name, password)
    return caught.value


async def test_an_operator_signs_in_and_out(accounts):
    token = await accounts.sign_in(f" {OPERATOR.upper()} ", PASSWORD)
    actor = await accounts.session(token)
    assert (actor.id, actor.centre, actor.kind, actor.name) == (OPERATOR, "centre-0042", "operator", "Desk 7")
    assert (actor.scopes, actor.services) == ({"apply", "view"}, {"nid.reissue"})
    actor.require("apply", "nid.reissue")
    for scope, service in (("decide", None), ("apply", "passport.new")):
        with pytest.raises(NotPermitted):
            actor.require(scope, service)
    assert await accounts.session(token[:-1]) is None
    await accounts.sign_out(token)
    assert await accounts.session(token) is None


async def test_a_session_ends_by_idleness_and_by_age(accounts, clock):
    idle, used = [await accounts.sign_in(OPERATOR, PASSWORD) for _ in range(2)]
    for _ in range(13):
        clock.advance(timedelta(minutes=50))
        assert await accounts.session(used) is not None
    assert await accounts.session(idle) is None
    clock.advance(timedelta(minutes=50))
    assert await accounts.session(used) is not None
    clock.advance(timedelta(minutes=21))
    assert await accounts.session(used) is None


async def test_a_form_carries_a_text_of_its_session(accounts):
    one, other = [await accounts.sign_in(OPERATOR, PASSWORD) for _ in range(2)]
    assert accounts.csrf(one) == accounts.csrf(one) != accounts.csrf(other)


async def test_neither_name_nor_password_alone_lets_in_and_both_are_refused_alike(accounts):
    wrong = await refused(accounts)
    unknown = await refused(accounts, name="centre-0042/operator-8", password=PASSWORD)
    assert (wrong.code, wrong.status) == ("sign-in-refused", 401)
    assert unknown.to_problem() == wrong.to_problem()


@pytest.fixture
def begin(accounts, vault):
    """Begins a sign-in without a password, which takes time: how long it has to wait."""

    async def run(name=OPERATOR):
        try:
            await accounts._begin(vault.lookup("portal-sign-in", name))
        except SignInThrottled as throttled:
            return throttled.retry_after
        return None

    return run


async def test_the_fifth_failure_makes_a_name_wait_longer_each_time_and_a_success_forgets_it(accounts, begin, clock):
    waits = []
    for number in range(15):
        assert await begin() is None
        # Nothing is counted of one that has to wait, and others do not wait.
        waits += [await begin()] if number >= 4 else []
        assert number > 3 or await begin("centre-0042/operator-8") is None
        clock.advance(timedelta(seconds=waits[-1] if waits else 0))
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    await accounts.sign_in(OPERATOR, PASSWORD)
    assert [await begin() for _ in range(4)] == [None] * 4


async def test_the_right_password_waits_with_the_wrong_ones(accounts, begin, clock):
    for _ in range(5):
        await begin()
    waiting = await refused(accounts, password=PASSWORD, kind=SignInThrottled)
    assert (waiting.code, waiting.status, waiting.retry_after) == ("sign-in-throttled", 429, 2)
    assert "Wait" in waiting.message.en
    clock.advance(timedelta(seconds=2))
    assert await accounts.session(await accounts.sign_in(OPERATOR, PASSWORD)) is not None


async def test_what_is_a_day_old_counts_no_more_and_guessed_names_do_not_fill_the_table(begin, database, clock):
    for number in range(20):
        assert await begin(f"centre-0042/operator-{number}") is None
    clock.advance(timedelta(days=2))
    assert await begin() is None
    assert await database.run(lambda unit: unit.connection.scalar(select(func.count()).select_from(attempts))) == 1


async def test_a_replaced_and_a_disabled_account_end_sessions(accounts):
    token = await accounts.sign_in(OPERATOR, PASSWORD)
    await accounts.add_operator(OPERATOR, "Desk 7", "another synthetic phrase", scopes=["view"])
    assert await accounts.session(token) is None
    await refused(accounts, password=PASSWORD)
    token = await accounts.sign_in(OPERATOR, "another synthetic phrase")
    await accounts.end(OPERATOR)
    assert await accounts.session(token) is None
    await refused(accounts, password="another synthetic phrase")


@pytest.mark.parametrize(
    ("identity", "name", "password", "scopes", "says"),
    [
        ("operator-7", "Desk", PASSWORD, ["view"], "such as centre-0042/operator-7"),
        ("Centre/7", "Desk", PASSWORD, ["view"], "such as centre-0042/operator-7"),
        ("centre/8", " ", PASSWORD, ["view"], "of 1 to 120 characters"),
        ("centre/8", "Desk", "short", ["view"], "12 to 200"),
        ("centre/8", "Desk", "x" * 201, ["view"], "12 to 200"),
        ("centre/8", "Desk", PASSWORD, [], "at least one scope"),
    ],
)
async def test_an_account_that_cannot_be_is_refused(accounts, identity, name, password, scopes, says):
    with pytest.raises(GivenInvalid, match=says):
        await accounts.add_operator(identity, name, password, scopes=scopes)


async def test_a_machine_comes_in_by_its_key_until_it_expires_or_is_revoked(accounts, clock):
    key = await accounts.make_key("centre-0042/app-shop", "Shop", scopes=["events"], days=2)
    assert key.startswith("ngk_")
    assert len(key.rpartition("_")[2]) * 5 == 160
    actor = await accounts.machine(key)
    assert (actor.id, actor.kind, actor.scopes, actor.services) == (
        "centre-0042/app-shop",
        "machine",
        {"events"},
        None,
    )
    assert await accounts.machine(key[:-1]) is None
    clock.advance(timedelta(days=2))
    assert await accounts.machine(key) is None
    other = await accounts.make_key("centre-0042/app-shop", "Shop", scopes=["events"])
    assert await accounts.machine(other) is not None
    _, first, second = sorted(await accounts.listed(), key=lambda one: (one.kind == "key", one.made_at))
    assert (first.used_at, second.used_at) == (clock.now() - timedelta(days=2), clock.now())
    await accounts.end(second.id)
    assert await accounts.machine(other) is None
    with pytest.raises(GivenInvalid):
        await accounts.end(second.id)


async def test_colleagues_are_shown_by_name(accounts):
    await accounts.add_operator("centre-0001/operator-1", "Elsewhere", PASSWORD, scopes=["view"])
    assert await accounts.names("centre-0042") == {OPERATOR: "Desk 7"}
