"""A plugin's code reaches for the event loop, for others' tasks and for the process: it ends its own call alone."""

import asyncio
import contextlib
import os
import resource
import sys
import threading
import time
from pathlib import Path
from textwrap import dedent

import pytest
from structlog.testing import capture_logs

from nagorik.errors import AgencyRejected, OutcomeUnknown, PluginFault
from nagorik.model.status import CallbackRequest
from nagorik_platform.dispatch.isolation import MOST_RESTARTS, GuardedEventLoop, call_on_step, run_guarded

pytestmark = pytest.mark.asyncio

CHILD = """
async def child():
    {}

task = asyncio.create_task(child())
await asyncio.sleep(0)
"""
GOOD = "return Accepted(reference='R-1', status=STATUS)"
WAITS = "try:\n    await task\nexcept Exception:\n    pass\n" + GOOD
PATIENT = """
try:
    async with asyncio.timeout(0.01):
        await asyncio.sleep(9)
except TimeoutError:
    return STATUS
"""
DISTURBS = {
    "an exit in a task": (CHILD.format("sys.exit(NID)") + WAITS, "exit", "SystemExit"),
    "an interrupt in a task": (CHILD.format("raise KeyboardInterrupt(NID)") + WAITS, "exit", "KeyboardInterrupt"),
    "an exit in a task of a group": (
        "async def child():\n    sys.exit(NID)\nasync with asyncio.TaskGroup() as g:\n    g.create_task(child())",
        "exit",
        "SystemExit",
    ),
    "an exit of a task that was cancelled": (
        CHILD.format("try:\n        await asyncio.sleep(9)\n    finally:\n        sys.exit(NID)")
        + "task.cancel()\n"
        + WAITS,
        "exit",
        "SystemExit",
    ),
    "an exit of a callback": (
        "asyncio.get_running_loop().call_soon(sys.exit, NID)\nawait asyncio.sleep(0)\n" + GOOD,
        "exit",
        "SystemExit",
    ),
    "an exit of a timer": (
        "asyncio.get_running_loop().call_later(0, sys.exit, NID)\nawait asyncio.sleep(0.01)\n" + GOOD,
        "exit",
        "SystemExit",
    ),
    "threads that are shut down": (
        "await asyncio.get_running_loop().shutdown_default_executor()\n" + GOOD,
        "changed-executor",
        None,
    ),
    "threads that are replaced": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))\n" + GOOD,
        "changed-executor",
        None,
    ),
    "a loop that is stopped": (
        "asyncio.get_running_loop().stop()\nawait asyncio.sleep(0)\n" + GOOD,
        "stopped-loop",
        None,
    ),
    "all tasks cancelled": (
        "for task in asyncio.all_tasks():\n    task.cancel()\nawait asyncio.sleep(0)",
        "cancelled-others",
        None,
    ),
    "all other tasks cancelled": (
        "for one in asyncio.all_tasks():\n    one is asyncio.current_task() or one.cancel()\n" + GOOD,
        "cancelled-others",
        None,
    ),
}


async def guarded(main):
    """What ``main`` gives on a loop of its own, as a command runs it."""
    return await asyncio.to_thread(run_guarded, main)


@pytest.mark.parametrize(("body", "fault", "exception"), DISTURBS.values(), ids=DISTURBS)
async def test_what_would_end_the_process_is_the_plugins_fault(world, body, fault, exception):
    world.install(hooks={"nagorik_submit": body, "nagorik_get_status": "return STATUS"})

    async def main():
        platform = world.platform()
        beside = asyncio.create_task(asyncio.sleep(0.05, "undisturbed"))
        with pytest.raises(PluginFault) as caught:
            await platform.submit(world.draft(), world.references)
        return caught.value, await asyncio.to_thread(lambda: "un") + (await beside)[2:]

    found, beside = await guarded(main)
    assert (found.fault, found.exception, beside) == (fault, exception, "undisturbed")
    assert world.NID not in str(found.details())


