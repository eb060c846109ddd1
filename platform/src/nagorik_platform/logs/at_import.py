"""Doing something to a module as soon as it is there, whoever imports it."""

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class AtImport(MetaPathFinder):
    """Calls a function once the module is imported, before whoever imported it can use it."""

    def __init__(self, module: str, do: Callable[[], None]) -> None:
        """Wait for ``module``, which is not imported yet."""
        self._module = module
        self._do = do
        self._waits = True
        sys.meta_path.insert(0, self)

    def cancel(self) -> None:
        """Wait no longer."""
        # Somebody may have put another finder around this one, which then cannot be taken out.
        self._waits = False
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 - the import system's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        """What the other finders find, with a loader that calls the function last."""
        if fullname != self._module or not self._waits:
            return None
        self.cancel()
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_do(module: ModuleType) -> None:
                load(module)
                self._do()

            # On this one loader: another around it would hide the source from tracebacks.
            spec.loader.exec_module = load_and_do  # type: ignore[method-assign]
        return spec
