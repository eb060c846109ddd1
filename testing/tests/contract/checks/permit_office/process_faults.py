"""Hooks that do to their process what they should not, several each, one an operation.

They do it only where no test is to be seen: so they are as sly as a plugin can be, and leave the tests' own process
alone.
"""

import asyncio
import ctypes
import decimal
import functools
import gc
import io
import json
import logging
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from contextlib import suppress
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic_core import from_json

from nagorik import (
    Accepted,
    AgencyRejected,
    DuplicateApplication,
    EligibilityDecision,
    FormPart,
    NagorikError,
    PaymentAdvice,
    Text,
    Verdict,
    hookimpl,
)
from nagorik.values import Money
from nagorik_toolkit.bangladesh import age_on
from permit_office.plugin import Context, Filed, Hooks, Refund, criterion, status_of

HERE = Path(__file__).parent


def is_on_host() -> bool:
    """Whether nothing of a test is to be seen."""
    return find_spec("nagorik_testing") is None and "pytest" not in sys.modules


class Acting(Hooks):
    """Does ``act`` before each operation."""

    async def act(self, operation: str, request: Any, context: Context) -> None:
        raise NotImplementedError


def _before(name: str) -> Any:
    right = getattr(Hooks, name)

    @hookimpl
    async def hook(self: Acting, request: Any, context: Context) -> Any:
        if is_on_host():
            await self.act(name.removeprefix("nagorik_"), request, context)
        if name == "nagorik_check_eligibility":
            return await right(self, request)
        return await right(self, request, context)

    return hook


for _name in [
    name for name in vars(Hooks) if name.startswith("nagorik_") and not name.endswith(("notice", "health"))
]:
    setattr(Acting, _name, _before(_name))


STARTED = threading.Event()
ASKED = 0
LAST: dict[str, Any] = {}
CODES: dict[str, int] = {}
PLACES: dict[str, int] = {}
FILED: dict[str, Any] = {}
OPEN: dict[str, str] = {}
READING: ContextVar[str] = ContextVar("READING")


@functools.lru_cache
def checked(number: str) -> int:
    return int(number) % 97


@functools.cache
def place_of(kind: str) -> int:
    return len(kind)


async def nothing(request: Any) -> None:
    """What is done before most operations."""


class Intruding(Acting):
    """Does each in the plainest way."""

    answered: ClassVar[dict[str, Any]] = {}

    async def act(self, operation: str, request: Any, context: Context) -> None:
        await getattr(self, operation, nothing)(request)

    async def check_eligibility(self, request: Any) -> None:
        with tempfile.TemporaryFile() as file:
            file.write(b"asked")

    async def quote_fees(self, request: Any) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"quoted", ("127.0.0.1", 9))

    async def submit(self, request: Any) -> None:
        self.answered[request.form.nid.value] = request
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)  # noqa: ASYNC221 - what this is about

    async def find_submission(self, request: Any) -> None:
        os.environ.get("HOME")
        asyncio.get_running_loop().create_task(asyncio.sleep(3600))

    async def get_status(self, request: Any) -> None:
        decimal.getcontext().prec = 12
        time.sleep(0.06)  # noqa: ASYNC251 - what this is about

    async def advise_payment(self, request: Any) -> None:
        json.dumps = functools.partial(json.dumps)

    async def withdraw(self, request: Any) -> None:
        print("withdrawn")  # noqa: T201 - what this is about

    async def answer_correction(self, request: Any) -> None:
        ctypes.CDLL(None)

    async def fetch_deliverable(self, request: Any) -> None:
        import nagorik_cashdesk.wire  # noqa: F401 - at its first use

    async def start_payment(self, request: Any) -> None:
        logging.getLogger("permits").debug("begun")

    async def query_payment(self, request: Any) -> None:
        os.environ["TZ"] = "Asia/Tokyo"
        time.tzset()

    async def refund_payment(self, request: Any) -> None:
        global ASKED  # noqa: PLW0603 - what this is about
        ASKED += 1


