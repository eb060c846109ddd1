"""The contract as pytest tests: the five lines that an author writes. Needs ``nagorik-testing[pytest]``."""

import asyncio
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import ClassVar, Final, NamedTuple

import pytest

from nagorik import Operation
from nagorik.values import dhaka_date
from nagorik_testing.contract.checks import CHECKS, CheckScope
from nagorik_testing.contract.codes import code_of
from nagorik_testing.contract.levels import Level, standard_of
from nagorik_testing.contract.matrix import ROWS
from nagorik_testing.contract.matrix_runner import CALLED, reason_not_applicable
from nagorik_testing.contract.render import render_failure
from nagorik_testing.contract.rig import operations_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.suite import CheckResult, SuiteResults, collect, play_checks, play_operation
from nagorik_testing.contract.waivers import WAIVERS, CheckOutcome, Judged, Judgement, judge, waivers_of
from nagorik_testing.simulator.base import Simulator

STANDARD_TESTS: Final = ("test_check", "test_waivers_are_kept_up", "test_level")


class ContractWarning(UserWarning):
    """A check with the severity of a warning fails; pytest shows it, and the test passes."""


class ContractItem(NamedTuple):
    """One test: a check of one service or gateway, or a fault of one operation with all its rows.

    Attributes:
        code: Such as ``NGK404``, for ``-k``.
        part: The check's id, or the operation's name.
        offer: The service or gateway; ``None`` for a check of the plugin, and for a fault, which all meet.
    """

    code: str
    part: str
    offer: str | None = None

    def __str__(self) -> str:
        return "-".join(filter(None, self))

    def covers(self, judged: Judged) -> bool:
        """Whether a finding is of this test."""
        return code_of(judged.finding.check) == self.code and self.offer in {None, judged.finding.offer}


class PluginContract:
    """Every check of the suite: one test for each check and service, and for each fault and operation.

    Derive a class whose name begins with ``Test`` and name plugin and simulator::

        class TestWasa(PluginContract):
            plugin = "wasa"
            simulator = WasaSimulator

    ``-k NGK404`` plays that check alone, and ``-k "NGK002 and submit"`` one operation. Each check, and each
    operation's matrix, is played once for a class and process; with pytest-xdist, ``--dist loadscope`` keeps a class
    in one process. A failure that has to wait is waived in the plugin's package, in ``contract-waivers.toml``; a test
    of the suite cannot be overridden or taken away.
    """

    plugin: ClassVar[str]
    """The plugin's id."""
    simulator: ClassVar[type[Simulator]]
    """Stands for its agency."""
    level: ClassVar[Level] = Level.CATALOGUE
    """The least level that the plugin has to reach; raise it as the plugin climbs."""
    waivers_judged_on: ClassVar[date | None] = None
    """The day for which waivers are read; today in Dhaka if not given, so that one that has expired fails."""
    _known: ClassVar[Subject | None] = None
    _played: ClassVar[dict[str, list[CheckResult]]]
    """What was found, by part."""

    def __init_subclass__(cls) -> None:
        """Refuse a class that replaces a test of the suite."""
        super().__init_subclass__()
        if replaced := [name for name in (*STANDARD_TESTS, "pytest_generate_tests") if name in vars(cls)]:
            raise TypeError(f"{cls.__name__} replaces {', '.join(replaced)}: waive a check instead of overriding it")
        cls._known, cls._played = None, {}

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """The tests that the manifest calls for; nothing is run for it."""
        if "item" in metafunc.fixturenames:
            metafunc.parametrize("item", list(cls._items()), ids=str)

    def test_check(self, item: ContractItem) -> None:
        """What the test covers does not fail, but where that is waived."""
        earlier = [one for part in self._played.values() for one in part if one.finding.failed]
        own = self._play(item.part)
        found = tuple(dict.fromkeys([*earlier, *own]))
        met = [
            each for each in self._judge(SuiteResults(found, frozenset(), frozenset())).judged if item.covers(each)
        ]
        met = [each for each in met if CheckResult(each.family, each.finding) in own]
        if failed := _shown(met, CheckOutcome.FAILED):
            pytest.fail(failed, pytrace=False)
        if mild := _shown(met, CheckOutcome.WARNING):
            warnings.warn(mild, ContractWarning, stacklevel=2)
        elif not any(each.outcome is CheckOutcome.PASSED for each in met):
            waived = [f"waived: {each.waiver.reason}" for each in met if each.waiver is not None]
            reasons = sorted({each.finding.because for each in met} - {""})
            pytest.skip("; ".join(waived[:1] or reasons) or "nothing to check")

    def test_waivers_are_kept_up(self) -> None:
        """No waiver has expired, is for an unknown check, or for one that passes."""
        untended = [each for each in self._whole().judged if each.family == WAIVERS]
        if untended:
            pytest.fail(_shown(untended, CheckOutcome.FAILED), pytrace=False)

    def test_level(self) -> None:
        """The plugin has reached the level that its author claims, and something was checked."""
        reached = standard_of(self._subject().manifest, self._whole()).level
        if reached is None or reached < self.level:
            reached_label = "no level" if reached is None else reached.label
            pytest.fail(f"{self.plugin} claims {self.level.label} and reaches {reached_label}", pytrace=False)

    @classmethod
    def _subject(cls) -> Subject:
        if cls.simulator.plugin_id != cls.plugin:
            raise TypeError(f"{cls.simulator.__name__} stands for {cls.simulator.plugin_id}, not for {cls.plugin}")
        if cls._known is None:
            cls._known = Subject.installed(cls.simulator)
        return cls._known

    @classmethod
    def _day(cls) -> date:
        # The one thing here that follows the calendar: everything else is played on a simulated clock.
        return cls.waivers_judged_on or dhaka_date(datetime.now(UTC))

    @classmethod
    def _items(cls) -> Iterator[ContractItem]:
        manifest = cls._subject().manifest
        for check in CHECKS:
            concerned = [offer.id for offer in manifest.offers if check.reason_not_concerned(offer) is None]
            offers = (None,) if check.scope is CheckScope.PLUGIN else concerned
            yield from (ContractItem(check.code, check.id, offer) for offer in offers)
        for operation in sorted({one for offer in manifest.offers for one in operations_of(manifest, offer)}):
            rows = [row.id for row in ROWS if reason_not_applicable(row, operation, manifest) is None]
            codes = dict.fromkeys(code_of(f"{operation.value}/{row}") for row in (CALLED.id, *rows))
            yield from (ContractItem(code, operation.value) for code in codes)

    @classmethod
    def _play(cls, part: str) -> list[CheckResult]:
        """What is found of a check, or of an operation's matrix."""
        if part not in cls._played:
            checks = [check for check in CHECKS if check.id == part]
            playing = (
                play_checks(cls._subject(), checks) if checks else play_operation(cls._subject(), Operation(part))
            )
            cls._played[part] = asyncio.run(playing)
        return cls._played[part]

    @classmethod
    def _judge(cls, results: SuiteResults) -> Judgement:
        return judge(results, waivers_of(cls._subject()), on=cls._day())

    @classmethod
    def _whole(cls) -> Judgement:
        """Everything, of which what has not been played is played now."""
        found = [one for part in dict.fromkeys(item.part for item in cls._items()) for one in cls._play(part)]
        return cls._judge(collect(cls._subject().manifest, found, None, CHECKS))


def _shown(judged: list[Judged], outcome: CheckOutcome) -> str:
    return "\n".join(
        line for each in judged if each.outcome is outcome for line in render_failure(each.finding, each.because_of)
    )
