"""The objects that a manifest names: forms, settings, login, error answers."""

from pathlib import Path

from nagorik.loading.importing import Imported, import_object
from nagorik.loading.records import PluginRecord, Problem, Quarantine, QuarantineCode
from nagorik.loading.sources import defines


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
