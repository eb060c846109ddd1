"""What a plugin does to the process that it runs in: everything that is seen from below and around its code.

The checks share one observation (``contract.observation``): every operation is played in a process of its own, in
which nothing of the kit can be found, the machine's clock is decades ahead and its zone another.
"""

from functools import partial
from typing import Any, Final

from nagorik.manifest import AnyOffer
from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope
from nagorik_testing.contract.observation.forbidden import LONGEST_WAIT
from nagorik_testing.contract.observation.plays import observe
from nagorik_testing.contract.subject import Subject


async def _seen(subject: Subject, offer: AnyOffer, *, name: str) -> list[str]:
    return (await subject.once(observe, offer)).get(name, [])


def _check(name: str, **described: Any) -> Check:
    """One whose examination reads what the observation has under its name."""
    examine = partial(_seen, name=name)
    family, scope = CheckFamily.PROCESS, CheckScope.PLUGIN
    return Check(id=f"process/{name}", family=family, scope=scope, examine=examine, **described)


PROCESS: Final = (
    _check(
        "files",
        title="no file is written, and none is read but the plugin's own and those of libraries",
        why="A copy of each answer lies in /tmp of every host, and nobody knows until the disk is full or sold.",
        modes=(63, 68),
        expected="no file written, listed, renamed or removed; none read outside the plugin's package and libraries",
        fix="Read data with the toolkit from the plugin's own package, and hand documents to context.documents.",
    ),
    _check(
        "network",
        title="nothing is sent but through the agency's client",
        why="What goes past the client has no deadline, key or record, and goes to whom the manifest never names.",
        modes=(39, 63, 68),
        expected="no socket, no look-up of a name and no other HTTP client in the plugin's code",
        fix="Ask the agency through context.http alone.",
    ),
    _check(
        "subprocesses",
        title="no other process is started or signalled",
        why="A program that is started for a citizen outlives the call, and shows its arguments to the machine.",
        modes=(63, 73),
        expected="no process started, forked or signalled",
        fix="Do it in Python, or in the host.",
    ),
    _check(
        "interpreter",
        title="the interpreter is left alone",
        why="Code that looks through all objects, or traces others, reads what every other agency was told.",
        modes=(68, 73),
        expected="no ctypes, no tracing, no audit hook, no look at other threads or at all objects",
        fix="Leave it out; a plugin has no use for it.",
    ),
    _check(
        "foreign-imports",
        title="no other plugin's module is imported",
        why="The other plugin is released, denied or gone, and this one no longer starts.",
        modes=(68, 72),
        expected="none of the other installed plugins' modules loaded by the plugin",
        fix="Ask another agency through context.ask.",
    ),
    _check(
        "environment",
        title="no environment variable is read but the plugin's own",
        why="The environment of a host holds the secrets of every agency.",
        modes=(68,),
        expected="only variables that begin with NAGORIK_ and the plugin's id are read by its code",
        fix="Declare a setting; the core reads it from the environment and hands it over in context.settings.",
    ),
    _check(
        "left-behind",
        title="nothing runs on when a call is over",
        why="Threads and tasks of calls long answered take the host's time, until it stops for good.",
        modes=(73,),
        expected="no task, timer or thread of the plugin's after a call, and nothing for the end of the process",
        fix="Await what you begin; use asyncio.TaskGroup for what runs side by side.",
    ),
    _check(
        "settings",
        title="the settings of the process are as they were",
        why="One agency's plugin sets the decimal places, and another's fees are rounded by them.",
        modes=(59, 60, 73),
        expected="zone, locale, decimal, warnings, logging, environment, working folder, limits and hooks unchanged",
        fix="Use decimal.localcontext() and zoneinfo.ZoneInfo where they are needed; leave the rest to the host.",
    ),
    _check(
        "patched",
        title="no function or class of a library is replaced",
        why="A fix for one agency changes how the platform speaks with all the others.",
        modes=(70, 73),
        expected="every name of core, toolkit, platform, httpx, pydantic and Python stands for what it did",
        fix="Wrap it in the plugin's own code, or ask for the change where it belongs.",
    ),
    _check(
        "output",
        title="nothing is printed, warned of, or logged past context.log",
        why="What is printed is in no field that could be masked, and a host's standard output is kept for years.",
        modes=(63, 77),
        expected="nothing on standard streams, no warning, no line of the standard library's logging at any level",
        fix="Log with context.log: an event's name, codes and counts.",
    ),
    _check(
        "retained",
        title="nothing of a citizen stays in memory when a call is over",
        why="A cache meant for codes keeps each citizen's number, and hands the next one the wrong answer.",
        modes=(63, 65, 68),
        expected="no canary within reach of the plugin's modules, and no name in them that each call binds anew",
        fix="Keep nothing of a call: cache by the agency's codes, never by what a citizen filled in.",
        presupposes=("robustness/no-module-state",),
    ),
    _check(
        "exceptions",
        title="no exception carries a citizen to the host",
        why="A reporter of errors sends all members of an exception away, and the citizen's form is among them.",
        modes=(63, 77),
        expected="no canary in a member, an argument or a note of an exception, of its causes and of its contexts",
        fix="Raise the core's errors with codes of your own, and hang nothing on them.",
    ),
    _check(
        "interleaved",
        title="two citizens' calls that alternate step by step are answered as each by itself",
        why="Two counters serve at once, and the first citizen is sent the second one's number.",
        modes=(5, 65),
        expected="for every operation, the result and the requests of the same call by itself",
        fix="Keep what belongs to a call in local variables, not on the object that holds the hooks.",
        presupposes=("robustness/stateless",),
    ),
    _check(
        "waits",
        title="no call waits by the machine's clock, nor keeps others waiting",
        why="A pause of a second that was put in for one slow day holds every counter for ever.",
        modes=(37, 41, 73),
        expected=f"no more than {LONGEST_WAIT:g} real seconds of sleep, and no step that keeps the event loop",
        fix="Wait for the agency through context.http, and for time through context.clock.",
    ),
    _check(
        "another-machine",
        title="a host whose clock and zone are others, and on which nothing of a test is found, is answered alike",
        why="A citizen is refused for an age that the machine's clock made up; or all is well only under test.",
        modes=(58, 59, 75),
        expected="for every operation, the result and the requests of the same call in this process",
        fix="Take the time from context.clock and request.on, the day with dhaka_date, and never ask who is looking.",
        presupposes=("robustness/stateless",),
    ),
)
