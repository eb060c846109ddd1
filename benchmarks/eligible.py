"""All services for one citizen against plain calls of the same rules, with few and with many plugins installed.

Fake distributions are written to a temporary folder and imported. All run on a plain event loop, as workers do.
Rounds of the contestants alternate within one run; compare the ratios only. Two contestants decide the same rules for
the same citizen:

- ``plain`` awaits each hook in a loop, with no context, deadline, check or containment,
- ``platform`` is ``Platform.eligible_services``.

    python benchmarks/eligible.py [--quick]
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path

from nagorik import Applicant, EligibilityRequest
from nagorik.values import PersonName
from nagorik_platform import Platform, PlatformSettings
from nagorik_platform.registry import Registry

SCALES = ((5, 4), (20, 10), (100, 10))
"""Plugins, and services of each."""
DAY = date(2026, 11, 24)
HEAD = """\
manifest_version = 1
id = "{id}"
requires_api = "1.0"
name = {{ en = "Agency {id}", bn = "সংস্থা" }}
owners = [{{ name = "Bench", contact = "bench" }}]
evidence = "modelled"
as_of = 2026-10-01
"""
SERVICE = """
[[services]]
id = "{id}.s{number}"
name = {{ en = "Bench", bn = "মাপ" }}
reads = ["eligibility"]
"""
PLUGIN = """\
from nagorik import Criterion, EligibilityDecision, Text, hookimpl
from nagorik_toolkit.bangladesh import age_on


@hookimpl
async def nagorik_check_eligibility(request, context):
    age = age_on(request.applicant.birth_date, request.on)
    return EligibilityDecision(
        criteria=tuple(
            Criterion(
                id=f"age-{limit}",
                verdict="pass" if age >= limit else "fail",
                text=Text(en=f"From the age of {limit}.", bn="বয়স।"),
            )
            for limit in (6, 18, 25)
        )
    )
"""


def install(site: Path, plugins: int, services: int) -> list[str]:
    """Write the distributions; the plugins' ids."""
    ids = [f"e{plugins}n{number}" for number in range(plugins)]
    for plugin_id in ids:
        package = f"nagorik_{plugin_id}"
        info, root = site / f"{package}-1.0.0.dist-info", site / package
        info.mkdir(parents=True)
        root.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: nagorik-{plugin_id}\nVersion: 1.0.0\n")
        (info / "entry_points.txt").write_text(f"[nagorik.plugins]\n{plugin_id} = {package}.plugin\n")
        (root / "__init__.py").touch()
        offers = "".join(SERVICE.format(id=plugin_id, number=number) for number in range(services))
        (root / "plugin.toml").write_text(HEAD.format(id=plugin_id) + offers, "utf-8")
        (root / "plugin.py").write_text(PLUGIN, "utf-8")
    sys.path.insert(0, str(site))
    return ids


async def contestants(site: Path, plugins: int, services: int) -> dict[str, Callable[[], Awaitable[int]]]:
    """Both ways to the same decisions, everything imported; each returns how many services it decided."""
    ids = install(site, plugins, services)
    platform = Platform(Registry.discover(path=[str(site)]), PlatformSettings())
    applicant = Applicant(name=PersonName(en="PORIKKHA NAGORIK"), birth_date=date(2001, 2, 3))
    await platform.eligible_services(applicant, on=DAY)
    hooks = [sys.modules[f"nagorik_{plugin_id}.plugin"].nagorik_check_eligibility for plugin_id in ids]

    async def plain() -> int:
        found = [
            await hook(
                request=EligibilityRequest(service=f"{plugin_id}.s{number}", applicant=applicant, on=DAY),
                context=None,
            )
            for plugin_id, hook in zip(ids, hooks, strict=True)
            for number in range(services)
        ]
        return len(found)

    async def through_platform() -> int:
        found = await platform.eligible_services(applicant, on=DAY)
        return sum(entry.because is None for entry in found)

    return {"plain": plain, "platform": through_platform}


async def compete(rounds: int) -> None:
    """Run the contestants in turn and report medians and ratios."""
    with tempfile.TemporaryDirectory() as folder:
        for plugins, services in SCALES:
            calls = await contestants(Path(folder) / str(plugins), plugins, services)
            times: dict[str, list[float]] = {name: [] for name in calls}
            for _ in range(rounds):
                for name, call in calls.items():
                    began = time.perf_counter()
                    decided = await call()
                    times[name].append((time.perf_counter() - began) * 1e3)
                    if decided != plugins * services:
                        raise SystemExit(f"{name} decided {decided} of {plugins * services} services")
            plain, platform = (statistics.median(times[name]) for name in ("plain", "platform"))
            print(
                f"{plugins:>4} plugins x {services:>2} services: plain {plain:8.2f} ms, platform {platform:8.2f} ms, "
                f"ratio {platform / plain:5.2f}, {platform / plugins / services * 1e3:6.0f} us a service"
            )


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    asyncio.run(compete(5 if parser.parse_args().quick else 25))


if __name__ == "__main__":
    main()
