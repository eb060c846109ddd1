"""When an agency can be reached: over both ways to it, by declaration, by a test and by hand."""

from datetime import UTC, date, datetime, timedelta
from functools import partial

import httpx
import pytest
from pydantic import ValidationError
from small_agency import Registry

from nagorik.clock import Deadline
from nagorik.errors import AgencyClosed, AgencyUnavailable, ContractViolation, RateLimited
from nagorik.http import WireModel
from nagorik.manifest import parse_manifest
from nagorik.operations import Operation
from nagorik.settings import AgencySettings
from nagorik_platform.agency_client import AgencyClient
from nagorik_testing import (
    AnswerLost,
    BrownOut,
    ClosedOutside,
    MaintenancePage,
    NotSent,
    Outage,
    RateLimit,
    SimulatorTransport,
)

FILE = "POST /files"
FORM = {"clientReference": "ref-1"}
TEN_IN_DHAKA = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)

MANIFEST = """
manifest_version = 1
id = "registry"
requires_api = "1.0"
name = { en = "Registry", bn = "নিবন্ধন" }
owners = [{ name = "Tests", contact = "tests@registry.example" }]
evidence = "modelled"
as_of = 2026-11-24
egress = ["registry.example"]
%s

[[services]]
id = "registry.filing"
name = { en = "Filing", bn = "দাখিল" }
form = "forms:Form"
reads = ["find"]
writes = { submit = "client-reference" }
"""
HOURS = 'windows = [{ days = "sat-fri", open = "08:00", close = "22:00" }]'


class NightPortal(Registry):
    """Answers from eight in the morning to ten at night."""

    declared_conditions = (ClosedOutside(open="08:00", close="22:00"),)


@pytest.fixture
def portal():
    return NightPortal()


@pytest.mark.parametrize(
    ("hours", "status"), [(11, 201), (11.999, 201), (12, 503), (21.999, 503), (22, 201), (36, 503)]
)
async def test_portal_closes_at_ten_and_opens_at_eight_in_dhaka(portal, reach, hours, status):
    portal.clock.set(TEN_IN_DHAKA + timedelta(hours=hours))
    async with reach(portal) as client:
        assert (await client.post("/files", json=FORM)).status_code == status
    assert len(portal.files) == (status == 201)
    (seen,) = portal.ledger.requests(FILE)
    assert (seen.fault, seen.status) == ((None, 201) if status == 201 else ("status", None))
    assert portal.conditions.met == ({} if status == 201 else {"closed-outside": 1})


async def test_closed_days_and_holidays(registry, reach):
    registry.conditions.add(
        ClosedOutside(
            open="09:00", close="17:00", days="sun-thu", holidays=(date(2026, 12, 16),), fault=MaintenancePage()
        )
    )
    answers = {}
    async with reach(registry) as client:
        for day in (24, 27, 28, 29, 30, 46):  # Tuesday, Friday, Saturday, Sunday, Monday, Victory Day
            registry.clock.set(datetime(2026, 11, 1, 4, tzinfo=UTC) + timedelta(days=day - 1))
            answers[day] = (await client.post("/files", json=FORM)).headers["content-type"].split(";")[0]
    page, answer = "text/html", "application/json"
    assert list(answers.values()) == [answer, page, page, answer, answer, page]


async def test_outage_of_days_ends_on_the_simulated_clock(registry, reach):
    begin, end = TEN_IN_DHAKA + timedelta(days=1), TEN_IN_DHAKA + timedelta(days=4)
    registry.conditions.add(Outage(begin=begin, end=end))
    reached = []
    async with reach(registry) as client:
        for instant in (begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end):
            registry.clock.set(instant)
            try:
                reached.append((await client.post("/files", json=FORM)).status_code)
            except httpx.TransportError:
                reached.append(None)
    assert reached == [201, None, None, 201]
    assert len(registry.files) == 2


def test_outage_refuses_connections_where_nothing_else_is_said():
    assert Outage(begin=TEN_IN_DHAKA, end=TEN_IN_DHAKA + timedelta(hours=1)).fault == NotSent()


async def brown_out(seed, share):
    agency = Registry(seed=seed)
    agency.conditions.add(BrownOut(share=share))
    async with httpx.AsyncClient(transport=SimulatorTransport(agency), base_url="http://registry") as client:
        return [(await client.post("/files", json=FORM)).status_code for _ in range(200)]


async def test_brown_out_hits_a_share_that_the_seed_decides():
    first, again, other = await brown_out(7, 0.2), await brown_out(7, 0.2), await brown_out(8, 0.2)
    assert first == again != other
    assert 20 <= first.count(503) <= 60
    assert set(await brown_out(7, 1.0)) == {503}


async def test_brown_out_ends(registry, reach):
    registry.conditions.add(BrownOut(share=1, begin=TEN_IN_DHAKA, end=TEN_IN_DHAKA + timedelta(hours=1)))
    async with reach(registry) as client:
        assert (await client.post("/files", json=FORM)).status_code == 503
        registry.clock.advance(3600)
        assert (await client.post("/files", json=FORM)).status_code == 201


