"""The process in which a plugin is watched: a platform as on a host, and nothing of the kit that a plugin can find.

Before the plugin is imported, the machine's clock is put decades ahead; the platform's own clock is the agency's. The
process has ended without a result if one call has not ended in time.
"""

import asyncio
import decimal
import faulthandler
import json
import linecache
import os
import pickle
import pkgutil
import sys
import tempfile
import threading
import zoneinfo
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import partial
from importlib import import_module
from importlib.metadata import Distribution
from pathlib import Path
from types import FrameType
from typing import Any, Final, TextIO

import nagorik
import nagorik_platform
import nagorik_toolkit
from nagorik_platform.dispatch.plugin_call import PLUGIN_CALL, PluginCall
from nagorik_platform.dispatch.runner import Runner
from nagorik_platform.plugin_settings import environment_prefix
from nagorik_platform.registry import PluginRecord, Registry
from nagorik_testing.contract.observation.forbidden import LONGEST_WAIT, WRITES, ProcessWatch, before, listen
from nagorik_testing.contract.observation.plays import (
    FIRST,
    USUAL,
    CallRecord,
    Stage,
    Waits,
    WirePlace,
    differences,
    staged,
)
from nagorik_testing.contract.observation.state import Needles, is_within, libraries, own_modules, patched, settings
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import leaves_of
from nagorik_testing.fixtures.canaries import canary_values
from nagorik_testing.simulator.base import Simulator

KIT: Final = frozenset({"nagorik_testing", "pytest", "_pytest", "respx", "hypothesis"})
"""What a host has not installed, and a plugin could know a test by."""
AFTERWARDS: Final = 25
"""Turns of the event loop in which what a call has begun ends by itself."""
LONGEST: Final = 300.0
"""Real seconds in which an operation is prepared and called, or never."""
LONGEST_STEP: Final = 0.25
"""Real seconds of a step; a machine's own hiccups are shorter, or do not repeat."""
TRIES: Final = 3
"""Calls of which each has to have such a step before the plugin is blamed and not the machine."""
SHORTEST_NUMBER: Final = 10
"""Digits from which on a number of the example is one that leads to a person."""
SHORTEST_REFERENCE: Final = 6
"""Characters from which on an agency's number of an application is found in no other text by chance."""


