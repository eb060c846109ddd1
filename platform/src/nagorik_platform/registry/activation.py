"""Importing one plugin and verifying its hooks: what its first use does."""

import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

import pluggy

from nagorik_platform.registry.records import PluginRecord, Problem, QuarantineCode
from nagorik_platform.registry.references import import_object, split_value
from nagorik_platform.registry.verification import new_manager, verify
from nagorik_platform.tracebacks import type_name


@dataclass(frozen=True, slots=True)
class LoadedPlugin:
    """A plugin that is imported and verified, with its implementation of each hook by the hook's name."""

    record: PluginRecord
    hooks: Mapping[str, pluggy.HookImpl]

    def call(self, hook: str, **arguments: object) -> Coroutine[Any, Any, object]:
        """Make the coroutine of the plugin's ``hook``, not yet started; await it under a deadline.

        Does not check what it returns.

        Raises:
            KeyError: The plugin does not implement the hook.
        """
        implementation = self.hooks[hook]
        # As pluggy calls it, but without its loop over plugins: this is the only one.
        made = implementation.function(*[arguments[name] for name in implementation.argnames])
        return cast("Coroutine[Any, Any, object]", made)


def examine(record: PluginRecord) -> LoadedPlugin | list[Problem]:
    """Import a plugin and verify its hooks: it is ready for calls, or all that is wrong with it, worst first.

    Calls nothing of it and raises nothing but ``KeyboardInterrupt``.

    Raises:
        ValueError: ``record`` has not passed the stages before this one.
    """
    manifest = record.manifest
    if manifest is None or record.directory is None:
        raise ValueError("a plugin whose manifest could not be read is not imported")
    started = time.perf_counter()
    imported = import_object(*split_value(record.source), record.directory)
    seconds = time.perf_counter() - started
    if isinstance(imported, Problem):
        return [imported]
    manager = new_manager()
    try:
        problems = verify(manager, imported.value, manifest)
        if problems:
            return problems
        manager.register(imported.value, name=record.id)
    except Exception as error:  # noqa: BLE001 - the object may be one whose attributes raise on a look
        why = f"cannot be looked into: what its entry point names raised {type_name(error)}"
        return [Problem(QuarantineCode.IMPORT_FAILED, why, "Name a plain module.")]
    hooks = {name: getattr(manager.hook, name).get_hookimpls()[0] for name in sorted(manifest.declared_hooks)}
    return LoadedPlugin(replace(record, import_seconds=seconds, verified=True), MappingProxyType(hooks))