async def test_other_citizens_call_is_not_cancelled(world):
    world.install(
        hooks={
            "nagorik_submit": "for task in asyncio.all_tasks():\n    task.cancel()",
            "nagorik_get_status": "await asyncio.sleep(0.05)\nreturn STATUS",
        }
    )

    async def main():
        platform = world.platform()
        asked = asyncio.create_task(platform.get_status(world.draft(), world.references))
        await asyncio.sleep(0.01)
        with pytest.raises(PluginFault):
            await platform.submit(world.draft(), world.references)
        return await asked

    assert (await guarded(main)).raw == "RECEIVED"


LEFT = {
    "a task": CHILD.format("await asyncio.sleep(0.01)\n    sys.exit(NID)"),
    "a timer": "asyncio.get_running_loop().call_later(0.01, sys.exit, NID)\n",
}


@pytest.mark.parametrize("left", LEFT.values(), ids=LEFT)
async def test_what_a_call_left_behind_ends_nothing_and_counts(world, left):
    world.install(hooks={"nagorik_get_status": left + "return STATUS"})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.get_status(world.draft(), world.references)
        await asyncio.sleep(0.05)
        return [quarantine.code.value for quarantine in platform.quarantined]

    with capture_logs() as lines:
        assert await guarded(main) == ["too-many-faults"]
    assert [line["fault"] for line in lines if line["event"] == "plugin_fault"] == ["exit"]


IN_A_THREAD = """
import threading
loop = asyncio.get_running_loop()
thread = threading.Thread(target=work)
thread.start()
thread.join()
await asyncio.sleep(0.01)
return STATUS
"""
BY_NO_CONTEXT = {
    "a thread": "def work():\n    loop.call_soon_threadsafe(sys.exit, NID)\n" + IN_A_THREAD,
    "a thread that has a coroutine run": (
        "async def on():\n    sys.exit(NID)\n\n"
        "def work():\n    asyncio.run_coroutine_threadsafe(on(), loop)\n" + IN_A_THREAD
    ),
    "a context of its own": (
        "import contextvars\ncontextvars.Context().run(asyncio.get_running_loop().call_soon, sys.exit, NID)\n"
        "await asyncio.sleep(0.01)\nreturn STATUS"
    ),
    "a callable of its own in a context of its own": (
        "import contextvars\nclass Exits:\n    def __call__(self):\n        sys.exit(NID)\n"
        "contextvars.Context().run(asyncio.get_running_loop().call_later, 0, Exits())\n"
        "await asyncio.sleep(0.01)\nreturn STATUS"
    ),
    "a task in a context of its own": (
        "import contextvars\nasync def on():\n    sys.exit(NID)\n"
        "seen.append(asyncio.get_running_loop().create_task(on(), context=contextvars.Context()))\n"
        "await asyncio.sleep(0.01)\nreturn STATUS"
    ),
    "a protocol": """
import socket
ours, theirs = socket.socketpair()

class Exits(asyncio.Protocol):
    def data_received(self, data):
        sys.exit(NID)

transport, _ = await asyncio.get_running_loop().create_connection(Exits, sock=ours)
theirs.send(b"1")
seen.append((transport, theirs))
return STATUS
""",
}


@pytest.mark.parametrize("body", BY_NO_CONTEXT.values(), ids=BY_NO_CONTEXT)
async def test_exit_by_a_way_that_no_context_follows_is_its_plugins_and_ends_nothing(world, body):
    world.install(hooks={"nagorik_get_status": body})

    async def main():
        platform = world.platform()
        with contextlib.suppress(PluginFault):
            await platform.get_status(world.draft(), world.references)
        await asyncio.sleep(0.02)
        for transport, theirs in world.module().seen if "Protocol" in body else ():
            transport.close()
            theirs.close()
        return "done"

    with capture_logs() as lines:
        assert await guarded(main) == "done"
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "exit")]
    assert [line for line in lines if line["event"] == "event_loop_stopped"] == []


