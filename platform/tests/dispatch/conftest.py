"""Plugins as pip leaves them behind, an agency that answers by a script, and a platform over both."""

import importlib
import importlib.abc
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent, indent
from types import ModuleType
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from structlog.typing import EventDict

from nagorik.model.application import Applicant, ApplicationDraft, Consent
from nagorik.operations import OPERATIONS, Family, Operation
from nagorik.values import Money, Nid, PersonName
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration, References
from nagorik_platform.registry import Registry

NID = "1990123456789"
"""The canary: it is in every draft and may appear nowhere but in what a plugin sends to its agency."""

HEAD = """\
import asyncio
import sys
import time

from nagorik.http import WireModel
from nagorik.errors import *
from nagorik.hookspecs import hookimpl
from nagorik.model.status import *
from nagorik.model.application import *
from nagorik.model.eligibility import *
from nagorik.model.fee import *
from nagorik.model.payment import *
from nagorik.model.submission import *

NID = "1990123456789"
seen = []


class Filed(WireModel):
    reference: str


STATUS = AgencyStatus(state="submitted", raw="RECEIVED")


async def file(context, step="file"):
    return await context.http.write(step, "POST", "/applications", json={"a": 1}, expect=Filed)


async def look(context):
    return await context.http.read("look", "GET", "/applications", expect=Filed)


"""
FORMS = """\
from typing import Annotated

from nagorik import Form, Label


class ConnectionForm(Form):
    holding: Annotated[str, Label(en="Holding number", bn="হোল্ডিং নম্বর")]
"""
GOOD_SUBMIT = 'return Accepted(reference="R-1", status=STATUS)'
GOOD_STATUS = "return STATUS"
OPERATION_OF = {spec.hook: operation for operation, spec in OPERATIONS.items()}

Step = httpx.Response | Exception | Callable[[httpx.Request], object]


class ScriptedAgency(httpx.AsyncBaseTransport):
    """Answers by a script, and afterwards that it filed the application."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = 0
        self._script: deque[Step] = deque()

    def will(self, *steps: Step) -> None:
        self._script.extend(steps)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step: object = self._script.popleft() if self._script else filed()
        if callable(step) and not isinstance(step, httpx.Response):
            step = step(request)
            if hasattr(step, "__await__"):
                step = await step
        if isinstance(step, Exception):
            raise step
        assert isinstance(step, httpx.Response)
        return step

    async def aclose(self) -> None:
        self.closed += 1

    @property
    def writes(self) -> int:
        return sum(request.method == "POST" for request in self.requests)


def filed() -> httpx.Response:
    return httpx.Response(200, json={"reference": "R-1"})


def manifest_of(plugin_id: str, hooks: Mapping[str, str], writes: Mapping[str, str], service: str, extra: str) -> str:
    operations = [OPERATION_OF[hook] for hook in hooks]
    families = {OPERATIONS[operation].family for operation in operations}
    tables = []
    for family, table in ((Family.SERVICE, "services"), (Family.GATEWAY, "gateways")):
        if family in families:
            own = [operation for operation in operations if OPERATIONS[operation].family is family]
            reads = [str(operation) for operation in own if not OPERATIONS[operation].writes]
            classes = {str(op): writes.get(op, "none") for op in own if OPERATIONS[op].writes}
            tables.append(f"""
[[{table}]]
id = "{plugin_id}.{"connection" if table == "services" else "pay"}"
name = {{ en = "New connection", bn = "নতুন সংযোগ" }}
reads = {reads}
writes = {{ {", ".join(f'{name} = "{kind}"' for name, kind in classes.items())} }}
{service if table == "services" else ""}
""")
    return f"""\
