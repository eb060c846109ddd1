"""Outgoing events: each change once to each subscription, signed, to checked addresses, again until it is taken."""

import asyncio
import json
from base64 import b64decode
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from portal_site import OPERATOR, STRANGER, filled, submitted
from sqlalchemy import select, update
from standardwebhooks import Webhook as Verifier, WebhookVerificationError

from nagorik_host.store.audit import verify_ledger
from nagorik_portal.drafts import KEPT, expire_drafts
from nagorik_portal.errors import GivenInvalid
from nagorik_portal.schema import subscriptions as table
from nagorik_portal.subscriptions import (
    DELAYS,
    Receiver,
    Subscriptions,
    is_public,
    make_client,
    send,
)
from nagorik_testing import SimulatedClock

EVENT, BODY = "11111111-1111-4111-8111-111111111111", b'{"specversion":"1.0"}'


@pytest.fixture
def now():
    """The machine's time as this test begins: the verifier of the standard allows five minutes and knows no other."""
    return datetime.now(UTC)


class Receiving:
    """A receiver on the loopback: what came in, and how it answers."""

    def __init__(self):
        self.status, self.refused, self.came, self.url = 204, b"\0", [], ""

    async def answer(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        self.came.append((head[0], headers, body := await reader.readexactly(int(headers["content-length"]))))
        status = 503 if self.refused in body else self.status
        more = f"location: {self.url}/elsewhere\r\nset-cookie: a=b\r\n"
        writer.write(f"HTTP/1.1 {status} x\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiver():
    found = Receiving()
    async with await asyncio.start_server(found.answer, "127.0.0.1", 0) as server:
        found.url = f"http://localhost:{server.sockets[0].getsockname()[1]}"
        yield found


def test_a_webhook_is_verified_by_either_of_its_signatures(now):
    made = Receiver(url="https://portal.example/events")
    # A zone changes nothing.
    signed = made.sign(EVENT, now.astimezone(), BODY)
    headers = {"webhook-id": EVENT, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signed}
    assert Verifier(made.secret).verify(BODY, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Verifier(made.secret).verify(BODY + b" ", headers)
    first, second = signed.split(" ")
    assert (first[:4], second[:3]) == ("v1a,", "v1,")
    key = Ed25519PublicKey.from_public_bytes(b64decode(made.public.removeprefix("whpk_")))
    key.verify(b64decode(first[4:]), f"{EVENT}.{int(now.timestamp())}.".encode() + BODY)
    assert made.symmetric not in repr(made)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.1.2.3",
            "224.0.0.1",
        ),
        *("::1", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "2001:db8::1"),
    ],
)
def test_addresses_of_own_networks_are_not_public(address):
    assert not is_public(address)


def test_addresses_of_the_internet_are_public():
    assert is_public("9.9.9.9")
    assert is_public("2620:fe::fe")


async def test_a_webhook_goes_nowhere_but_to_a_checked_address(now):
    async with receiver() as found, make_client() as client:
        made = Receiver(url=f"{found.url}/events?for=me")
        assert await send(client, made, EVENT, BODY, now, allow_private=False) == "address-refused"
        assert found.came == []
        found.status = 307
        assert await send(client, made, EVENT, BODY, now, allow_private=True) == "http-307"
        found.status = 204
        assert await send(client, made, EVENT, BODY, now, allow_private=True) is None
    line, headers, body = found.came[-1]
    assert (line, body) == ("POST /events?for=me HTTP/1.1", BODY)
    # The receiver is addressed by its name, though the connection goes to the checked address.
    assert headers["host"] == found.url.removeprefix("http://")
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert [line for line, _, _ in found.came] == ["POST /events?for=me HTTP/1.1"] * 2
    assert "cookie" not in headers
    async with make_client() as client:
        assert await send(client, made, EVENT, BODY, now, allow_private=True) == "not-reached"
        nowhere = Receiver(url="https://no-such-name.invalid/")
        assert await send(client, nowhere, EVENT, BODY, now, allow_private=False) == "not-reached"


@pytest.fixture
def outgoing(site, now):
    """Runs a coroutine function with a portal, its subscriptions on a clock of their own, a receiver and a client."""

    def run(do):
        async def opened(portal, world, host):
            subscriptions = Subscriptions(host, "https://portal.example", clock := SimulatedClock(now))
            async with receiver() as found, make_client() as client:

                async def deliver():
                    return await subscriptions.deliver(client)

                await do(portal, world, subscriptions, clock, found, deliver)
            assert [one.findings async for one in verify_ledger(host.database, host.vault) if one.findings] == []

        site(opened)

    return run


