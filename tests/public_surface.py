"""The core's public surface, as text: what a plugin or a host may rely on, down to each parameter.

``python tests/public_surface.py --write`` writes it; ``--check`` compares it with what is committed. A line that
disappears breaks somebody, so a change of this file is a decision that a reviewer sees.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import griffe

ROOT: Final = Path(__file__).resolve().parent.parent
SURFACE: Final = ROOT / "core" / "public-surface.txt"
ROOMS: Final = (
    "agency_client",
    "bangladesh",
    "clock",
    "context",
    "criteria",
    "errors",
    "fees",
    "form_fields",
    "forms",
    "hookspecs",
    "journey",
    "lifecycle",
    "loading",
    "logs",
    "manifest",
    "markers",
    "model",
    "operations",
    "package_files",
    "platform",
    "privacy",
    "rules",
    "settings",
    "statuses",
    "texts",
    "wire_fields",
)
"""The modules and packages whose public names are promised; of a package, what its ``__init__`` exports."""


def surface() -> list[str]:
    """One line per public name, sorted."""
    core = griffe.load("nagorik", search_paths=[str(ROOT / "core" / "src")], resolve_aliases=True)
    lines = set(_top_level(core))
    for room in ROOMS:
        for path, member in _exported(core[room]):
            lines.update(_described(path, member))
    return sorted(lines)


def _top_level(core: griffe.Object | griffe.Alias) -> Iterator[str]:
    import nagorik

    for name in dir(nagorik):
        if not name.startswith("_") and name in nagorik._HOME_OF:
            yield f"nagorik.{name}"


def _exported(room: griffe.Object | griffe.Alias) -> Iterator[tuple[str, griffe.Object]]:
    if room.path == "nagorik.model":
        for module in room.modules.values():
            yield from _exported(module)
        return
    for name, member in room.members.items():
        if name.startswith("_") or (room.exports is not None and name not in room.exports):
            continue
        if isinstance(member, griffe.Alias) and room.exports is None:
            continue
        target = member.final_target if isinstance(member, griffe.Alias) else member
        if not isinstance(target, griffe.Module):
            yield f"{room.path}.{name}", target


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
    """Write or check the surface; the exit code says whether it is as committed."""
    lines = surface()
    if arguments == ["--write"]:
        SURFACE.write_text("\n".join(lines) + "\n", "utf-8")
        return 0
    committed = SURFACE.read_text("utf-8").splitlines()
    for line in sorted(set(committed) - set(lines)):
        sys.stderr.write(f"gone or changed: {line}\n")
    for line in sorted(set(lines) - set(committed)):
        sys.stderr.write(f"new or changed:  {line}\n")
    if committed != lines:
        sys.stderr.write("The public surface has changed. If that is meant, run: make surface\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
