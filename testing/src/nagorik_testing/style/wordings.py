"""Every text that a package of a plugin holds for a person, with where it is written.

Found without running anything: in its TOML files, wherever a table has ``en`` or ``bn`` or a text is in Bangla
letters, and in its Python modules, wherever ``en`` and ``bn`` (or ``help_en`` and ``help_bn``) are given to a
call or a dict.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, read_file
from nagorik_testing.style.guide import TextLanguage

_LANGUAGES: Final[Mapping[str, TextLanguage]] = {"en": "en", "bn": "bn", "help_en": "en", "help_bn": "bn"}
_BANGLA_LETTER: Final = re.compile("[ঀ-৿]")
_BOTH_LANGUAGES: Final = "modelled"
"""A simulator's variable, which holds sentences in both languages one after the other, with or without a stroke."""
_BETWEEN_LANGUAGES: Final = re.compile(r"(?<=[।.?!])\s+(?:/\s+)?|\s+/\s+")
_CITED: Final = frozenset({"legal_basis", "source", "sources"})
"""Where publications, laws and gazettes are named, as they name themselves."""
_QUOTES_CODE: Final = frozenset({"mutation-score.toml"})
"""Files of a package that quote its code, and tell nobody anything."""
_NAMES: Final = ("code", "id", "kind")
"""What an entry of a list is known by, rather than its number."""


class TextRole(StrEnum):
    """What a text is to whoever reads it."""

    SENTENCE = "sentence"
    """A sentence, a label or a name."""
    OPTION = "option"
    """What one of a field's options is called."""
    FEE_LINE = "fee-line"
    """Of a fee schedule, whose amounts stand in the same file."""
    SOURCE = "source"
    """The title of a publication, in English or as it is."""


@dataclass(frozen=True, slots=True)
class ToldText:
    """One text in one language.

    Attributes:
        place: File and key, or file and line.
        language: What it is in, or is meant to be in.
        text: As it is written; what a program puts into it stands as ``{…}``.
        role: What it is to its reader.
        option: The option's value, of an option.
    """

    place: str
    language: TextLanguage
    text: str
    role: TextRole = TextRole.SENTENCE
    option: str = ""


def wordings_of(package: Path) -> tuple[ToldText, ...]:
    """What the files of a package say, its simulator's among them, in the order of their paths.

    Raises:
        DataFileInvalid: A file cannot be read.
    """
    found = sorted((*package.rglob("*.toml"), *package.rglob("*.py")))
    files = (file for file in found if file.name not in _QUOTES_CODE)
    return tuple(wording for file in files for wording in wordings_in(file, file.relative_to(package).as_posix()))


def wordings_in(file: Path, place: str) -> Sequence[ToldText]:
    """What one file says, a TOML file or a Python module; ``place`` names it.

    Raises:
        DataFileInvalid: It cannot be read.
    """
    if not file.is_file():
        raise DataFileInvalid(place, [FileProblem("", "not a readable file")])
    seen = file.stat()
    return _read(file, place, seen.st_mtime_ns, seen.st_size)


@lru_cache(maxsize=512)
def _read(file: Path, place: str, _changed: int, _size: int) -> Sequence[ToldText]:
    content = read_file(file)
    if file.suffix == ".toml":
        return tuple(_of_table(parse_document(content, file.name), place, (), _role_of(file)))
    try:
        module = ast.parse(content)
    except (SyntaxError, ValueError) as error:
        raise DataFileInvalid(file.name, [FileProblem("", f"it is no module of Python: {error}")]) from None
    return tuple(_of_module(module, place))


def texts_of(document: Mapping[str, Any], file: str) -> Iterator[ToldText]:
    """What a document says, such as a manifest that was read; ``file`` names it."""
    return _of_table(document, file, (), TextRole.SENTENCE)


def _role_of(file: Path) -> TextRole:
    is_schedule = file.stem == "fees" or file.stem.endswith("_fees")
    return TextRole.FEE_LINE if is_schedule else TextRole.SENTENCE


def _of_table(held: Any, file: str, at: tuple[str, ...], role: TextRole) -> Iterator[ToldText]:
    if isinstance(held, dict):
        for key, value in held.items():
            here = f"{file}: {'.'.join(at) or key}"
            if isinstance(value, str) and key in _LANGUAGES:
                yield ToldText(here, _LANGUAGES[key], value, role)
            elif isinstance(value, str) and key == "title" and at[-1:] == ("source",):
                yield ToldText(here, _script_of(value), value, TextRole.SOURCE)
            else:
                yield from _of_table(value, file, (*at, key), role)
    elif isinstance(held, list):
        for number, value in enumerate(held):
            names = (value.get(name) for name in _NAMES) if isinstance(value, dict) else ()
            yield from _of_table(value, file, (*at, str(next(filter(None, names), number))), role)
    elif isinstance(held, str) and _BANGLA_LETTER.search(held):
        cited = TextRole.SOURCE if _CITED.intersection(at) else role
        yield ToldText(f"{file}: {'.'.join(at)}", "bn", held, cited)


def _script_of(text: str) -> TextLanguage:
    return "bn" if _BANGLA_LETTER.search(text) else "en"


def _of_module(module: ast.Module, file: str) -> Iterator[ToldText]:
    options = {
        id(value): key.value
        for node in ast.walk(module)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and isinstance(value, ast.Call)
    }
    for node in ast.walk(module):
        match node:
            case ast.Call(keywords=keywords):
                option = options.get(id(node))
                role = TextRole.SENTENCE if option is None else TextRole.OPTION
                for keyword in keywords:
                    yield from _said(file, keyword.arg, keyword.value, role, option or "")
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str):
                        yield from _said(file, key.value, value)
            case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _assigned(file, target, value)


def _assigned(file: str, target: ast.expr, value: ast.expr) -> Iterator[ToldText]:
    match target, value:
        case ast.Name(id=name), _ if name == _BOTH_LANGUAGES:
            for part in filter(None, _BETWEEN_LANGUAGES.split(_text_of(value) or "")):
                yield ToldText(f"{file}:{value.lineno}", _script_of(part), part)
        case ast.Name(id=name), _:
            yield from _said(file, name, value)
        case ast.Tuple(elts=targets), ast.Tuple(elts=values) if len(targets) == len(values):
            for one, told in zip(targets, values, strict=True):
                yield from _assigned(file, one, told)


def _said(
    file: str, name: str | None, value: ast.expr, role: TextRole = TextRole.SENTENCE, option: str = ""
) -> Iterator[ToldText]:
    if name is not None and name in _LANGUAGES and (text := _text_of(value)):
        yield ToldText(f"{file}:{value.lineno}", _LANGUAGES[name], text, role, option)


def _text_of(value: ast.expr) -> str | None:
    """A text as it is written, with ``{…}`` for what a program puts into it; ``None`` for anything else."""
    match value:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(_text_of(part) or "{…}" for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            said = (_text_of(left), _text_of(right))
            return None if said == (None, None) else "".join(part if part is not None else "{…}" for part in said)
        case _:
            return None