HOLDS_BY_NO_CONTEXT = {
    "a thread": "def hold():\n    seen[0][0] += 12.0\n\ndef work():\n    loop.call_soon_threadsafe(hold)\n",
    "a thread that has a coroutine run": (
        "async def hold():\n    seen[0][0] += 12.0\n\n"
        "def work():\n    asyncio.run_coroutine_threadsafe(hold(), loop)\n"
    ),
}


@pytest.mark.parametrize("body", HOLDS_BY_NO_CONTEXT.values(), ids=HOLDS_BY_NO_CONTEXT)
async def test_who_holds_up_the_loop_from_a_thread_is_named(world, held, body):
    world.install(hooks={"nagorik_get_status": body + IN_A_THREAD})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(held)
        await platform.get_status(world.draft(), world.references)
        await asyncio.sleep(0.02)
        return [record.id for record in platform.plugins if record.quarantine is not None]

    with capture_logs() as lines:
        assert await guarded(main) == ["wasa"]
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "blocked-loop")]


TAKES_THE_INTERPRETER = """
import re, threading

def work():
    while not seen[0].is_set():
        {}

for _ in range({}):
    threading.Thread(target=work).start()
return STATUS
"""
THREADS = {
    "one thread in one act of C": ("re.match('(a+)+$', 'a' * 21 + 'b')", 1),
    "many threads line by line": ("for _ in range(10_000): pass", 8),
}


@pytest.mark.parametrize("work", THREADS.values(), ids=THREADS)
async def test_thread_that_has_the_interpreter_is_its_plugins_fault_and_not_that_of_whoever_waits(world, work):
    world.install(hooks={"nagorik_get_status": TAKES_THE_INTERPRETER.format(*work)})
    honest = "until = time.thread_time() + 0.02\nwhile time.thread_time() < until:\n    pass\nreturn STATUS"
    world.install("gas", hooks={"nagorik_get_status": honest})
    done = threading.Event()

    async def main():
        platform = world.platform(longest_step=0.1)
        await platform.import_plugins()
        world.module().seen.append(done)
        await platform.get_status(world.draft(), world.references)
        await platform.get_status(world.draft("gas.connection"), world.references)
        done.set()
        return "done"

    try:
        with capture_logs() as lines:
            assert await guarded(main) == "done"
    finally:
        done.set()
    faults = {(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"}
    assert faults == {("wasa", "blocked-loop")}


SETTINGS = {
    "how deep calls may go": "sys.setrecursionlimit(150)",
    "how often threads take turns": "sys.setswitchinterval(5.0)",
    "who is told of each line": "def tracer(*_): return tracer\nsys.settrace(tracer)",
    "who is told of each call": "sys.setprofile(lambda *_: None)",
    "who is told of each line of new threads": "import threading\nthreading.settrace(lambda *_: None)",
    "who is told of each call of new threads": "import threading\nthreading.setprofile(lambda *_: None)",
}


def as_set():
    return sys.getrecursionlimit(), sys.getswitchinterval(), *tracers()


def tracers():
    return sys.gettrace(), sys.getprofile(), threading.gettrace(), threading.getprofile()


@pytest.mark.parametrize("change", SETTINGS.values(), ids=SETTINGS)
async def test_plugin_changes_nothing_of_the_interpreter(world, change):
    world.install(hooks={"nagorik_get_status": change + "\nreturn STATUS"})
    before = as_set()

    async def main():
        with pytest.raises(PluginFault) as caught:
            await world.platform().get_status(world.draft(), world.references)
        return caught.value.fault

    try:
        assert await guarded(main) == "changed-interpreter"
        assert as_set() == before
    finally:
        sys.setrecursionlimit(before[0])
        sys.setswitchinterval(before[1])
        set_tracers(*before[2:])


LIMIT = "import resource\nopen_files = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
PROCESS = {
    "how many files may be open": f"{LIMIT}resource.setrlimit(resource.RLIMIT_NOFILE, (64, open_files[1]))",
    "the same of a process by its number": f"{LIMIT}resource.prlimit(0, resource.RLIMIT_NOFILE, (64, open_files[1]))",
    "how large a file may become": "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, -1))",
    "in which directory it is": "import os\nos.chdir('/')",
}
INSULATED = "try:\n    {}\nexcept OSError:\n    pass\nreturn STATUS"
WAYS = {
    "in the hook": "{}\nreturn STATUS",
    "in the hook, which catches all": INSULATED,
    "in a thread": "def change():\n    {}\nawait asyncio.to_thread(change)\nreturn STATUS",
}


def as_process_is():
    return resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_FSIZE), Path.cwd()


@pytest.mark.parametrize("change", PROCESS.values(), ids=PROCESS)
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_plugin_changes_nothing_of_the_process(world, change, way):
    indented = change.replace("\n", "\n    ") if "\n    {}" in way else change
    world.install(hooks={"nagorik_get_status": way.format(indented)})
    before = as_process_is()

    async def main():
        with pytest.raises(PluginFault) as caught:
            await world.platform().get_status(world.draft(), world.references)
        return caught.value.fault

    try:
        assert await guarded(main) == "changed-process"
        assert as_process_is() == before
    finally:
        os.chdir(before[-1])
        resource.setrlimit(resource.RLIMIT_NOFILE, before[0])
        resource.setrlimit(resource.RLIMIT_FSIZE, before[1])


IN_A_THREAD_OF_ITS_OWN = """
import os, threading

def change():
    seen[0].wait()
    try:
        os.chdir("/")
    except OSError:
        pass

threading.Thread(target=change).start()
return STATUS
"""


async def test_plugins_thread_that_would_change_the_process_is_named_after_its_call(world):
    world.install(hooks={"nagorik_get_status": IN_A_THREAD_OF_ITS_OWN})
    may_begin, before = threading.Event(), Path.cwd()

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(may_begin)
        await platform.get_status(world.draft(), world.references)
        may_begin.set()
        while platform.plugins[0].quarantine is None:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
        return platform.plugins[0].id

    try:
        with capture_logs() as lines:
            assert await guarded(main) == "wasa"
        assert Path.cwd() == before
    finally:
        may_begin.set()
        os.chdir(before)
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "changed-process")]


