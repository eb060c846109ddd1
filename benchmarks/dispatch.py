"""A call through the platform against awaiting the hook itself, with few and with many plugins installed.

Fake distributions are written to a temporary folder, and every plugin is imported, so that the call's plugin is one
among many. All run on a plain asyncio event loop, as workers do. Rounds of the contestants alternate within one run;
compare the ratios only. Three contestants:

- ``direct`` awaits the same coroutine function with the same request,
- ``dispatcher`` calls it with the request at hand: resolving, context, deadline, task, check of the result,
- ``facade`` is what a host calls: it builds the request and validates the form as well.

    python benchmarks/dispatch.py [--quick]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from pathlib import Path
from uuid import UUID

import httpx

from nagorik.model.application import Applicant, ApplicationDraft
from nagorik.model.status import AgencyStatus, StatusRequest
from nagorik.operations import Operation
from nagorik.values import PersonName
from nagorik_platform import Platform, PlatformSettings, PluginConfiguration, References
from nagorik_platform.dispatch.dispatcher import Dispatcher
from nagorik_platform.registry import Registry

INSTALLED = (5, 50, 500)
MANIFEST = """\
manifest_version = 1
id = "{id}"
requires_api = "1.0"
name = {{ en = "Agency {id}", bn = "সংস্থা" }}
owners = [{{ name = "Bench", contact = "bench" }}]
evidence = "modelled"
as_of = 2026-10-01
egress = ["api.bench.example"]

[[services]]
id = "{id}.a"
name = {{ en = "Bench", bn = "মাপ" }}
form = "plugin:BenchForm"
reads = ["status"]
"""
PLUGIN = """\
from nagorik.hookspecs import hookimpl
from nagorik.model.status import AgencyStatus
from nagorik.privacy import Form


class BenchForm(Form):
    holding: str


@hookimpl
async def nagorik_get_status(request, context):
    return AgencyStatus(state="submitted", raw="RECEIVED")
"""

Call = Callable[[], Awaitable[object]]


def install(site: Path, count: int) -> list[str]:
    """Write ``count`` distributions, each with one plugin; the plugins' ids."""
    ids = [f"b{count}n{number}" for number in range(count)]
    for plugin_id in ids:
        package = f"nagorik_{plugin_id}"
        info, root = site / f"{package}-1.0.0.dist-info", site / package
        info.mkdir(parents=True)
        root.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{plugin_id}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{plugin_id} = {package}.plugin\n")
        (root / "__init__.py").touch()
        (root / "plugin.toml").write_text(MANIFEST.format(id=plugin_id), "utf-8")
        (root / "plugin.py").write_text(PLUGIN, "utf-8")
    sys.path.insert(0, str(site))
    return ids


async def contestants(site: Path, count: int) -> dict[str, Call]:
    """The three ways to one hook, with ``count`` plugins installed and imported."""
    ids = install(site, count)
    service = f"{ids[count // 2]}.a"
    settings = PlatformSettings(
        plugins={
            plugin_id: PluginConfiguration(
                settings={"base_url": "https://api.bench.example"},
                transport_factory=lambda: httpx.MockTransport(lambda _request: httpx.Response(200)),
            )
            for plugin_id in ids
        }
    )
    registry = Registry.discover(path=[str(site)])
    platform, dispatcher = Platform(registry, settings), Dispatcher(registry, settings)
    draft = ApplicationDraft(
        service=service,
        applicant=Applicant(name=PersonName(en="A Citizen"), birth_date=date(1990, 1, 1)),
        form={"holding": "12/A"},
    )
    references = References(client_reference="CR-1", idempotency_key=UUID(int=1), agency_reference="R-1")
    for plugin_id in ids:
        await platform.validate(f"{plugin_id}.a", draft.form)
    request = StatusRequest(
        service=service,
        on=date(2026, 11, 24),
        applicant=draft.applicant,
        form=await platform.validate(service, draft.form),
        client_reference="CR-1",
        agency_reference="R-1",
    )
    hook = sys.modules[f"nagorik_{ids[count // 2]}.plugin"].nagorik_get_status

    async def direct() -> object:
        return await hook(request=request, context=None)

    async def through_dispatcher() -> object:
        return await dispatcher.call(Operation.STATUS, service, request)

    async def through_facade() -> object:
        return await platform.get_status(draft, references)

    calls: dict[str, Call] = {"direct": direct, "dispatcher": through_dispatcher, "facade": through_facade}
    for call in calls.values():
        assert isinstance(await call(), AgencyStatus)
    return calls


async def microseconds(call: Call, count: int) -> float:
    """Mean time of one call in a run of ``count``."""
    began = time.perf_counter()
    for _ in range(count):
        await call()
    return (time.perf_counter() - began) / count * 1e6


def report(found: Mapping[tuple[int, str], list[float]]) -> None:
    """Print medians, what each way adds to the hook itself, and how it grows with the number of plugins."""
    medians = {contestant: statistics.median(times) for contestant, times in found.items()}
    print(f"{'plugins':>7}  {'contestant':<10} {'µs/call':>8} {'added µs':>9}")
    for (count, name), median in medians.items():
        print(f"{count:>7}  {name:<10} {median:>8.1f} {median - medians[count, 'direct']:>9.1f}")
    few, many = INSTALLED[0], INSTALLED[-1]
    for name in ("dispatcher", "facade"):
        print(f"{name}: {many} plugins cost {medians[many, name] / medians[few, name]:.2f} of {few} plugins")


async def compete(rounds: int, count: int) -> None:
    """Run all contestants in turn and report."""
    with tempfile.TemporaryDirectory() as folder:
        calls = {
            (installed, name): call
            for installed in INSTALLED
            for name, call in (await contestants(Path(folder) / str(installed), installed)).items()
        }
        found: dict[tuple[int, str], list[float]] = {contestant: [] for contestant in calls}
        for _ in range(rounds):
            for contestant, call in calls.items():
                found[contestant].append(await microseconds(call, count))
        report(found)


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    quick = parser.parse_args().quick
    asyncio.run(compete(5 if quick else 25, 200 if quick else 1000))


if __name__ == "__main__":
    main()