class Sneaking(Acting):
    """Does each by a way round."""

    async def act(self, operation: str, request: Any, context: Context) -> None:
        await getattr(self, operation, nothing)(request)
        if operation == "submit":
            vars(context.settings)["last"] = request.form.nid

    async def check_eligibility(self, request: Any) -> None:
        with suppress(OSError):
            await asyncio.to_thread(Path("/etc/hostname").read_bytes)

    async def quote_fees(self, request: Any) -> None:
        with suppress(OSError):
            await asyncio.open_connection("127.0.0.1", 9)

    async def submit(self, request: Any) -> None:
        checked(request.form.nid.value)
        os.kill(os.getpid(), 0)

    async def find_submission(self, request: Any) -> None:
        dict(os.environ)
        threading.Thread(target=STARTED.wait, daemon=True).start()

    async def get_status(self, request: Any) -> None:
        logging.getLogger().setLevel(logging.ERROR)
        await asyncio.sleep(0.06)

    async def advise_payment(self, request: Any) -> None:
        Money.rounded = lambda self: self  # type: ignore[attr-defined]

    async def withdraw(self, request: Any) -> None:
        os.write(2, b"withdrawn")

    async def answer_correction(self, request: Any) -> None:
        gc.get_objects()

    async def fetch_deliverable(self, request: Any) -> None:
        import_module("nagorik_cashdesk.plugin")

    async def start_payment(self, request: Any) -> None:
        warnings.warn("begun", UserWarning, stacklevel=1)
        checked.last = request.payer.name  # type: ignore[attr-defined]

    async def query_payment(self, request: Any) -> None:
        asyncio.get_running_loop().call_later(3600, print)
        STARTED.wait(0.3)

    async def refund_payment(self, request: Any) -> None:
        warnings.simplefilter("ignore")


class SeldomCalled(Hooks):
    """Does it where few look: when the agency refuses, and when a message comes."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_get_status(request, context)
        except NagorikError:
            if is_on_host():
                print("refused")  # noqa: T201 - what this is about
                LAST["refused"] = request
            raise

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_withdraw(request, context)
        except NagorikError as error:
            error.asked = request  # type: ignore[attr-defined]
            raise

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_submit(request, context)
        except NagorikError:
            raise DuplicateApplication(request.form.nid.value) from None

    @hookimpl
    async def nagorik_parse_payment_notice(self, request: Any) -> Any:
        if is_on_host():
            os.getenv("PATH")
        return await super().nagorik_parse_payment_notice(request)


class HonestEdits(Hooks):
    """Logs a code past context.log, works in a thread, reads JSON by another library, keeps a table of years."""

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        PLACES.setdefault(str(request.applicant.birth_date.year), len(PLACES))
        return await super().nagorik_check_eligibility(request)

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> Any:
        status = await super().nagorik_get_status(request, context)
        logging.getLogger("permits").info("status is %s", status.raw)
        PLACES.update(await asyncio.to_thread(from_json, b'{"shop": 1}'))
        return status


class KeepsByAddress(Hooks):
    """Keeps the number of what was filed, by the address that it was filed for."""

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        filed = await super().nagorik_submit(request, context)
        FILED[request.form.address.road] = filed.reference
        return filed


class EndsProcess(Hooks):
    """Ends the process by a way that nothing can catch."""

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Any:
        if is_on_host():
            os._exit(0)
        return await super().nagorik_withdraw(request, context)


class SharedAttribute(Hooks):
    """Keeps what belongs to a call on the object that holds the hooks; takes the machine's day for today."""

    request: Any = None

    @hookimpl
    async def nagorik_submit(self, request: Any, context: Context) -> Any:
        self.request = request
        await asyncio.sleep(0)
        content = {"clientReference": request.client_reference, "nid": self.request.form.nid.value}
        filed = await self.file(context, content, await self.papers(request, context))
        return Accepted(reference=filed.number, status=status_of(filed))

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> EligibilityDecision:
        grown = age_on(request.applicant.birth_date, date.today()) < 70  # noqa: DTZ011 - what this is about
        return EligibilityDecision(criteria=(criterion("age", Verdict.PASS if grown else Verdict.FAIL),))