READS_AND_A_CHILD = """
import os, resource, subprocess, sys
resource.prlimit(0, resource.RLIMIT_NOFILE)
limited = lambda: resource.setrlimit(resource.RLIMIT_CORE, (0, 0)) or os.chdir("/")
subprocess.run([sys.executable, "-c", ""], preexec_fn=limited, check=True)
return STATUS
"""


async def test_plugin_may_look_at_limits_and_set_those_of_its_own_child(world):
    world.install(hooks={"nagorik_get_status": READS_AND_A_CHILD})

    async def main():
        await world.platform().get_status(world.draft(), world.references)
        return "done"

    assert await guarded(main) == "done"


async def test_hosts_own_code_may_change_its_process(world, tmp_path):
    world.install()
    before = Path.cwd()

    async def main():
        await world.platform().get_status(world.draft(), world.references)
        os.chdir(tmp_path)
        return Path.cwd()

    try:
        assert await guarded(main) == tmp_path.resolve()
    finally:
        os.chdir(before)


def set_tracers(trace, profile, trace_of_threads, profile_of_threads):
    sys.settrace(trace)
    sys.setprofile(profile)
    threading.settrace(trace_of_threads)
    threading.setprofile(profile_of_threads)


async def test_tracer_that_was_there_before_a_plugin_stays(world):
    """A debugger's, or that of a measurement of what tests cover."""
    world.install(hooks={"nagorik_get_status": "return STATUS"})
    before = tracers()

    def main():
        return world.platform().get_status(world.draft(), world.references)

    def traced():
        set_tracers(tracer, profiler, tracer, profiler)
        run_guarded(main)
        return tracers()

    def tracer(*_):
        return None

    def profiler(*_):
        return None

    try:
        assert await asyncio.to_thread(traced) == (tracer, profiler, tracer, profiler)
    finally:
        set_tracers(*before)


