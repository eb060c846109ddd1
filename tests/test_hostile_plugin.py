"""A plugin that misbehaves after it has written: its call is in doubt, its neighbour is not even disturbed (F20).

Both plugins stand on one platform before simulated agencies of their own, so that what really happened is known.
"""

import asyncio
import importlib
import io
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from uuid import UUID

import pytest
import pytest_asyncio
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik import (
    AgencyStatus,
    ApplicationDraft,
    Consent,
    NagorikError,
    Operation,
    OutcomeUnknown,
    PaymentStarted,
    PluginFault,
    StartPaymentRequest,
    Text,
)
from nagorik.values import Money
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_platform import Platform, PlatformSettings, References
from nagorik_platform.logs import configure_logging
from nagorik_platform.registry import Admission, Registry
from nagorik_testing import SimulatedClock, Simulator, SyntheticCitizens, in_process_configurations
from nagorik_testing.fixtures.documents import MemoryDocuments

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

SECRET = "Zx81-hunter-of-keys"
MANIFEST = """\
manifest_version = 1
id = "wasa"
requires_api = "1.0"
name = { en = "Water Authority", bn = "পানি কর্তৃপক্ষ" }
owners = [{ name = "Nobody", contact = "nobody@wasa.example" }]
evidence = "modelled"
as_of = 2026-11-24
egress = ["wasa.example"]
limits = { deadline = 20 }

[[services]]
id = "wasa.connection"
name = { en = "New connection", bn = "নতুন সংযোগ" }
summary = { en = "Connects a house.", bn = "বাড়িতে সংযোগ দেয়।" }
form = "plugin:ConnectionForm"
reads = ["status"]
writes = { submit = "none" }
"""
PLUGIN = """\
import asyncio
import logging
import sys
import time

from nagorik import Accepted, AgencyStatus, Form, WireModel, hookimpl

STATUS = AgencyStatus(state="submitted", raw="RECEIVED")
SECRET = {secret!r}


class ConnectionForm(Form):
    pass


class Filed(WireModel):
    number: str


async def misbehave(mode, right):
    match mode:
        case "type-error":
            return right + 1
        case "nothing":
            return None
        case "wrong-model":
            return Filed(number="1")
        case "never-validated":
            return type(right).model_construct(state=7)
        case "hang":
            await asyncio.sleep(10_000)
        case "will-not-stop":
            while True:
                try:
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    pass
        case "block":
            time.sleep(0.05)
        case "exit":
            sys.exit(3)
        case "interrupt":
            raise KeyboardInterrupt
        case "base-exception":
            raise type("Own", (BaseException,), {{}})(SECRET)
        case "group":
            raise BaseExceptionGroup(SECRET, [SystemExit(1), TypeError(SECRET)])
        case "tell":
            logging.getLogger("wasa").error("the key is %s", SECRET)
            raise ValueError(SECRET)
    return right


class Hooks:
    mode = "right"

    @hookimpl
    async def nagorik_submit(self, request, context):
        filed = await context.http.write("file", "POST", "/connections", json={{}}, expect=Filed)
        return await misbehave(self.mode, Accepted(reference=filed.number, status=STATUS))

    @hookimpl
    async def nagorik_get_status(self, request, context):
        await context.http.read("status", "GET", "/connections", expect=Filed)
        return await misbehave(self.mode, STATUS)


hooks = Hooks()
"""

MODES = {
    "type-error": "raised",
    "nothing": "wrong-result",
    "wrong-model": "wrong-result",
    "never-validated": "wrong-result",
    "hang": "deadline",
    "will-not-stop": "abandoned",
    "exit": "exit",
    "interrupt": "exit",
    "base-exception": "raised",
    "group": "raised",
    "tell": "raised",
}
"""What the plugin does once the agency has answered, and the fault that it is."""


class Waterworks(Simulator):
    """Files whatever comes."""

    plugin_id: ClassVar[str] = "wasa"
    modelled: ClassVar[str] = "সবই কল্পিত। / All of it is invented."
    outcomes: ClassVar[tuple[str, ...]] = ("approve",)

    def open_office(self) -> None:
        pass

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("/connections", self.file, methods=["POST"]),
            Route("/connections", self.show, methods=["GET"]),
        )

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url}

    async def file(self, request: Request) -> Response:
        self.ledger.record("application", "W-1")
        return JSONResponse({"number": "W-1"})

    async def show(self, request: Request) -> Response:
        return JSONResponse({"number": "W-1"})


