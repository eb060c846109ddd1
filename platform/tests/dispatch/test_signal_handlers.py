"""A plugin changes how the process handles signals: the host handles them as before, and knows whose it was."""

import asyncio
import os
import signal

import pytest
from structlog.testing import capture_logs

from nagorik.errors import PluginFault
from nagorik_platform.dispatch import isolation
from nagorik_platform.dispatch.isolation import run_guarded

TAKES_OVER = {
    "by the process": "import signal\nsignal.signal(signal.SIGUSR1, lambda *_: sys.exit(NID))",
    "to ignore it": "import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)",
    "by the loop": "import signal\nasyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, sys.exit, NID)",
    "to be woken by nothing": "import signal\nsignal.set_wakeup_fd(-1)",
    "to let it wait": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})",
    "to have it end the process": "import signal\nasyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)",
}


@pytest.mark.parametrize("body", TAKES_OVER.values(), ids=TAKES_OVER)
def test_signals_of_the_host_stay_the_hosts(world, body):
    world.install(hooks={"nagorik_get_status": body + "\nreturn STATUS"})

    async def main():
        heard = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, heard.set)
        try:
            with pytest.raises(PluginFault) as caught:
                await world.platform().get_status(world.draft(), world.references)
            os.kill(os.getpid(), signal.SIGUSR1)
            async with asyncio.timeout(5):
                await heard.wait()
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)
        return caught.value.fault

    assert run_guarded(main) == "changed-signals"
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_plugin_handles_no_signal_of_the_process(world, monkeypatch):
    monkeypatch.setattr(isolation, "SIGNALS_AGAIN", 0.0)
    body = "import signal\nsignal.signal(signal.SIGUSR2, lambda *_: sys.exit(NID))\nreturn STATUS"
    world.install(hooks={"nagorik_get_status": body})

    async def main():
        await world.platform().get_status(world.draft(), world.references)
        await asyncio.sleep(0)
        return signal.getsignal(signal.SIGUSR2)

    with capture_logs() as lines:
        assert run_guarded(main) is signal.SIG_DFL
    faults = [(line["plugin"], line["fault"]) for line in lines if line["event"] == "plugin_fault"]
    assert faults == [("wasa", "changed-signals")]


TIMERS = {
    signal.SIGALRM: signal.ITIMER_REAL,
    signal.SIGVTALRM: signal.ITIMER_VIRTUAL,
    signal.SIGPROF: signal.ITIMER_PROF,
}


@pytest.mark.parametrize("number", TIMERS)
def test_alarm_of_a_plugin_does_not_outlive_its_handler(world, monkeypatch, number):
    """Without its handler it would end the process, and everybody's calls with it."""
    monkeypatch.setattr(isolation, "SIGNALS_AGAIN", 0.0)
    timer = TIMERS[number]
    body = f"import signal\nsignal.signal({int(number)}, lambda *_: None)\nsignal.setitimer({timer}, 3600)\n"
    world.install(hooks={"nagorik_get_status": body + "return STATUS"})

    async def main():
        await world.platform().get_status(world.draft(), world.references)
        await asyncio.sleep(0)
        return signal.getsignal(number), signal.getitimer(timer)

    try:
        assert run_guarded(main) == (signal.SIG_DFL, (0.0, 0.0))
    finally:
        signal.setitimer(timer, 0)
