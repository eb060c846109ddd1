"""Importing what a plugin names, with every way in which that can fail turned into a value."""

from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from nagorik_platform.registry.records import PluginRecord, PluginSource, Problem, Quarantine, QuarantineCode
from nagorik_platform.tracebacks import frame_inside, missing_module, type_name

_AGAIN: Final = 3
"""Times that an import is tried again before Python 3.11.8, where two syntax trees that are made at once, as by
pydantic's models, may end with ``SystemError``."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gave."""

    value: object


def import_object(module: str, attribute: str, directory: Path) -> Imported | Problem:
    """Import ``module`` and take ``attribute`` (dotted, or empty for the module itself) from it.

    A failure names the exception's type, its place in ``directory`` and the module that was missing, never its text:
    a settings class that fails at import has its values there. ``KeyboardInterrupt`` passes through.
    """
    found: object = None
    try:
        found = _import(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin's import may raise anything, sys.exit() included
        code = QuarantineCode.IMPORT_FAILED if isinstance(error, Exception) else QuarantineCode.IMPORT_EXITED
        why = (
            f"cannot be imported: {module} raised {type_name(error)}{missing_module(error)}{_place(error, directory)}"
        )
        return Problem(code, why, f"Run python -c 'import {module}' in this environment to see the whole error.")
    for name in filter(None, attribute.split(".")):
        try:
            found = getattr(found, name)
        except Exception as error:  # noqa: BLE001 - a module's __getattr__ may raise anything
            why = f"names {module}:{attribute}, which is not there ({type_name(error)})"
            return Problem(QuarantineCode.IMPORT_FAILED, why, f"Define {attribute} in {module}.")
    return Imported(found)


def split_value(source: PluginSource) -> tuple[str, str]:
    """Module and attribute of an entry point's value."""
    module, _, attribute = source.value.partition(":")
    return module.strip(), attribute.strip()


def resolve_object(record: PluginRecord, reference: str) -> Imported | Quarantine:
    """Import ``module:Name`` relative to the plugin's package; ``Imported.value`` is the object.

    Raises:
        ValueError: The plugin's package is not known, since its manifest could not be read.
    """
    if record.package is None or record.directory is None:
        raise ValueError("a plugin whose package is not known has no objects")
    module, _, name = reference.partition(":")
    found = import_object(f"{record.package}.{module}", name, record.directory)
    if isinstance(found, Problem):
        why = f"names {reference} in its manifest, and {found.why}"
        return record.source.refuse(QuarantineCode.REFERENCE_BROKEN, why, found.hint)
    return found


def _import(module: str) -> ModuleType:
    for _ in range(_AGAIN):
        with suppress(SystemError):
            return import_module(module)
    return import_module(module)


def _place(error: BaseException, directory: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {Path(error.filename).name}:{error.lineno}"
    frame = frame_inside(error, directory)
    return f" at {frame.file}:{frame.line}" if frame is not None else ""