class _Child:
    """What is watched, and what the plugin has begun: what, in which call, and whether it is over."""

    def __init__(
        self,
        record: PluginRecord,
        simulator: type[Simulator],
        machine: float,
        foreign: Mapping[str, str],
        usual: Mapping[WirePlace, CallRecord],
        waits: Waits,
    ) -> None:
        self._package, self._foreign, self._usual, self._waits = record.package or "", foreign, usual, waits
        self._subject = Subject(Registry([record]), record.manifest, simulator)  # type: ignore[arg-type]
        self._agency = self._forget_plugin(simulator)
        folders = [str(Path(str(one.__file__)).parent) for one in (nagorik, nagorik_toolkit, nagorik_platform)]
        self._watch = ProcessWatch(
            record.directory or Path(),
            [*folders, Path(__file__).parents[2], *self._agency.values()],
            readable=[sys.prefix, sys.base_prefix, *folders, *zoneinfo.TZPATH],
            foreign=list(foreign.values()),
        )
        self._personal, self._kept, self._calls = Needles(), Needles(), list[PluginCall]()
        self._begun: list[tuple[str, PluginCall | None, Callable[[], bool]]] = []
        self._begin(environment_prefix(record.id), machine)

    def _forget_plugin(self, simulator: type[Simulator]) -> dict[str, str]:
        """Forget the modules that the plugin is to be imported from; those of its agency stay, with their files."""
        homes = {kind.__module__ for kind in simulator.__mro__}
        homes |= {home.rpartition(".")[0] for home in homes} - {self._package}
        own = [name for name in sys.modules if is_within(name, self._package)]
        agency = {name for name in own if any(is_within(name, home) for home in homes)}
        for name in {*own} - agency:
            del sys.modules[name]
        return {name: str(sys.modules[name].__file__) for name in agency}

    def _begin(self, own_variables: str, machine: float) -> None:
        """Make the process one of a host's, and keep how everything is before the plugin comes."""
        # What a plugin may import of the libraries is known before it changes it.
        for package in (nagorik, nagorik_toolkit):
            modules = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
            for load in [
                *(partial(import_module, found.name) for found in modules),
                *(partial(getattr, package, name) for name in package.__all__),
            ]:
                with suppress(ImportError):  # an extra that is not installed
                    load()
        linecache.clearcache()
        self._nowhere = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the process lives
        listen(self._watch, own_variables)
        _hide_kit()
        # time-machine would import it where it can.
        sys.modules["pytest"] = None  # type: ignore[assignment]
        import_module("time_machine").travel(machine, tick=True).start()
        del sys.modules["pytest"]
        before(PluginCall, "keep", lambda _, task: self._keep("task", task.done))
        before(threading.Thread, "start", lambda one: self._keep("thread", partial(self._is_idle, one)))
        usual, loop = Runner.run, asyncio.get_running_loop()
        for holder, name, watched in (
            (Runner, "run", lambda runner, start, of, call: usual(runner, partial(self._run, start, call), of, call)),
            (loop, "call_at", partial(self._call_at, loop.call_at)),
        ):
            setattr(holder, name, watched)
        self._settings, self._libraries, self._loaded = settings(), libraries(), set(sys.modules)
        self._written = os.fstat(1).st_size

    async def observe(self) -> list[tuple[str, str, str]]:
        """Play every operation: for another citizen, and for both at once; where that differs, by itself too."""
        self._subject.registry.activate(self._subject.manifest.id)
        self._note_left(None)
        self._compare_process()
        first = {place: await self._alone(place, FIRST) for place in self._usual}
        self._look()
        for place, other in first.items():
            both = await self._at_once(place)
            one: CallRecord | None = None
            if both is not None and other is not None:
                if not (differences(self._usual[place], both[0]) or differences(other, both[1])):
                    continue
                one = await self._alone(place, USUAL)
            self._watch.where = str(place)
            if one is None or other is None or both is None:
                self._watch.note("another-machine", "cannot be called there")
                continue
            # Which it is, the one or the other, shows when the call is made by itself.
            for what in differences(self._usual[place], one):
                self._watch.note("another-machine", what)
            for what in differences(one, both[0]) + differences(other, both[1]):
                self._watch.note("interleaved", what)
        self._look()
        return list(self._watch.acts)

    async def _alone(self, place: WirePlace, seed: int) -> CallRecord | None:
        longest = list[float]()
        record: CallRecord | None = None
        while len(longest) < TRIES and (not longest or longest[-1] > LONGEST_STEP):
            async with self._staged(place, seed) as stage:
                if stage is None:
                    return None
                self._calls.clear()
                record = await stage.called(self._judge)
                longest.append(max((call.longest_step for call in self._calls), default=0.0))
                if seed == FIRST and len(longest) == 1:
                    await stage.refused(self._judge)
                self._judge(stage.rig)
                if len(reference := stage.rig.references.agency_reference or "") >= SHORTEST_REFERENCE:
                    self._kept.add([reference])
        if min(longest) > LONGEST_STEP:
            self._watch.where = str(place)
            self._watch.note("waits", f"keeps the event loop for {min(longest):.2f} seconds")
        return record

    async def _at_once(self, place: WirePlace) -> Sequence[CallRecord] | None:
        async with self._staged(place, USUAL) as one, self._staged(place, FIRST) as other:
            if one is None or other is None:
                return None
            return await asyncio.gather(one.called(self._judge), other.called(self._judge))

    def _staged(self, place: WirePlace, seed: int) -> AbstractAsyncContextManager[Stage | None]:
        faulthandler.dump_traceback_later(LONGEST, exit=True, file=self._nowhere)
        self._watch.offer = place.offer
        return staged(self._subject, place, seed, self._waits, self._keep_secret)

    def _keep_secret(self, rig: Rig) -> None:
        """Let nothing come out of the citizen's names and numbers, and those of the example.

        The plugin's own secrets are no citizen's: it may hold what it makes of them.
        """
        sought = set(canary_values(rig.citizen))
        if any(service.id == rig.offer for service in self._subject.manifest.services):
            with suppress(NotImplementedError):
                filled_in = (value for _, value in leaves_of(dict(rig.draft.form), ""))
                sought |= {value for value in filled_in if len(value) >= SHORTEST_NUMBER and value.isdecimal()}
        self._personal.add(sought)
        self._kept.add(sought | {rig.references.client_reference, rig.payment})

    def _judge(self, rig: Rig, error: BaseException | None = None) -> None:
        """Look at how a call has ended, and at the settings that the plugin shares among calls."""
        if error is not None and self._personal.reached_from(error):
            self._watch.note("personal-data", "raises an exception that carries personal data")
        runtime = rig.platform._dispatcher._runtimes.get(rig.plugin_id)
        if runtime is not None and self._personal.reached_from(runtime.connection.settings):
            self._watch.note("personal-data", "leaves personal data in context.settings")

    def _look(self) -> None:
        """Look at what is left of all calls so far: values of a citizen, and libraries that are others."""
        self._watch.where = "the plugin"
        found = own_modules(self._package)
        modules = {name: module for name, module in found.items() if name not in self._agency}
        for name in self._kept.retained(modules):
            self._watch.note("personal-data", f"keeps a citizen's data in {name} when the call is over")
        known, self._libraries = self._libraries, libraries()
        for name in patched(known, self._libraries, self._package):
            self._watch.note("as-found", f"replaces {name}")

    # What the plugin begins

    def _keep(self, what: str, is_over: Callable[[], bool]) -> None:
        if (place := self._watch.place()) is not None:
            self._begun.append((f"leaves a {what} behind that it began at {place}", PLUGIN_CALL.get(), is_over))

    def _is_idle(self, thread: threading.Thread) -> bool:
        """Whether a thread has ended, or waits for work in the loop's own pool."""
        frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
        while frame is not None and not self._watch.is_of_plugin(frame):
            frame = frame.f_back
        return not thread.is_alive() or (frame is None and thread.name.startswith("asyncio_"))

    def _call_at(self, usual: Any, when: float, callback: Any, *given: Any, context: Any = None) -> Any:
        """Set a timer, as the event loop does."""
        place, clock = self._watch.place(), asyncio.get_running_loop().time
        seconds = when - clock()

        def fire() -> None:
            if place is not None and seconds >= LONGEST_WAIT:
                self._watch.note("waits", f"waits for {seconds:.2f} seconds by the machine's clock at {place}")
            callback(*given)

        handle = usual(when, fire, context=context)
        self._keep("timer", lambda: handle.cancelled() or when <= clock())
        return handle

    async def _run(self, start: Callable[[], Coroutine[Any, Any, object]], call: PluginCall) -> object:
        """Run a hook, and see what is left when it has ended well; after an error, others may still be ending.

        A login within another call is no end of that call.
        """
        self._watch.where = f"{call.operation} of {self._watch.offer}"
        self._calls.append(call)
        try:
            result = await start()
            for _ in range(AFTERWARDS):
                if all(is_over() for _, of, is_over in self._begun if of is call):
                    break
                await asyncio.sleep(0)
            self._note_left(call)
            return result
        finally:
            self._begun = [each for each in self._begun if each[1] is not call]
            if call.operation != "login":
                self._compare_process()

    def _note_left(self, call: PluginCall | None) -> None:
        for what, of, is_over in self._begun:
            if of is call and not is_over():
                self._watch.note("as-found", what)

    def _compare_process(self) -> None:
        now, modules, written = settings(), set(sys.modules), os.fstat(1).st_size
        for name in now:
            if now[name] != self._settings[name]:
                self._watch.note("as-found", f"changes {name}")
        for name in sorted(modules - self._loaded):
            if name.partition(".")[0] in self._foreign:
                self._watch.note("reach", f"imports {name}, which is another plugin's")
        if written != self._written:
            self._watch.note("output", WRITES)
        self._settings, self._loaded, self._written = now, modules, written


