"""The checks of what one operation alone cannot show; the fault matrix is played beside them."""

from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from nagorik_testing.contract.checks.check import Check, CheckFamily, CheckScope, described_checks

for module in iter_modules(__path__):
    import_module(f"{__name__}.{module.name}")

CHECKS: Final[tuple[Check, ...]] = described_checks()
"""Every check, in the order of a plugin's life; codes and ids are unique and stable."""

__all__ = ["CHECKS", "Check", "CheckFamily", "CheckScope"]