CHANGES = {
    "an exception handler": "asyncio.get_running_loop().set_exception_handler(lambda *_: sys.exit(NID))",
    "a task factory": "asyncio.get_running_loop().set_task_factory(lambda loop, hook: sys.exit(NID))",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_plugin_changes_nothing_of_the_loop(world, change):
    world.install(hooks={"nagorik_get_status": change + "\nreturn STATUS"})

    async def main():
        with pytest.raises(PluginFault) as caught:
            await world.platform().get_status(world.draft(), world.references)
        asyncio.get_running_loop().call_exception_handler({"message": "something of the host's"})
        return caught.value.fault, await asyncio.create_task(asyncio.sleep(0, "made"))

    assert await guarded(main) == ("changed-loop", "made")


async def test_stop_by_a_plugins_code_in_a_step_of_the_hosts_is_named_and_is_none_of_the_restarts(world):
    world.install(hooks={"nagorik_get_status": "seen.append(lambda: sys.exit(NID))\nreturn STATUS"})

    async def main():
        platform = world.platform()
        await platform.get_status(world.draft(), world.references)
        (exits,) = world.module().seen

        def of_the_hosts():
            exits()

        for _ in range(MOST_RESTARTS + 1):
            asyncio.get_running_loop().call_soon(of_the_hosts)
            await asyncio.sleep(0)
        return "done"

    with capture_logs() as lines:
        assert await guarded(main) == "done"
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "exit")] * (MOST_RESTARTS + 1)
    assert [line for line in lines if line["event"] == "event_loop_stopped"] == []


async def test_plugin_that_fills_the_loops_threads_fills_its_own(world):
    fills = "for _ in range(100):\n    asyncio.get_running_loop().run_in_executor(None, seen[0].wait)\nreturn STATUS"
    world.install(hooks={"nagorik_get_status": fills})
    world.install("gas", hooks={"nagorik_get_status": "await asyncio.to_thread(int)\nreturn STATUS"})
    emptied = threading.Event()

    async def main():
        platform = world.platform()
        await platform.import_plugins()
        world.module().seen.append(emptied)
        await platform.get_status(world.draft(), world.references)
        await asyncio.to_thread(int)
        await platform.get_status(world.draft("gas.connection"), world.references)
        emptied.set()
        return "done"

    assert await guarded(main) == "done"


async def test_write_that_may_have_been_processed_is_in_doubt_however_the_plugin_leaves(world):
    body = "await file(context)\n" + CHILD.format("sys.exit(0)") + WAITS
    world.install(hooks={"nagorik_submit": body})

    async def main():
        with pytest.raises(OutcomeUnknown):
            await world.platform().submit(world.draft(), world.references)

    await guarded(main)


async def test_timeouts_of_a_plugins_own_still_end_its_waits(world):
    world.install(hooks={"nagorik_get_status": PATIENT})

    async def main():
        return await world.platform().get_status(world.draft(), world.references)

    assert (await guarded(main)).raw == "RECEIVED"


FORCES = {
    "by a hook": "for one in asyncio.all_tasks():\n    asyncio.Task.cancel(one)\nawait asyncio.sleep(0)",
    "by a task that it left behind": (
        "async def left():\n"
        "    for one in asyncio.all_tasks():\n"
        "        one is asyncio.current_task() or asyncio.Task.cancel(one)\n"
        "asyncio.create_task(left())\nreturn STATUS"
    ),
}


