"""The contract as pytest tests: the five lines that an author writes. Needs ``nagorik-testing[pytest]``."""

import asyncio
import warnings
from datetime import UTC, date, datetime
from typing import ClassVar, Final

import pytest

from nagorik import Operation
from nagorik.manifest import Manifest
from nagorik.values import dhaka_date
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.levels import Level, standard_of
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import reason_not_applicable
from nagorik_testing.contract.render import render_failure
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import EMPTY, known_checks, run_suite
from nagorik_testing.contract.waivers import WAIVERS, CheckOutcome, Judgement, judge, waivers_of
from nagorik_testing.simulator.base import Simulator

STANDARD_TESTS: Final = ("test_check", "test_something_is_checked", "test_waivers_are_tended", "test_level")


class ContractWarning(UserWarning):
    """A check with the severity of a warning fails; pytest shows it, and the test passes."""


class PluginContract:
    """Every check of the suite, one test for each check id.

    Derive a class whose name begins with ``Test`` and name plugin and simulator::

        class TestWasa(PluginContract):
            plugin = "wasa"
            simulator = WasaSimulator

    The suite runs once for each class and process; with pytest-xdist, ``--dist loadscope`` keeps a class in one
    process. A failure that has to wait is waived in the plugin's package, in ``contract-waivers.toml``; a test of
    the suite cannot be overridden or taken away.
    """

    plugin: ClassVar[str]
    """The plugin's id."""
    simulator: ClassVar[type[Simulator]]
    """Stands for its agency."""
    level: ClassVar[Level] = Level.CATALOGUE
    """The least level that the plugin has to reach; raise it as the plugin climbs."""
    waivers_judged_on: ClassVar[date | None] = None
    """The day for which waivers are read; today in Dhaka if not given, so that one that has expired fails."""
    _judgement: ClassVar[Judgement | None] = None

    def __init_subclass__(cls) -> None:
        """Refuse a class that replaces a test of the suite."""
        super().__init_subclass__()
        if replaced := [name for name in (*STANDARD_TESTS, "pytest_generate_tests") if name in vars(cls)]:
            raise TypeError(f"{cls.__name__} replaces {', '.join(replaced)}: waive a check instead of overriding it")
        cls._judgement = None

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """One test for each check id that the manifest calls for; nothing is run for it."""
        if "check" in metafunc.fixturenames:
            manifest = cls._subject().manifest
            idle = _not_called_for(manifest)
            known = known_checks(manifest, CHECKS)
            metafunc.parametrize("check", [name for _, name in known if name not in idle])

    def test_check(self, check: str) -> None:
        """No offer fails this check, but where that is waived."""
        met = [each for each in self._judged().judged if each.finding.check == check]
        failed = [
            line
            for each in met
            if each.outcome is CheckOutcome.FAILED
            for line in render_failure(each.finding, each.because_of)
        ]
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)
        mild = [line for each in met if each.outcome is CheckOutcome.WARNING for line in render_failure(each.finding)]
        if mild:
            warnings.warn("\n".join(mild), ContractWarning, stacklevel=2)
            return
        if not any(each.outcome is CheckOutcome.PASSED for each in met):
            waived = [each.waiver for each in met if each.waiver is not None]
            reasons = {each.finding.because for each in met} - {""}
            pytest.skip(f"waived: {waived[0].reason}" if waived else "; ".join(sorted(reasons)) or "nothing to check")

    def test_something_is_checked(self) -> None:
        """A run that checks nothing is no proof."""
        if not any(each.outcome is CheckOutcome.PASSED for each in self._judged().judged):
            pytest.fail(f"{EMPTY}: no check has passed", pytrace=False)

    def test_waivers_are_tended(self) -> None:
        """No waiver has expired, is for an unknown check, or for one that passes."""
        untended = [
            line for each in self._judged().judged if each.family == WAIVERS for line in render_failure(each.finding)
        ]
        if untended:
            pytest.fail("\n".join(untended), pytrace=False)

    def test_level(self) -> None:
        """The plugin has reached the level that its author claims."""
        reached = standard_of(self._subject().manifest, self._judged()).level
        if reached is None or reached < self.level:
            reached_label = "no level" if reached is None else reached.label
            pytest.fail(f"{self.plugin} claims {self.level.label} and reaches {reached_label}", pytrace=False)

    @classmethod
    def _subject(cls) -> Subject:
        if cls.simulator.plugin_id != cls.plugin:
            raise TypeError(f"{cls.simulator.__name__} stands for {cls.simulator.plugin_id}, not for {cls.plugin}")
        return Subject.installed(cls.simulator)

    @classmethod
    def _day(cls) -> date:
        # The one thing here that follows the calendar: everything else is played on a simulated clock.
        return cls.waivers_judged_on or dhaka_date(datetime.now(UTC))

    @classmethod
    def _judged(cls) -> Judgement:
        if cls._judgement is None:
            subject = cls._subject()
            results = asyncio.run(run_suite(subject, checks=CHECKS))
            cls._judgement = judge(results, waivers_of(subject), on=cls._day())
        return cls._judgement


def _not_called_for(manifest: Manifest) -> frozenset[str]:
    """The checks that nothing which the manifest declares can meet."""
    faults = {
        f"{operation.value}/{row.id}"
        for operation in Operation
        for row in ROWS
        if reason_not_applicable(row, operation, manifest) is not None
    }
    return frozenset(faults | {check.id for check in CHECKS if not check.concerns(manifest)})
