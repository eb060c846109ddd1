"""Importing what a plugin names, with every way in which that can fail turned into a value."""

import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from nagorik_platform.registry.process_settings import SettingChange, setting_changes, settings_kept
from nagorik_platform.registry.records import PluginRecord, PluginSource, Problem, Quarantine, QuarantineCode
from nagorik_platform.registry.static_analysis import defines, past_interpreters_defect
from nagorik_platform.tracebacks import frame_inside, missing_module, type_name


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gave."""

    value: object


def import_object(module: str, attribute: str, directory: Path) -> Imported | Problem:
    """Import ``module`` and take ``attribute`` (dotted, or empty for the module itself) from it.

    Whatever the import raises becomes a failure that names the exception's type and the place in ``directory``
    where it arose, never its text: a settings class that fails at import has its values there. The one thing
    told of an exception is which module a ``ModuleNotFoundError`` missed. ``KeyboardInterrupt`` passes through,
    since it is the operator's and not the plugin's. What an import changes of the process's settings is put back.
    """
    found = _present(module)
    if found is None:
        with settings_kept() as changed:
            imported = _imported(module, directory)
        if changes := setting_changes(directory, changed):
            return _changes_settings(module, changes)
        if changed:
            _log_changes(module, changed)
        if isinstance(imported, Problem):
            return imported
        found = imported.value
    for name in filter(None, attribute.split(".")):
        try:
            found = getattr(found, name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a module's __getattr__ may raise anything
            because = f"names {module}:{attribute}, which is not there ({type_name(error)})"
            return Problem(QuarantineCode.IMPORT_FAILED, because, f"Define {attribute} in {module}.")
    return Imported(found)


def _present(module: str) -> object:
    """The module, where it is imported already, to its end: then nothing runs, and nothing of the process changes."""
    found = sys.modules.get(module)
    # What a plugin has put in a module's place may do anything when it is looked at.
    if type(found) is not ModuleType or getattr(found.__spec__, "_initializing", False):
        return None
    return found


def _imported(module: str, directory: Path) -> Imported | Problem:
    try:
        # Pydantic makes syntax trees for every model that is documented field by field; what is imported anew is what
        # was not yet.
        return Imported(past_interpreters_defect(lambda: import_module(module)))
    except KeyboardInterrupt:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin's import may raise anything
        return Problem(QuarantineCode.IMPORT_FAILED, _describe(error, module, directory), _hint(module))
    except BaseException as error:  # noqa: BLE001 - sys.exit() in a plugin must not end the platform
        return Problem(QuarantineCode.IMPORT_EXITED, _describe(error, module, directory), _hint(module))


def _changes_settings(module: str, changes: list[SettingChange]) -> Problem:
    shown = ", ".join(f"{one.setting} at {one.file}:{one.line}" for one in changes)
    why = f"changes settings of the whole process when {module} is imported, which were put back: {shown}"
    hint = "Leave them to the host; use decimal.localcontext(), or a client's own time limits, where they are needed."
    return Problem(QuarantineCode.PROCESS_CHANGED, why, hint)


def _log_changes(module: str, changed: set[str]) -> None:
    """Tell what was put back though the plugin's own source does not change it, but something that it imports."""
    import structlog

    structlog.get_logger("nagorik").warning("process_settings_put_back", module=module, settings=sorted(changed))


def split_value(source: PluginSource) -> tuple[str, str]:
    """Module and attribute of an entry point's value."""
    module, _, attribute = source.value.partition(":")
    return module.strip(), attribute.strip()


def _describe(error: BaseException, module: str, directory: Path) -> str:
    raised = f"{type_name(error)}{missing_module(error)}"
    return f"cannot be imported: {module} raised {raised}{_place(error, directory)}"


def _place(error: BaseException, directory: Path) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f" at {Path(error.filename).name}:{error.lineno}"
    frame = frame_inside(error, directory)
    return f" at {frame.file}:{frame.line}" if frame is not None else ""


def _hint(module: str) -> str:
    return f"Run python -c 'import {module}' in this environment to see the whole error."


def resolve_object(record: PluginRecord, reference: str) -> Imported | Quarantine:
    """Import ``module:Name`` relative to the plugin's package; ``Imported.value`` is the object.

    Does not check what kind of object it is, and does not change the plugin's state: whether a broken reference
    is worth a quarantine is for the caller to say.

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


def check_reference(directory: Path, reference: str) -> str | None:
    """What is wrong with ``module:Name``, by the package's source files alone, or ``None``. Imports nothing.

    A module without a source file, such as an extension module, is given the benefit of the doubt.
    """
    module, _, name = reference.partition(":")
    base = directory.joinpath(*module.split("."))
    file = next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
    if file is not None:
        return None if defines(file, name) else f"{module} does not define {name}"
    if base.parent.is_dir() and any(base.parent.glob(f"{base.name}.*.*")):
        return None
    return f"there is no module {module} in the package"