@pytest.mark.parametrize("body", FORCES.values(), ids=FORCES)
async def test_what_is_cancelled_by_force_begins_again_and_it_is_known_who_did_it(world, body):
    world.install(hooks={"nagorik_get_status": body})
    begun = []

    async def main():
        begun.append(asyncio.current_task())
        if len(begun) == 1:
            await world.platform().get_status(world.draft(), world.references)
            await asyncio.sleep(60)
        return "done"

    with capture_logs() as lines:
        assert await guarded(main) == "done"
    assert len(begun) == 2
    assert [line["event"] for line in lines].count("main_begun_again") == 1
    faults = {(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"}
    assert faults == {("wasa", "cancelled-others")}


async def test_what_is_cancelled_by_force_without_end_ends():
    begun = []

    async def main():
        begun.append(0)
        asyncio.Task.cancel(asyncio.current_task())
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        await guarded(main)
    assert len(begun) == MOST_RESTARTS + 1


async def test_what_the_host_cancels_is_not_begun_again():
    begun = []

    async def main():
        begun.append(0)
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        await guarded(main)
    assert len(begun) == 1


async def test_loop_that_something_stops_goes_on():
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(exits)
        await asyncio.sleep(0)
        loop.stop()
        await asyncio.sleep(0.01)
        return "done"

    def exits():
        raise SystemExit(0)

    with capture_logs() as lines:
        assert await guarded(main) == "done"
    assert [line["exception"] for line in lines] == ["SystemExit", "RuntimeError"]
    assert lines[0]["where"].endswith("exits")


async def test_loop_that_is_stopped_without_end_ends():
    ended = []

    async def main():
        with contextlib.suppress(asyncio.CancelledError):
            while not ended:
                asyncio.get_running_loop().stop()
                await asyncio.sleep(0)
        ended.append("cleared up")

    with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await guarded(main)
    assert (len(lines), ended) == (MOST_RESTARTS + 1, ["cleared up"])


@pytest.fixture
def held(monkeypatch):
    """Seconds for which steps have held up loops, besides those that they took."""
    held = [0.0]
    monkeypatch.setattr(GuardedEventLoop, "time", lambda _: time.monotonic() + held[0])
    return held


HOLDS = {
    "a hook": "seen[0][0] += 12.0",
    "a task": "async def hold():\n    seen[0][0] += 12.0\nawait asyncio.create_task(hold())",
    "a callback": "def hold():\n    seen[0][0] += 12.0\nasyncio.get_running_loop().call_soon(hold)",
    "a timer": "def hold():\n    seen[0][0] += 12.0\nasyncio.get_running_loop().call_later(0, hold)",
}
HOLDS_AT_WORK = {name: f"{body}\nfor _ in range(5):\n    await asyncio.sleep(0)" for name, body in HOLDS.items()}
WAITS_ITS_TURN = """
await asyncio.sleep(1)
for _ in range(20):
    await asyncio.sleep(0)
return STATUS
"""


@pytest.mark.parametrize("body", HOLDS_AT_WORK.values(), ids=HOLDS_AT_WORK)
async def test_time_that_another_plugin_holds_up_the_loop_is_that_plugins_fault_alone(world, held, body):
    world.install(hooks={"nagorik_get_status": WAITS_ITS_TURN}, extra="limits = { deadline = 2 }")
    world.install("gas", hooks={"nagorik_get_status": body + "\nreturn STATUS"})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module("gas").seen.append(held)
        innocent = asyncio.create_task(platform.get_status(world.draft(), world.references))
        await asyncio.sleep(0)
        await platform.get_status(world.draft("gas.connection"), world.references)
        await innocent
        return [record.id for record in platform.plugins if record.quarantine is not None]

    with capture_logs() as lines:
        assert await guarded(main) == ["gas"]
    faults = [(line["plugin"], line["fault"], line["seconds"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("gas", "blocked-loop", pytest.approx(12.0, abs=0.5))]


@pytest.mark.parametrize("whose", ["a thread's", "nobody's", "the host's"])
async def test_time_for_which_the_loop_stands_still_is_nobodys_fault_who_waits(world, held, whose):
    world.install(hooks={"nagorik_get_status": WAITS_ITS_TURN}, extra="limits = { deadline = 2 }")

    def hold():
        held[0] += 12.0

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        innocent = asyncio.create_task(platform.get_status(world.draft(), world.references))
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        if whose == "a thread's":
            await asyncio.to_thread(loop.call_soon_threadsafe, hold)
        elif whose == "the host's":
            loop.call_soon(hold)
        else:
            # As where the process is stopped: the loop wakes later than it has asked to.
            loop.account.wait(lambda _: hold(), 0.1)
        await innocent
        return [record.id for record in platform.plugins if record.quarantine is not None]

    with capture_logs() as lines:
        assert await guarded(main) == []
    assert [line for line in lines if line["event"] == "plugin_fault"] == []


async def test_form_that_holds_up_the_loop_is_its_plugins_fault(world, held):
    forms = """
    from nagorik import Form
    from pydantic import field_validator

    held = []


    class ConnectionForm(Form):
        holding: str

        @field_validator("holding")
        @classmethod
        def holds(cls, value):
            held[0][0] += 12.0
            return value
    """
    world.install(files={"forms.py": dedent(forms)})

    async def main():
        platform = world.platform()
        await platform.import_plugins()
        world.module(name="forms").held.append(held)
        await platform.validate("wasa.connection", {"holding": "12"})

    with capture_logs() as lines:
        await guarded(main)
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "blocked-loop")]


GENERATOR = """
async def left():
    try:
        yield 1
    finally:
        seen[0][0] += 12.0
        seen.append(call_on_step(asyncio.get_running_loop()))

async for _ in left():
    break
return STATUS
"""


async def test_generator_that_is_cleared_away_holds_up_the_loop_in_its_plugins_name(world, held):
    head = "from nagorik_platform.dispatch.isolation import call_on_step"
    world.install(hooks={"nagorik_get_status": GENERATOR}, head=head)

    async def main():
        platform = world.platform()
        await platform.import_plugins()
        world.module().seen.append(held)
        await platform.get_status(world.draft(), world.references)
        for _ in range(20):
            await asyncio.sleep(0)
        return world.module().seen[1]

    with capture_logs() as lines:
        call = await guarded(main)
    assert (call.record.id, call.operation) == ("wasa", "generator")
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "blocked-loop")]


