"""What the source files of a plugin say of the names that its manifest names, without running them."""

import symtable
from pathlib import Path

from nagorik.data_files import read_file
from nagorik_testing.validation.own_code import LARGEST_MODULE


def check_reference(directory: Path, reference: str) -> str | None:
    """What is wrong with ``module:Name``, by the package's source files alone, or ``None``. Imports nothing.

    A module without a source file, such as an extension module, is given the benefit of the doubt.
    """
    module, _, name = reference.partition(":")
    base = directory.joinpath(*module.split("."))
    file = next((file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file()), None)
    if file is not None:
        return None if _defines(file, name) else f"{module} does not define {name}"
    if base.parent.is_dir() and any(base.parent.glob(f"{base.name}.*.*")):
        return None
    return f"there is no module {module} in the package"


def _defines(file: Path, name: str) -> bool:
    """Whether a module binds ``name`` at its top level; a star import or ``__getattr__`` may bind anything."""
    try:
        content = read_file(file, largest=LARGEST_MODULE)
        table = symtable.symtable(content.decode(), file.name, "exec")
    except (SyntaxError, ValueError, RecursionError):
        return False
    bound = {one.get_name() for one in table.get_symbols() if one.is_assigned() or one.is_imported()}
    return not bound.isdisjoint({name, "__getattr__"}) or b"import *" in content