def test_an_address_that_cannot_be_used_is_refused_without_being_quoted(outgoing):
    async def do(portal, world, subscriptions, clock, found, deliver):
        for url in ("http://portal.example/", "https://u:p@portal.example/", "https://", "ftp://x/", "x"):
            with pytest.raises(GivenInvalid) as caught:
                await subscriptions.subscribe("centre-0042", url, allow_private=False)
            assert "portal.example/events" in str(caught.value)
            assert "u:p" not in str(caught.value)

    outgoing(do)


def test_each_change_is_delivered_once_and_the_centre_hears_of_its_own_alone(outgoing):
    async def do(portal, world, subscriptions, clock, found, deliver):
        await submitted(portal.casework(OPERATOR))
        _, made = await subscriptions.subscribe("centre-0042", f"{found.url}/e", allow_private=True)
        # What happened before the subscription is not sent.
        assert await deliver() == 0
        _, application = await submitted(portal.casework(OPERATOR))
        await submitted(portal.casework(STRANGER))
        await world.carry(portal.host)
        # Of several processes, one delivers.
        while sum(await asyncio.gather(deliver(), deliver())):
            pass
        page = await portal.host.changes(owner="centre-0042")
        changes = {(one.application, one.revision, one.state) for one in page.changes}
        events = []
        for _, headers, body in found.came:
            Verifier(made.secret).verify(body, headers)
            event = from_structured_event(HTTPMessage(headers, body))
            events.append((event.get_subject(), event.get_data()["revision"], event.get_data()["state"]))
        assert len(set(events)) == len(events)
        assert {one for one in events if one[0] == application} == {one for one in changes if one[0] == application}
        assert set(events) < changes
        assert len({headers["webhook-id"] for _, headers, _ in found.came}) == len(found.came)

    outgoing(do)


def test_an_event_that_is_never_taken_is_given_up_after_75_hours_and_the_later_ones_follow(outgoing):
    async def do(portal, world, subscriptions, clock, found, deliver):
        await subscriptions.subscribe("centre-0042", f"{found.url}/e", allow_private=True)
        _, bad = await submitted(portal.casework(OPERATOR))
        _, good = await submitted(portal.casework(OPERATOR))
        found.refused, waits = bad.encode(), []
        for _ in DELAYS:
            assert [await deliver(), await deliver()] == [1, 0]
            left = await portal.host.database.run(lambda unit: unit.connection.execute(select(table)).one())
            waits.append(left.idle_until - clock.now())
            clock.advance(waits[-1])
        assert tuple(waits) == DELAYS
        assert timedelta(hours=75) < sum(waits, timedelta()) < timedelta(hours=76)
        assert [await deliver(), await deliver()] == [2, 0]
        subjects = [json.loads(body)["subject"] for _, _, body in found.came]
        assert subjects == [bad] * (len(DELAYS) + 1) + [good]
        assert len({headers["webhook-id"] for _, headers, _ in found.came}) == 2
        with pytest.raises(GivenInvalid):
            await subscriptions.unsubscribe("11111111-1111-4111-8111-111111111111")

    outgoing(do)


def test_a_process_that_ended_leaves_its_lease_to_another(outgoing):
    async def do(portal, world, subscriptions, clock, found, deliver):
        await subscriptions.subscribe("centre-0042", found.url, allow_private=True)
        await submitted(portal.casework(OPERATOR))
        values = {"idle_until": clock.now() + timedelta(minutes=10)}
        await portal.host.database.run(lambda unit: unit.connection.execute(update(table).values(**values)).rowcount)
        assert await deliver() == 0
        clock.advance(timedelta(minutes=11))
        assert await deliver() == 1

    outgoing(do)


def test_a_receiver_that_is_gone_is_called_no_more(outgoing):
    async def do(portal, world, subscriptions, clock, found, deliver):
        for ended_as in ("gone", "unsubscribed", "unsubscribed with its centre"):
            identity, _ = await subscriptions.subscribe("centre-0042", found.url, allow_private=True)
            await submitted(portal.casework(OPERATOR))
            if ended_as == "gone":
                found.status = 410
                assert await deliver() == 1
            else:
                await subscriptions.unsubscribe(identity if ended_as == "unsubscribed" else "centre-0042")
            assert await portal.host.database.run(lambda unit: unit.connection.execute(select(table)).all()) == []
            await submitted(portal.casework(OPERATOR))
            assert await deliver() == 0
        assert len(found.came) == 1

    outgoing(do)


def test_drafts_that_were_left_go_with_their_documents(site):
    async def do(portal, world, host):
        casework = portal.casework(OPERATOR)
        draft = await filled(casework)
        await expire_drafts(host.database, host.vault, host.documents, host.clock.now())
        assert len((await casework.drafts()).rows) == 1
        world.clock.advance(KEPT + timedelta(seconds=1))
        await expire_drafts(host.database, host.vault, host.documents, host.clock.now())
        assert (await casework.drafts()).rows == []
        assert not host.documents.opens(draft.content.documents[0].id)

    site(do)