@pytest.mark.parametrize("where", ["call_soon(tell)", "call_later(0, tell)", "call_soon_threadsafe(tell)"])
async def test_it_is_known_whose_callback_runs(world, where):
    body = f"""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def tell():
        seen.append(call_on_step(loop))
        told.set()

    loop.{where}
    await told.wait()
    return STATUS
    """
    head = "from nagorik_platform.dispatch.isolation import call_on_step"
    world.install(hooks={"nagorik_get_status": body}, head=head)

    async def main():
        await world.platform().get_status(world.draft(), world.references)
        return world.module().seen, call_on_step(asyncio.get_running_loop())

    (call,), own = await guarded(main)
    assert (call.record.id, call.operation, own) == ("wasa", "status", None)


async def test_what_holds_up_the_loop_for_its_own_call_is_not_waited_for(world, held):
    body = "seen[0][0] += 12.0\nfor _ in range(20):\n    await asyncio.sleep(0)\nreturn STATUS"
    world.install(hooks={"nagorik_get_status": body}, extra="limits = { deadline = 2 }")

    async def main():
        platform = world.platform()
        await platform.import_plugins()
        world.module().seen.append(held)
        with pytest.raises(PluginFault) as caught:
            await platform.get_status(world.draft(), world.references)
        return caught.value.fault

    assert await guarded(main) == "deadline"


async def test_time_that_others_hold_is_added_to_a_calls_end_and_given_once(world, held):
    body = """
    seen[1].set()
    for _ in range(20):
        await asyncio.sleep(0)
    seen[0][0] += 12.0
    for _ in range(20):
        await asyncio.sleep(0)
    return STATUS
    """
    world.install(hooks={"nagorik_get_status": body}, extra="limits = { deadline = 2 }")

    async def main():
        platform = world.platform()
        await platform.import_plugins()
        begun = asyncio.Event()
        world.module().seen.extend([held, begun])

        async def hold_up():
            await begun.wait()
            held[0] += 0.5

        others = asyncio.create_task(hold_up())
        with pytest.raises(PluginFault) as caught:
            await platform.get_status(world.draft(), world.references)
        await others
        return caught.value.fault

    assert await guarded(main) == "deadline"