def _hide_kit() -> None:
    """Let nothing of the kit be found: no module, no distribution."""

    def hidden(find: Any) -> Any:
        return lambda name, *given: None if name.partition(".")[0] in KIT else find(name, *given)

    def discover(**named: Any) -> Any:
        return (one for one in usual(**named) if one.metadata["Name"].lower().replace("-", "_") not in KIT)

    for name in [name for name in sys.modules if name.partition(".")[0] in KIT]:
        del sys.modules[name]
    for finder in sys.meta_path:
        setattr(finder, "find_spec", hidden(finder.find_spec))  # noqa: B010 - to the checker a finder has no such name
    usual = Distribution.discover
    setattr(Distribution, "discover", discover)  # noqa: B010 - a method of the class
    vars(sys.modules["__main__"]).pop("main", None)
    sys.argv[:] = ["nagorik"]
    sys.orig_argv[:] = [sys.executable]


async def _seen(job: bytes) -> list[tuple[str, str, str]] | str:
    try:
        return await _Child(*pickle.loads(job)).observe()  # noqa: S301 - from the process that has started this one
    except NotReachable as missing:
        return str(missing)


async def _tell(job: bytes, outgoing: TextIO) -> None:
    outgoing.write(json.dumps(await _seen(job)))
    outgoing.flush()
    # What a plugin has left behind would be waited for: a thread, or a call in one.
    os._exit(0)


def main() -> None:
    """Do the job that comes on the standard input, and write what was seen to the standard output."""
    with os.fdopen(os.dup(0), "rb") as incoming, os.fdopen(os.dup(1), "w", encoding="utf-8") as outgoing:
        sys.path[:], job = pickle.loads(incoming.read())  # noqa: S301 - as above
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        decimal.getcontext()  # made here, it is that of all tasks, as on a host
        asyncio.run(_tell(job, outgoing))