class Counter:
    """Both plugins on one platform, and what their agencies know."""

    def __init__(self, platform: Platform, waterworks: Waterworks, till: CashDeskSimulator) -> None:
        self.platform = platform
        self.waterworks = waterworks
        self.till = till
        citizen = SyntheticCitizens(0).citizen(7)
        now = till.clock.now()
        consent = Consent(
            id="consent-1",
            service="wasa.connection",
            operations=frozenset(Operation),
            fee_ceiling=Money.taka(1000),
            given_at=now,
            expires_at=now + timedelta(days=1),
        )
        self.draft = ApplicationDraft(service="wasa.connection", applicant=citizen.applicant(), consent=consent)
        self.references = References(
            client_reference="NGK-1", idempotency_key=UUID(int=1, version=4), agency_reference="W-1"
        )

    @property
    def plugin(self) -> ModuleType:
        return sys.modules["nagorik_wasa.plugin"]

    async def submit(self) -> object:
        return await self.platform.submit(self.draft, self.references)

    async def status(self) -> object:
        return await self.platform.get_status(self.draft, self.references)

    async def pay(self, payment: str) -> object:
        request = StartPaymentRequest(
            gateway="cashdesk.counter",
            payment=payment,
            amount=Money.taka(230),
            purpose=Text(bn="সংযোগ", en="Connection"),
        )
        return await self.platform.start_payment(
            request, service="wasa.connection", consent=self.draft.consent, key=f"key-{payment}"
        )


@pytest_asyncio.fixture
async def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counter]:
    package = tmp_path / "nagorik_wasa"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "plugin.toml").write_text(MANIFEST, "utf-8")
    (package / "plugin.py").write_text(PLUGIN.format(secret=SECRET), "utf-8")
    info = tmp_path / "nagorik_wasa-1.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.4\nName: nagorik-wasa\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[nagorik.plugins]\nwasa = nagorik_wasa.plugin:hooks\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    clock = SimulatedClock()
    waterworks, till = Waterworks(clock=clock), CashDeskSimulator(clock=clock)
    plugins = in_process_configurations((waterworks, till))
    registry = Registry.discover(admission=Admission(allow=frozenset(plugins)))
    settings = PlatformSettings(plugins=plugins, documents=MemoryDocuments(), clock=clock, longest_step=0.02)
    async with Platform(registry, settings) as platform:
        made = Counter(platform, waterworks, till)
        # Both are imported now: virtual time runs on while a thread imports.
        await made.status()
        await made.pay("warm-up")
        yield made
    for name in [name for name in sys.modules if name.partition(".")[0] == "nagorik_wasa"]:
        del sys.modules[name]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All log lines of the process, as a host has them."""
    root = logging.getLogger()
    handlers, level, usual = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    configure_logging(stream=stream)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**usual)


async def beside(counter: Counter, mode: str, call: Any) -> NagorikError:
    """How a call ends that misbehaves while its neighbour takes ten payments."""
    counter.plugin.hooks.mode = mode
    end, *payments = await asyncio.gather(
        call(), *(counter.pay(f"payment-{number}") for number in range(10)), return_exceptions=True
    )
    assert [type(payment) for payment in payments] == [PaymentStarted] * 10
    assert counter.till.ledger.effect_counts["slip"] == 11
    assert isinstance(end, NagorikError)
    return end


@pytest.mark.parametrize(("mode", "fault"), MODES.items())
async def test_read_fails_as_a_fault_of_its_plugin_alone(
    counter: Counter, log: io.StringIO, mode: str, fault: str
) -> None:
    end = await beside(counter, mode, counter.status)
    assert isinstance(end, PluginFault)
    assert (end.fault, end.plugin) == (fault, "wasa")
    assert SECRET not in f"{log.getvalue()}{end}{end.to_problem()}"


@pytest.mark.parametrize("mode", MODES)
async def test_write_that_the_agency_has_answered_is_in_doubt(counter: Counter, log: io.StringIO, mode: str) -> None:
    end = await beside(counter, mode, counter.submit)
    assert isinstance(end, OutcomeUnknown)
    assert (end.step, end.client_reference) == ("file", "NGK-1")
    assert counter.waterworks.ledger.effect_counts == {"application": 1}
    assert '"plugin_fault"' in log.getvalue()
    assert SECRET not in f"{log.getvalue()}{end}{end.to_problem()}"


async def test_platform_goes_on_after_every_mode(counter: Counter) -> None:
    for mode in ("exit", "group", "will-not-stop"):
        await beside_once(counter, mode)
    counter.plugin.hooks.mode = "right"
    assert isinstance(await counter.status(), AgencyStatus)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def beside_once(counter: Counter, mode: str) -> None:
    counter.plugin.hooks.mode = mode
    with pytest.raises(PluginFault):
        await counter.status()


async def test_blocked_loop_is_noted_though_the_write_stands(counter: Counter, log: io.StringIO) -> None:
    counter.plugin.hooks.mode = "block"
    await counter.submit()
    assert isinstance(await counter.pay("after"), PaymentStarted)
    assert '"blocked-loop"' in log.getvalue()
    assert counter.waterworks.ledger.effect_counts == {"application": 1}