manifest_version = 1
id = "{plugin_id}"
requires_api = "1.0"
name = {{ en = "Water Authority", bn = "পানি কর্তৃপক্ষ" }}
owners = [{{ name = "Integration team", contact = "integration@{plugin_id}.example" }}]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.{plugin_id}.example"]
health = {str(Operation.HEALTH in operations).lower()}
{extra}
{"".join(tables)}"""


class World:
    """What is installed, what the agencies answer, and the platforms over it."""

    NID = NID
    filed = staticmethod(filed)

    def __init__(self, site: Path) -> None:
        self.site = site
        self.agencies: dict[str, ScriptedAgency] = {}
        self.platforms: list[Platform] = []

    @property
    def agency(self) -> ScriptedAgency:
        return self.agencies["wasa"]

    def install(
        self,
        plugin_id: str = "wasa",
        *,
        hooks: Mapping[str, str] | None = None,
        head: str = "",
        writes: Mapping[str, str] | None = None,
        service: str = 'form = "forms:ConnectionForm"',
        extra: str = "",
        files: Mapping[str, str] | None = None,
    ) -> str:
        """Install a plugin whose hooks have these bodies, and return the id of its service."""
        hooks = {"nagorik_submit": GOOD_SUBMIT, "nagorik_get_status": GOOD_STATUS} if hooks is None else hooks
        package = f"nagorik_{plugin_id}"
        info = self.site / f"{package}-1.0.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{plugin_id}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{plugin_id} = {package}.plugin\n")
        root = self.site / package
        root.mkdir()
        (root / "__init__.py").touch()
        (root / "plugin.toml").write_text(manifest_of(plugin_id, hooks, writes or {}, service, extra))
        bodies = "".join(
            f"@hookimpl\nasync def {hook}(request, context):\n{indent(dedent(body), '    ')}\n\n\n"
            for hook, body in hooks.items()
        )
        sources = {"plugin.py": HEAD + dedent(head) + "\n\n" + bodies, "forms.py": FORMS, **(files or {})}
        for name, content in sources.items():
            (root / name).write_text(content, "utf-8")
        importlib.invalidate_caches()
        self.agencies[plugin_id] = ScriptedAgency()
        return f"{plugin_id}.connection"

    def platform(self, *, settings: Mapping[str, Mapping[str, object]] | None = None, **options: object) -> Platform:
        own = settings or {}
        plugins = {
            plugin_id: PluginConfiguration(
                settings=own.get(plugin_id, {"base_url": f"https://api.{plugin_id}.example"}),
                transport_factory=lambda agency=agency: agency,
            )
            for plugin_id, agency in self.agencies.items()
        }
        # The plugins of this environment are installed too; only those of the test are looked at.
        registry = Registry.discover(path=[str(self.site)])
        made = Platform(registry, PlatformSettings(plugins=plugins, **options))  # type: ignore[arg-type]
        self.platforms.append(made)
        return made

    async def warm(self, platform: Platform, service: str = "wasa.connection") -> None:
        """Import the plugin now: virtual time runs on while a thread imports."""
        await platform.validate(service, {"holding": "12"})

    def module(self, plugin_id: str = "wasa", name: str = "plugin") -> ModuleType:
        """A plugin's module, once it was called."""
        return sys.modules[f"nagorik_{plugin_id}.{name}"]

    def draft(self, service: str = "wasa.connection", **members: object) -> ApplicationDraft:
        return ApplicationDraft.model_validate(
            {
                "service": service,
                "applicant": self.applicant(),
                "form": {"holding": NID},
                "consent": self.consent(service),
                **members,
            }
        )

    def applicant(self, number: int = 0) -> Applicant:
        """A citizen; another number is another."""
        born = date(1990, 1, 1) + timedelta(days=number)
        nid = Nid(value=str(int(NID) + number))
        return Applicant(name=PersonName(en="A Citizen"), birth_date=born, identifiers=(nid,))

    def consent(self, service: str = "wasa.connection", **members: object) -> Consent:
        now = datetime.now(UTC)
        return Consent.model_validate(
            {
                "id": "consent-1",
                "service": service,
                "operations": frozenset(Operation),
                "fee_ceiling": Money(poisha=100_000),
                "given_at": now - timedelta(days=1),
                "expires_at": now + timedelta(days=1),
                **members,
            }
        )

    references = References(
        client_reference=f"CR-{NID}",
        idempotency_key=UUID("00000000-0000-4000-8000-000000000001"),
        agency_reference="R-1",
    )


@pytest_asyncio.fixture
async def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    before = set(sys.modules)
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    made = World(site)
    yield made
    for platform in made.platforms:
        await platform.aclose()
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
    importlib.invalidate_caches()


@pytest.fixture
def structlog_output() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines
