"""The worker that is killed in the middle: just when an agency has filed an application, and before it answers."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from nagorik_host.engine.hand import LEASE
from nagorik_testing.clock import SimulatedClock
from nagorik_testing.demo.work import Counted, InOwnProcess, Setting
from nagorik_testing.ledger import Effect
from nagorik_testing.simulator import Simulator


class Doomed:
    """Workers in processes of their own, of which the first is killed.

    Attributes:
        lease: How long a dead worker is waited for, on the machine's own clock.
    """

    lease: timedelta = LEASE

    def __init__(
        self, setting: Setting, counted: Counted, machine: SimulatedClock, killed: Callable[[str], None]
    ) -> None:
        """``killed`` hears the client reference of the application that was just filed."""
        self._setting = setting
        self._counted = counted
        self._machine = machine
        self._killed = killed
        self._worker: InOwnProcess | None = None
        self._left = 0

    async def start(self) -> InOwnProcess:
        """Start a worker; after a killed one, when its lease has run out."""
        if self._worker is not None:
            self._machine.advance(self.lease)
        self._worker = await InOwnProcess.start(self._setting, self._counted)
        return self._worker

    def watch(self, simulators: Mapping[str, Simulator], *, after: int) -> None:
        """Kill the worker at the ``after``-th application that is filed at any of these agencies."""
        self._left = after
        for simulator in simulators.values():
            simulator.ledger.told = self._filed

    async def end(self) -> None:
        """Let the last worker end."""
        if self._worker is not None:
            await self._worker.end()

    def _filed(self, effect: Effect) -> None:
        if effect.kind != "application" or effect.client_reference is None or self._worker is None:
            return
        self._left -= 1
        if self._left == 0:
            self._worker.kill()
            self._killed(effect.client_reference)