async def test_too_many_requests_are_turned_away_unprocessed_and_told_when_to_come_back(registry, reach):
    registry.conditions.add(RateLimit(requests=2, seconds=10))
    async with reach(registry) as client:
        first = await client.post("/files", json=FORM)
        registry.clock.advance(4)
        second, third = [await client.post("/files", json=FORM) for _ in range(2)]
        registry.clock.advance(6)
        fourth, fifth = [await client.post("/files", json=FORM) for _ in range(2)]
    assert [one.status_code for one in (first, second, third, fourth, fifth)] == [201, 201, 429, 201, 429]
    assert third.headers["retry-after"] == "6"
    assert len(registry.files) == 3
    assert registry.conditions.met == {"rate-limit": 2}


async def test_fault_of_the_plan_goes_before_a_condition(portal, reach):
    portal.clock.advance(timedelta(hours=12))
    portal.faults.add(FILE, AnswerLost())
    async with reach(portal) as client:
        with pytest.raises(httpx.ReadError):
            await client.post("/files", json=FORM)
        assert (await client.post("/files", json=FORM)).status_code == 503
    assert not portal.faults.unused


async def test_reset_leaves_what_is_declared(portal):
    portal.conditions.add(BrownOut(share=0.5))
    portal.reset()
    assert portal.conditions.all == NightPortal.declared_conditions


async def test_weather_is_made_by_hand(portal, reach):
    path = "/_simulator/conditions"
    order = {"condition": "outage", "begin": "2026-11-24T10:00:00+06:00", "end": "2026-11-27T10:00:00+06:00"}
    async with reach(portal) as client:
        added = await client.post(path, json=order | {"fault": {"fault": "html-maintenance"}})
        assert added.status_code == 201
        assert "text/html" in (await client.post("/files", json=FORM)).headers["content-type"]
        told = (await client.get(path)).json()
        assert [one["condition"] for one in told["conditions"]] == ["closed-outside", "outage"]
        assert told["met"] == {"outage": 1}
        wrong = await client.post(path, json={"condition": "outage", "begin": "tomorrow"})
        assert wrong.status_code == 400
        assert len((await client.delete(path)).json()["conditions"]) == 1
        assert (await client.post("/files", json=FORM)).status_code == 201


@pytest.mark.parametrize(
    "hours",
    [{"open": "22:00", "close": "08:00"}, {"open": "8", "close": "22:00"}, {"open": "08:00", "close": "25:00"}],
)
def test_hours_that_are_none_are_refused(hours):
    with pytest.raises(ValidationError):
        ClosedOutside(**hours)


def test_outage_ends_after_it_begins():
    with pytest.raises(ValidationError, match="ends after it begins"):
        Outage(begin=TEN_IN_DHAKA, end=TEN_IN_DHAKA)


class Filed(WireModel):
    number: str


@pytest.fixture
def client_of():
    """A client of the platform for an agency whose manifest has the given lines."""

    def make(agency, lines=""):
        base_url = "https://registry.example"
        return AgencyClient(
            plugin="registry",
            manifest=parse_manifest(MANIFEST % lines),
            clock=agency.clock,
            egress=frozenset({"registry.example"}),
            settings=AgencySettings(base_url=base_url, read_timeout=10),
            transport_factory=partial(SimulatorTransport, agency),
        )

    return make


async def show(client, clock):
    http = client.bind(Operation.FIND, None, None, Deadline.after(30, clock))
    return await http.read("show", "GET", "/files/F-1", expect=Filed)


async def test_outside_declared_hours_nothing_is_sent_and_the_opening_is_told(portal, client_of):
    client = client_of(portal, HOURS)
    portal.clock.set(TEN_IN_DHAKA + timedelta(hours=13))
    with pytest.raises(AgencyClosed) as closed:
        await show(client, portal.clock)
    assert closed.value.until == TEN_IN_DHAKA + timedelta(hours=22)
    assert portal.ledger.requests() == ()
    portal.files.append("F-1")
    portal.clock.set(closed.value.until)
    assert (await show(client, portal.clock)).number == "F-1"
    await client.aclose()


@pytest.mark.parametrize(
    ("shut", "error"),
    [
        ({}, AgencyUnavailable),
        ({"fault": NotSent()}, AgencyUnavailable),
        ({"fault": MaintenancePage()}, ContractViolation),
    ],
)
async def test_agency_that_is_shut_when_its_manifest_says_open_is_not_there(registry, client_of, shut, error):
    registry.conditions.add(ClosedOutside(open="08:00", close="09:00", **shut))
    client = client_of(registry, HOURS)
    with pytest.raises(error):
        await show(client, registry.clock)
    assert registry.conditions.met["closed-outside"] == len(registry.ledger.requests()) >= 1
    await client.aclose()


async def test_storm_of_429_ends_in_rate_limited(registry, client_of):
    registry.conditions.add(RateLimit(requests=1, seconds=3600))
    registry.files.append("F-1")
    client = client_of(registry)
    assert (await show(client, registry.clock)).number == "F-1"
    with pytest.raises(RateLimited):
        await show(client, registry.clock)
    await client.aclose()


async def test_brief_throttle_is_waited_out(registry, client_of):
    registry.conditions.add(RateLimit(requests=1, seconds=5))
    registry.files.append("F-1")
    client = client_of(registry)
    for _ in range(2):
        assert (await show(client, registry.clock)).number == "F-1"
    assert registry.clock.monotonic() >= 5
    await client.aclose()
