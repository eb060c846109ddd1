"""Requests with a key, from several machines at once, while the server is killed again and again."""

import asyncio
import random

import pytest
from host_world import GATEWAY, SERVICE
from mortal_portal import PLACES, MortalPortal
from portal_site import OPERATOR
from sqlalchemy import select

from nagorik_host.store.schema import applications
from nagorik_portal import open_portal
from nagorik_testing import SyntheticCitizens

CLIENTS, MACHINES, CITIZENS = 8, 48, 16
CONSENT = {
    "id": "consent-0001",
    "fee_ceiling": {"poisha": 2_000_000},
    "given_at": "2026-01-01T00:00:00+06:00",
    "expires_at": "2036-01-01T00:00:00+06:00",
}
BEGIN, SUBMIT, APPLY, WITHDRAW = "begin a draft", "submit it", "apply", "withdraw"


class Machines:
    """What several machines ask for, each request with a key of its own, and what they were answered first."""

    def __init__(self, agency):
        citizens = [SyntheticCitizens().citizen(4_000 + number) for number in range(CITIZENS)]
        self.given = [self.draft(agency.example(SERVICE, citizen)) for citizen in citizens]
        self.asked, self.answered, self.drafts, self.open = {}, {}, [], []

    @staticmethod
    def draft(example):
        applicant = example.applicant.model_dump(mode="json", exclude_none=True)
        return {"service": SERVICE, "applicant": applicant, "form": dict(example.form), "gateway": GATEWAY}

    async def send(self, number, path, body, kill=None, **headers):
        said = {"Idempotency-Key": f"key-{number}", **headers}
        key = self.keys[number % MACHINES]
        return await self.portal.post(number, path, key=key, kill=kill, json=body, headers=said)

    async def ask(self, number, wanted, kill):
        given, headers = self.given[number % CITIZENS], {}
        if wanted == WITHDRAW and self.open:
            application, headers["If-Match"] = self.open.pop()
            path, body = f"/v1/applications/{application}/withdrawal", None
        elif wanted == SUBMIT and self.drafts:
            draft, headers["If-Match"] = self.drafts.pop()
            path, body = f"/v1/drafts/{draft}/submission", CONSENT
        elif wanted in {BEGIN, SUBMIT}:
            wanted, path, body = BEGIN, "/v1/drafts", given
        else:
            wanted, path, body = APPLY, "/v1/applications", {**given, "consent": CONSENT}
        self.asked[number] = wanted, path, body, headers
        answer = self.answered[number] = await self.send(number, path, body, kill, **headers)
        assert answer.is_success, answer.text
        if wanted == BEGIN:
            self.drafts.append((answer.json()["id"], answer.headers["etag"]))
        elif wanted != WITHDRAW:
            self.open.append((answer.json()["application"], answer.headers["etag"]))

    async def ask_again(self, number):
        wanted, path, body, headers = self.asked[number]
        first, again = self.answered[number], await self.send(number, path, body, **headers)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (first.status_code, "true"), wanted
        subject = "id" if wanted == BEGIN else "application"
        assert again.json()[subject] == first.json()[subject], wanted

    async def ask_something_else(self, number):
        _, path, body, headers = self.asked[number]
        other = {**(body or {}), "form": {}} if body is not CONSENT else {**CONSENT, "id": "consent-0002"}
        refused = await self.send(number, path, other, **headers)
        assert (refused.status_code, refused.json()["code"]) == (422, "key-reused")

    def of(self, *wanted):
        return [self.answered[number] for number, asked in self.asked.items() if asked[0] in wanted]


async def everyone(do, numbers):
    """Do something with each number, as many at once as there are clients."""
    waiting = iter(numbers)

    async def client():
        for number in waiting:
            await do(number)

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(client())


PROOF = pytest.mark.proof


@pytest.mark.parametrize(
    ("database", "requests", "kills"),
    [
        ("ready_file", 60, 3),
        pytest.param("ready_file", 2_000, 100, marks=PROOF),
        pytest.param("ready_postgresql", 2_000, 100, marks=PROOF),
    ],
)
def test_no_key_makes_two_applications_however_often_the_server_is_killed(
    request, place, world_at, database, requests, kills
):
    url, draw = request.getfixturevalue(database), random.Random(35)  # noqa: S311 - the same in every run
    world = world_at(url)
    with (place / "nagorik.toml").open("a") as settings:
        settings.write(f"database = '{url}'\n")
    machines = Machines(world.simulators["nid"])
    wanted = draw.choices((APPLY, BEGIN, SUBMIT, WITHDRAW), weights=(6, 1, 1, 1), k=requests)
    applying = [number for number, one in enumerate(wanted) if one == APPLY]
    others = [number for number, one in enumerate(wanted) if one != APPLY]
    struck = draw.sample(applying, kills - kills // 4) + draw.sample(others, kills // 4)
    where = dict(zip(struck, PLACES * kills, strict=False))

    async def let_in(host):
        accounts, names = open_portal(host).accounts, [f"centre-0042/app-{number}" for number in range(MACHINES)]
        machines.keys = [await accounts.make_key(one, one, scopes=("apply", "view")) for one in names]

    async def play():
        async with asyncio.timeout(1_800), MortalPortal(place) as machines.portal:
            await everyone(lambda number: machines.ask(number, wanted[number], where.get(number)), range(requests))
            await everyone(machines.ask_again, range(requests))
            await everyone(machines.ask_something_else, range(0, requests, 10))
        assert machines.portal.killed == set(where)

    async def look(host):
        left = (await open_portal(host).casework(OPERATOR).drafts()).rows
        ids = await host.database.run(lambda unit: unit.connection.scalars(select(applications.c.id)).all())
        return {one.id for one in left}, {one: (await host.progress(one)).events for one in ids}

    world.run(let_in)
    asyncio.run(play())
    left, found = world.run(look)
    made = [answer.json()["application"] for answer in machines.of(APPLY, SUBMIT)]
    assert len(made) == len(set(made)) == len(found)
    # Each has what was done to it once, and no more.
    assert found == {
        answer.json()["application"]: answer.json()["revision"]
        for answer in (*machines.of(APPLY, SUBMIT), *machines.of(WITHDRAW))
    }
    assert left == {draft for draft, _ in machines.drafts}
    # What was committed as the server was killed is found by its key, and not done again.
    committed = [machines.answered[number] for number, at in where.items() if at != "transaction"]
    assert all("idempotent-replayed" in one.headers for one in committed)