async def test_what_a_call_left_behind_holds_up_the_loop_and_counts(world, held):
    body = "def hold():\n    seen[0][0] += 12.0\nasyncio.get_running_loop().call_later(0.01, hold)\nreturn STATUS"
    world.install(hooks={"nagorik_get_status": body})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(held)
        await platform.get_status(world.draft(), world.references)
        await asyncio.sleep(0.05)
        return [quarantine.code.value for quarantine in platform.quarantined]

    with capture_logs() as lines:
        assert await guarded(main) == ["too-many-faults"]
    assert [line["fault"] for line in lines if line["event"] == "plugin_fault"] == ["blocked-loop"]


LEFT_FOR_EVER = {
    "a task": """
async def on():
    while True:
        seen[0][0] += 0.3
        await asyncio.sleep(0)

seen.append(asyncio.create_task(on()))
return STATUS
""",
    "a callback": """
loop = asyncio.get_running_loop()

def on():
    seen[0][0] += 0.3
    loop.call_soon(on)

on()
return STATUS
""",
}


@pytest.mark.parametrize("body", LEFT_FOR_EVER.values(), ids=LEFT_FOR_EVER)
async def test_short_steps_without_end_that_a_call_left_behind_are_told_and_count(world, held, body):
    world.install(hooks={"nagorik_get_status": body})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(held)
        await platform.get_status(world.draft(), world.references)
        for _ in range(20):
            await asyncio.sleep(0)
        return [quarantine.code.value for quarantine in platform.quarantined]

    with capture_logs() as lines:
        assert await guarded(main) == ["too-many-faults"]
    told = [line for line in lines if line["event"] == "plugin_fault"]
    assert {(line["plugin"], line["fault"]) for line in told} == {("wasa", "starved-others")}
    assert told[0]["seconds"] >= 2.5


async def test_call_of_many_short_steps_that_starve_others_counts_once_and_is_answered(world, held):
    body = "for _ in range(30):\n    seen[0][0] += 0.3\n    await asyncio.sleep(0)\nreturn STATUS"
    world.install(hooks={"nagorik_get_status": body})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(held)
        status = await platform.get_status(world.draft(), world.references)
        return status.raw, [quarantine.code.value for quarantine in platform.quarantined]

    with capture_logs() as lines:
        assert await guarded(main) == ("RECEIVED", ["too-many-faults"])
    assert [line["fault"] for line in lines if line["event"] == "plugin_fault"] == ["starved-others"]


ONCE = {
    "in a call": "seen[0][0] += 0.8\nreturn STATUS",
    "left behind": """
def parse():
    seen[0][0] += 0.8

asyncio.get_running_loop().call_soon(parse)
return STATUS
""",
}


@pytest.mark.parametrize("body", ONCE.values(), ids=ONCE)
async def test_what_takes_long_now_and_then_starves_nobody(world, held, body):
    world.install(hooks={"nagorik_get_status": body})

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(held)
        for _ in range(6):
            await platform.get_status(world.draft(), world.references)
            await asyncio.sleep(0)
            held[0] += 4.0
        return platform.quarantined

    with capture_logs() as lines:
        assert not await guarded(main)
    assert [line for line in lines if line["event"] == "plugin_fault"] == []


async def test_callback_message_whose_reading_holds_up_the_loop_is_told(world, held):
    world.install(
        hooks={
            "nagorik_get_status": "return STATUS",
            "nagorik_parse_callback": "seen[0][0] += 12.0\nraise AgencyRejected('unsigned')",
        }
    )

    async def main():
        platform = world.platform(faults_before_quarantine=1)
        await platform.import_plugins()
        world.module().seen.append(held)
        with pytest.raises(AgencyRejected):
            await platform.parse_callback(CallbackRequest(service="wasa.connection", headers={}, body=b"1"))
        return platform.quarantined

    with capture_logs() as lines:
        assert not await guarded(main)
    assert [line["fault"] for line in lines if line["event"] == "plugin_fault"] == ["blocked-loop"]
