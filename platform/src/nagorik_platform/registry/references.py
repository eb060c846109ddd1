"""Importing what a plugin names, with every way in which that can fail turned into a value."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from nagorik_platform.registry.records import PluginRecord, PluginSource, Problem, Quarantine, QuarantineCode
from nagorik_platform.registry.static_analysis import defines, past_interpreters_defect
from nagorik_platform.tracebacks import frame_inside, missing_module, type_name


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import gave."""

    value: object


def import_object(module: str, attribute: str, directory: Path) -> Imported | Problem:
    """Import ``module`` and take ``attribute`` (dotted, or empty for the module itself) from it.

    What the import raises becomes a failure that names the exception's type and the place in ``directory`` where it
    arose, never its text: a settings class that fails at import has its values there. The one thing told of an
    exception is which module a ``ModuleNotFoundError`` missed. ``KeyboardInterrupt`` passes through, since it is the
    operator's and not the plugin's.
    """
    found: object = None
    try:
        # Pydantic makes syntax trees for every model that is documented field by field; what is imported anew is what
        # was not yet.
        found = past_interpreters_defect(lambda: import_module(module))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a plugin's import may raise anything, sys.exit() included
        code = QuarantineCode.IMPORT_FAILED if isinstance(error, Exception) else QuarantineCode.IMPORT_EXITED
        hint = f"Run python -c 'import {module}' in this environment to see the whole error."
        return Problem(code, _describe(error, module, directory), hint)
    for name in filter(None, attribute.split(".")):
        try:
            found = getattr(found, name)
        except Exception as error:  # noqa: BLE001 - a module's __getattr__ may raise anything
            because = f"names {module}:{attribute}, which is not there ({type_name(error)})"
            return Problem(QuarantineCode.IMPORT_FAILED, because, f"Define {attribute} in {module}.")
    return Imported(found)


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
