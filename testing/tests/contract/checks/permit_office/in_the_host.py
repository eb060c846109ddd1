"""Hooks that do to the host what they may not: hold it, end it, wait in it, and keep things in it."""

import asyncio
import os
import signal
import threading
import time
from collections import deque
from functools import lru_cache
from os import _exit as leave
from typing import Any, ClassVar

from nagorik import (
    EligibilityDecision,
    FetchedDeliverable,
    NagorikError,
    PaymentReport,
    PaymentState,
    Withdrawal,
    hookimpl,
)
from permit_office.plugin import (
    Context,
    Filed,
    Hooks,
)

A_WHILE = 0.13
"""Real seconds."""


class Computes(Hooks):
    """Computes in the loop."""

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Withdrawal:
        until = time.perf_counter() + A_WHILE
        while time.perf_counter() < until:
            pass
        return await super().nagorik_withdraw(request, context)


class WaitsForAThread(Hooks):
    """Waits in a library that knows nothing of ``async``."""

    def refunded(self, word: str) -> Any:
        threading.Event().wait(A_WHILE)
        return super().refunded(word)


class OpensPapers(Hooks):
    """Reads through what it fetched."""

    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        fetched = await super().nagorik_fetch_deliverable(request, context)
        time.sleep(A_WHILE)  # noqa: ASYNC251 - this is the fault
        return fetched


class RaisesSystemExit(Hooks):
    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        try:
            return await super().nagorik_query_payment(request, context)
        except NagorikError:
            raise SystemExit(1) from None


class Interrupts(Hooks):
    async def ask(self, context: Context, number: str) -> Filed:
        try:
            return await super().ask(context, number)
        except NagorikError:
            raise KeyboardInterrupt from None


class EndsWhenDown(Hooks):
    async def ask(self, context: Context, number: str) -> Filed:
        try:
            return await super().ask(context, number)
        except NagorikError:
            self.end()
            raise

    def end(self) -> None:
        leave(1)


class TerminatesItself(EndsWhenDown):
    def end(self):
        os.kill(os.getpid(), signal.SIGTERM)


class RaisesASignal(EndsWhenDown):
    def end(self):
        signal.raise_signal(signal.SIGINT)


class Aborts(EndsWhenDown):
    def end(self):
        os.abort()


class LeavesWithoutThePaper(Hooks):
    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        try:
            return await super().nagorik_fetch_deliverable(request, context)
        except NagorikError:
            raise SystemExit(1) from None


LAST = ""
WAITING: dict[str, list[str]] = {"asked": []}
RECENT: deque[str] = deque(maxlen=50)


class Asked(Hooks):
    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        self.note(request.applicant.nid.value if request.applicant.nid else "")
        return await super().nagorik_check_eligibility(request)

    def note(self, number: str) -> None:
        """Keep a citizen's number somewhere."""


class KeepsTheLast(Asked):
    def note(self, number):
        global LAST  # noqa: PLW0603 - this is the fault
        LAST = number


class KeepsInsideATable(Asked):
    def note(self, number):
        WAITING["asked"].append(number)


class KeepsTheRecent(Asked):
    def note(self, number):
        RECENT.append(number)


class KeepsOnItsClass(Asked):
    numbers: ClassVar[set[str]] = set()

    def note(self, number):
        self.numbers.add(number)


class KeepsInADefault(Asked):
    def note(self, number, seen=[]):  # noqa: B006 - this is the fault
        seen.append(number)


@lru_cache
def last_digits(number: str) -> str:
    return number[-4:]


class KeepsInACache(Asked):
    def note(self, number):
        last_digits(number)


class Memory:
    def __init__(self) -> None:
        self.numbers: list[str] = []


MEMORY = Memory()


class KeepsInAnObject(Asked):
    def note(self, number):
        MEMORY.numbers.append(number)


class LooksAgain(Hooks):
    """Asks until the office has moved on, or it is tired of it."""

    async def ask(self, context: Context, number: str) -> Filed:
        for attempt in range(6):
            filed = await context.http.read(f"status-{attempt}", "GET", f"/permits/{number}", expect=Filed)
            if filed.word != "RECEIVED":
                break
        return filed


class WaitsForTheMoney(Hooks):
    @hookimpl
    async def nagorik_query_payment(self, request: Any, context: Context) -> PaymentReport:
        report = await super().nagorik_query_payment(request, context)
        if report.state is PaymentState.PENDING:
            for _ in range(3):
                await context.clock.sleep(2)
            report = await super().nagorik_query_payment(request, context)
        return report


class SleepsForReal(Hooks):
    """Waits by the machine's clock, which no simulation moves."""

    async def ask(self, context: Context, number: str) -> Filed:
        await asyncio.sleep(10)
        return await super().ask(context, number)


class WaitsForThePaper(Hooks):
    @hookimpl
    async def nagorik_fetch_deliverable(self, request: Any, context: Context) -> FetchedDeliverable:
        await context.clock.sleep(20)
        return await super().nagorik_fetch_deliverable(request, context)
