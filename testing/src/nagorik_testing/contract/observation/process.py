"""Every operation of a plugin, played as usual and in a process of its own, and what is seen there.

It is played once here, as all checks do, and then in a process whose clock is decades ahead and whose zone is
another, in which nothing of the kit can be found.
"""

import asyncio
import json
import os
import pickle
import sys
from datetime import timedelta
from importlib.util import find_spec
from typing import Final

from nagorik.manifest import AnyOffer
from nagorik_platform.registry import PluginRecord
from nagorik_platform.registry.discovery import find_sources
from nagorik_testing.contract.live import SIMULATOR, NotPlayed
from nagorik_testing.contract.observation.plays import USUAL, Place, Waits, staged
from nagorik_testing.contract.observation.records import CallRecord, differences
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.simulator.clock import START

MACHINE: Final = (START + timedelta(days=12_641, hours=13, minutes=7)).timestamp()
"""What the machine's clock shows where the plugin is watched: more than thirty years after the agency's."""
ZONE: Final = "Pacific/Pago_Pago"
"""Eleven hours behind UTC and seventeen behind Dhaka, so that the days differ for most of the day."""
_PROGRAM: Final = """
import sys
sys.modules["pytest"] = None
from nagorik_testing.contract.observation.child import main
del sys.modules["pytest"]
main()
"""
"""time-machine imports pytest where it can, which takes an eighth of the process's beginning and is hidden again."""
_OF_TESTS: Final = ("PYTEST_", "NAGORIK_", "COVERAGE_", "COV_CORE_")
"""What the names of variables begin with that a host's environment does not have."""
_COMPARED: Final = frozenset({"process/another-machine", "process/interleaved"})
"""Checks that report what a call differs in, which may never be twice the same."""


async def observe(subject: Subject, _: AnyOffer) -> dict[str, list[str]]:
    """Return what is seen of a plugin, in words, by the id of the check that forbids it.

    Raises:
        NotPlayed: The agency is live.
        NotReachable: An operation cannot be played, or the process ends.
    """
    if subject.live is not None:
        raise NotPlayed(SIMULATOR)
    record = subject.registry.record(subject.manifest.id)
    if record is None or record.directory is None:
        raise NotReachable(f"plugin {subject.manifest.id} is not in its registry")
    waits: Waits = {}
    usual: dict[Place, CallRecord] = {}
    for offer in subject.manifest.offers:
        for operation in sorted(subject.callable_operations(offer)):
            place = Place(offer.id, operation)
            # What cannot be called here cannot be called there: the matrix of faults reports it.
            if (played := await _here(subject, place, waits)) is not None:
                usual[place] = played
    if not usual:
        raise NotReachable("it has no operation that can be called")
    as_found = PluginRecord(record.source, record.package, record.directory, record.manifest)
    seen = await _watched(as_found, subject.simulator, MACHINE, _foreign(record), usual, waits)
    by_nature = {
        str(place): [] if (again := await _here(subject, place, waits)) is None else differences(record, again)
        for place, record in usual.items()
        if any(check in _COMPARED and where == str(place) for check, where, _ in seen)
    }
    found: dict[str, list[str]] = {}
    for check, where, what in seen:
        if check not in _COMPARED or what not in by_nature[where]:
            found.setdefault(check, []).append(f"{where} {what}")
    return found


async def _here(subject: Subject, place: Place, waits: Waits) -> CallRecord | None:
    async with staged(subject, place, USUAL, waits) as stage:
        return None if stage is None else await stage.called()


async def _watched(*job: object) -> list[tuple[str, str, str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OF_TESTS)}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, stdin=pipe, stdout=pipe, env={**environment, "TZ": ZONE}
    )
    try:
        said, _ = await process.communicate(pickle.dumps((sys.path, pickle.dumps(job))))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    seen = json.loads(said or '"the process in which the plugin runs has ended"')
    if isinstance(seen, str):
        raise NotReachable(seen)
    return [(check, where, what) for check, where, what in seen]


def _foreign(record: PluginRecord) -> dict[str, str]:
    """Packages of the other plugins that are installed, with their folders."""
    own = (record.package or "").partition(".")[0]
    packages = {found.source.value.partition(":")[0].partition(".")[0] for found in find_sources()} - {own, ""}
    specs = {package: find_spec(package) for package in packages}
    folders = {name: spec.submodule_search_locations for name, spec in specs.items() if spec is not None}
    return {name: found[0] for name, found in folders.items() if found}
