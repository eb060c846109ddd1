"""``nagorik demo --serve``: the simulated country left running, with the portal on it, which has to be installed.

The simulators and the host share a clock that flows like the machine's. Twice a second it is also moved on by as much
as the pace asks, unless a call is under way, whose deadline would pass, or a payer has a gateway's page open.
"""

import asyncio
import json
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import select

from nagorik.model.status import PaymentState
from nagorik.values import dhaka_time
from nagorik_host.engine.worker import Worker
from nagorik_host.host import Host
from nagorik_host.store import Transaction
from nagorik_host.store.schema import payments
from nagorik_platform import PaymentAddresses
from nagorik_portal.actors import ROLES
from nagorik_portal.portal import open_portal
from nagorik_portal.serving import serving
from nagorik_simulation.demo.country_host import open_demo_host, serve_simulators
from nagorik_simulation.worker_process import CallWatch
from nagorik_testing.fixtures.isolation import scratch_folder
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.clock import FlowingClock
from nagorik_testing.simulator.command import stop_signals
from nagorik_testing.simulator.loopback import LOOPBACK

CASH: Final = "cashdesk"
"""The gateway's plugin that has no page: the simulated till takes the money by itself."""
_TICK: Final = 0.5
_PAGE: Final = timedelta(minutes=10)
"""How long a payer's open page holds the pace up."""
_PEOPLE: Final = {"operator": "operator-7", "officer": "officer-1"}


async def serve_country(port: int, pace: float, *, as_json: bool) -> None:
    """Serve on the loopback until SIGINT or SIGTERM, print where and who may sign in, and keep nothing.

    ``port`` may be 0 for a free one; ``pace`` is in simulated seconds in one of the machine's, at least 1. Raises
    ``SimulatorUnusable``, and ``OSError`` where the port is taken.
    """
    async with AsyncExitStack() as stack:
        stop, folder = stack.enter_context(stop_signals()), stack.enter_context(scratch_folder("country"))
        with socket.create_server((LOOPBACK, port)) as free:
            port = free.getsockname()[1]
        clock, calls = FlowingClock(), CallWatch(lambda *_: None)
        simulators, setting = await serve_simulators(stack, folder, clock)
        for name, simulator in simulators.items():
            # Who is sent to a gateway's page pays there, and not by itself.
            if name != CASH and "never" in simulator.outcomes:
                simulator.script.set("*", "never")
        address = f"http://{LOOPBACK}:{port}"
        addresses = PaymentAddresses(returns=f"{address}/payments/return", notices=f"{address}/v1/notices")
        platform = replace(setting.platform(clock, calls), payment_addresses=addresses)
        host = await open_demo_host(stack, setting, platform, None)
        portal = open_portal(host, address)
        people = {}
        for role, name in _PEOPLE.items():
            identity, password = f"centre-0042/{name}", secrets.token_urlsafe(9)
            people[role] = {"name": identity, "password": password}
            await portal.accounts.add_operator(identity, name, password, scopes=ROLES[role])
        await stack.enter_async_context(serving(portal, port=port))
        started = {"desk": address, **people, "now": clock.now().isoformat(), "pace": pace}
        started["simulators"] = {name: setting.plugins[name]["base_url"] for name in simulators}
        sys.stdout.write(json.dumps(started) + "\n" if as_json else _as_lines(started))
        sys.stdout.flush()
        async with asyncio.TaskGroup() as tasks:
            worker = host.worker("demo")
            passing = tasks.create_task(_pass_time(worker, host, clock, calls, pace))
            await worker.run(stop)
            passing.cancel()


def _as_lines(started: Mapping[str, Any]) -> str:
    citizen = SyntheticCitizens().citizen(42)  # so that there is a person to apply for
    now, day = dhaka_time(datetime.fromisoformat(started["now"])), 86_400 / started["pace"]
    lines = (
        f"The simulated country runs on this machine: {', '.join(started['simulators'])}.",
        "No real agency is called, no money moves, and nothing is kept.",
        "",
        f"Desk      {started['desk']}/",
        *(f"{one.title():<10}{started[one]['name']}, password {started[one]['password']}" for one in _PEOPLE),
        f"Citizen   {citizen.name.en}, born {citizen.birth_date}, NID {citizen.full_nid.value}: not a real person",
        f"Time      {now:%d %b %Y %H:%M} in Dhaka; a day passes in {day:,.0f} s; as on your clock",
        "          while a gateway's page is open. Sessions follow your clock.",
        "Cash      the simulated till takes it a minute after the slip was opened",
        "",
        "Ctrl-C ends all of it.",
    )
    return "\n".join(lines) + "\n"


async def _pass_time(worker: Worker, host: Host, clock: FlowingClock, calls: CallWatch, pace: float) -> None:
    while True:
        await asyncio.sleep(_TICK)
        is_paying = await host.database.run(partial(_has_open_page, since=clock.now() - _PAGE))
        if not (is_paying or calls.under_way or worker.in_hand):
            clock.advance(_TICK * (pace - 1))


def _has_open_page(transaction: Transaction, since: datetime) -> bool:
    of, pending = payments.c, PaymentState.PENDING.value
    query = select(of.id).where(of.state == pending, of.gateway.not_like(f"{CASH}.%"), of.opened_at > since)
    return transaction.connection.scalar(query) is not None
