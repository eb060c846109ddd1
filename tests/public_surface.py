"""The libraries' public surface, as text: what a plugin or a host may rely on, down to each parameter.

``python tests/public_surface.py --write`` writes it; ``--check`` compares it with what is committed. A line that
disappears breaks somebody, so a change of this file is a decision that a reviewer sees.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import griffe

ROOT: Final = Path(__file__).resolve().parent.parent
LIBRARIES: Final = {
    "nagorik": "core",
    "nagorik_toolkit": "toolkit",
    "nagorik_platform": "platform",
    "nagorik_host": "host",
    "nagorik_portal": "portal",
}
"""What plugins, hosts and programs around the reference host import, by the folder that each lies in; the list of its
names lies beside its code."""
PROMISED: Final = {
    "nagorik_platform": ("nagorik_platform", "nagorik_platform.lifecycle", "nagorik_platform.registry"),
    "nagorik_host": ("nagorik_host",),
    "nagorik_portal": ("nagorik_portal",),
}
"""Of a library that is not here, every public name of every module is promised; of one that is, what these export."""


def surface(library: str) -> list[str]:
    """One line per public name of a library, sorted."""
    root: Any = griffe.load(library, search_paths=[str(ROOT / folder / "src") for folder in LIBRARIES.values()])
    lines = {f"{library}.{name}" for name in import_module(library).__all__}
    if library not in PROMISED:
        for path, member in _defined(root):
            lines.update(_described(path, member))
        return sorted(lines)
    for room in PROMISED[library]:
        for name in import_module(room).__all__:
            home = getattr(getattr(import_module(room), name), "__module__", None) or room
            found = (
                root[home.removeprefix(f"{library}.")].members.get(name) if home.startswith(f"{library}.") else None
            )
            lines.update(
                _described(f"{room}.{name}", found) if isinstance(found, griffe.Object) else [f"{room}.{name}"]
            )
    return sorted(lines)


def _defined(room: griffe.Object | griffe.Alias) -> Iterator[tuple[str, griffe.Object]]:
    """Every public name that a package's modules define themselves."""
    for name, member in room.members.items():
        if name.startswith("_") or isinstance(member, griffe.Alias):
            continue
        if isinstance(member, griffe.Module):
            yield from _defined(member)
        else:
            yield f"{room.path}.{name}", member


def _described(path: str, member: griffe.Object) -> Iterator[str]:
    if isinstance(member, griffe.Function):
        yield path + _signature(member)
    elif isinstance(member, griffe.Class):
        yield f"{path}({', '.join(str(base) for base in member.bases)})"
        for name, inner in member.members.items():
            if name.startswith("_") or isinstance(inner, griffe.Alias):
                continue
            if isinstance(inner, griffe.Function):
                yield f"{path}.{name}{_signature(inner)}"
            elif isinstance(inner, griffe.Attribute):
                yield f"{path}.{name}: {inner.annotation or '…'}"
    else:
        yield path


def _signature(function: griffe.Function) -> str:
    parts: list[str] = []
    starred = False
    for parameter in function.parameters:
        if parameter.name in {"self", "cls"}:
            continue
        kind = parameter.kind
        if kind is griffe.ParameterKind.keyword_only and not starred:
            parts.append("*")
            starred = True
        prefix = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(kind, "")
        starred = starred or prefix == "*"
        default = "" if parameter.required or prefix else f"={parameter.default}"
        parts.append(f"{prefix}{parameter.name}: {parameter.annotation or '…'}{default}")
    return f"({', '.join(parts)}) -> {function.returns or 'None'}"


def main(arguments: list[str]) -> int:
    """Write or check the surfaces; the exit code says whether they are as committed."""
    changed = False
    for library, folder in LIBRARIES.items():
        file, lines = ROOT / folder / "public-surface.txt", surface(library)
        if arguments == ["--write"]:
            file.write_text("\n".join(lines) + "\n", "utf-8")
            continue
        committed = file.read_text("utf-8").splitlines()
        for line in sorted(set(committed) - set(lines)):
            sys.stderr.write(f"{library}, gone or changed: {line}\n")
        for line in sorted(set(lines) - set(committed)):
            sys.stderr.write(f"{library}, new or changed:  {line}\n")
        changed = changed or committed != lines
    if changed:
        sys.stderr.write("The public surface has changed. If that is meant, run: make surface\n")
    return int(changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