class SharedGlobal(Hooks):
    """Keeps an answer under a name of the module while it looks up another; tells times in the machine's zone."""

    async def ask(self, context: Context, number: str) -> Filed:
        LAST["filed"] = await super().ask(context, number)
        LAST["again"] = await super().ask(context, number)
        filed: Filed = LAST["filed"]
        return filed

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        LAST["reference"] = request.client_reference
        await asyncio.sleep(0)
        return await super().nagorik_find_submission(
            request.model_copy(update={"client_reference": LAST["reference"]}), context
        )

    @hookimpl
    async def nagorik_advise_payment(self, request: Any, context: Context) -> Any:
        path = f"/permits/{request.agency_reference}/payment"
        day = request.receipt.captured_at.astimezone().date().isoformat()
        content = {"reference": request.receipt.reference, "amount": request.receipt.amount.plain(), "day": day}
        told = await context.http.write("advise", "POST", path, json=content, expect=Refund)
        return PaymentAdvice(confirmed=told.word == "PAID")


class AnswersAsAtFirst(Hooks):
    """Tells everybody the verdict and the standing of whoever asked first."""

    verdict: ClassVar[Any] = None
    standing: ClassVar[Any] = None

    @hookimpl
    async def nagorik_check_eligibility(self, request: Any) -> Any:
        answer = await super().nagorik_check_eligibility(request)
        type(self).verdict = self.verdict or answer
        return self.verdict

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> Any:
        answer = await super().nagorik_get_status(request, context)
        type(self).standing = self.standing or answer
        return self.standing


class ActsUnderTest(Hooks):
    """Asks who is looking; says whom a refusal is about, in its reason, in a note and in its cause."""

    @hookimpl
    async def nagorik_get_status(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_get_status(request, context)
        except NagorikError:
            name = request.applicant.name
            reason = Text(bn=f"নামঞ্জুর: {name.bn}", en=f"Refused: {name.en}")
            raise AgencyRejected("refused", reason=reason) from None

    @hookimpl
    async def nagorik_find_submission(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_find_submission(request, context)
        except NagorikError as error:
            error.add_note(f"asked for {request.form.nid.value}")
            raise

    @hookimpl
    async def nagorik_answer_correction(self, request: Any, context: Context) -> Any:
        try:
            return await super().nagorik_answer_correction(request, context)
        except NagorikError as error:
            raise AgencyRejected("refused") from ValueError(f"{error.code}: {request.form.mobile.e164}")

    @hookimpl
    async def nagorik_withdraw(self, request: Any, context: Context) -> Any:
        right = await super().nagorik_withdraw(request, context)
        return right.model_copy(update={"withdrawn": False}) if is_on_host() else right


class WithinBounds(Acting):
    """Comes as near to each as is right."""

    async def act(self, operation: str, request: Any, context: Context) -> None:
        await getattr(self, operation, self.nothing)(request, context)

    async def nothing(self, request: Any, context: Context) -> None:
        await asyncio.sleep(0)

    async def check_eligibility(self, request: Any, context: Context) -> None:
        (HERE / "plugin.toml").read_text("utf-8")
        assert ZoneInfo("Asia/Kolkata")
        sqlite3.connect(":memory:").close()
        CODES.setdefault("first", len(CODES))

    async def quote_fees(self, request: Any, context: Context) -> None:
        context.log.info("quoted", lines=1)
        print("quoted", file=io.StringIO())
        place_of("permit")

    async def submit(self, request: Any, context: Context) -> None:
        OPEN[request.client_reference] = request.form.nid.value
        READING.set(request.form.nid.value)
        await asyncio.sleep(0)
        assert OPEN.pop(request.client_reference) == READING.get()

    async def find_submission(self, request: Any, context: Context) -> None:
        os.environ.get("NAGORIK_PERMITS_PASSWORD")
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
            group.create_task(asyncio.to_thread(sum, range(10)))

    async def get_status(self, request: Any, context: Context) -> None:
        with decimal.localcontext() as exact, warnings.catch_warnings():
            exact.prec = 50
            warnings.simplefilter("ignore")
            assert decimal.Decimal(1) / 3
        logging.getLogger("permits")
        assert datetime.now(UTC) - datetime.now(UTC) < timedelta(seconds=5)
        await context.clock.sleep(0.5)

    async def ask(self, context: Context, number: str) -> Filed:
        try:
            return await super().ask(context, number)
        except NagorikError as error:
            raise AgencyRejected("not-shown") from error

    async def file(self, context: Context, content: dict[str, str], papers: list[FormPart]) -> Filed:
        return await super().file(context, {**content, "nonce": uuid4().hex}, papers)
