"""What a change is: the ways in which developers of this field err, written into a module one at a time.

A module is read as the standard library's syntax tree, whose nodes know where they stand; a change replaces the text
of one node, and every other byte of the file stays as its author wrote it.
"""

import ast
import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from enum import EnumType, StrEnum
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Final, Self, TypeAlias

import nagorik


class MutationOperator(StrEnum):
    """One way to err, and what it may do to a citizen."""

    harm: str

    def __new__(cls, word: str, harm: str) -> Self:
        """Keep the harm beside the word."""
        made = str.__new__(cls, word)
        made._value_, made.harm = word, harm
        return made

    WRITE_AS_READ = "write-as-read", "what has an effect is sent again after a lost answer: filed or paid twice"
    SWALLOWED_ERROR = "swallowed-error", "what is wrong is passed over, and the citizen reads that all is well"
    DROPPED_CALL = "dropped-call", "a step is left out, and no one hears of it"
    DROPPED_FIELD = "dropped-field", "what a citizen or an agency said gets lost on its way"
    SWAPPED_FIELDS = "swapped-fields", "one thing is reported in the place of another"
    STATUS = "status", "the citizen reads of a state that the application is not in"
    WORD = "word", "a word that two systems agreed on is another: nothing is found, or the wrong thing"
    CONSTANT = "constant", "a figure is another: an age, a sum, a date, a number of days"
    BOUNDARY = "boundary", "who stands on the very boundary gets the opposite"
    COMPARISON = "comparison", "what should differ is taken for the same, or the other way round"
    CONDITION = "condition", "what holds for some is done for the others"
    SIGN = "sign", "an amount or a time is reckoned in the wrong direction"
    ZONE = "zone", "a day begins at the wrong hour: dates are a day off for a part of each day"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module or a data file with one change.

    Attributes:
        path: The file, from the package's folder, with slashes.
        operator: In which way it errs.
        lines: The first and the last line that are another, counted from one.
        source: The whole file with the change.
    """

    path: str
    operator: MutationOperator
    lines: tuple[int, int]
    source: str

    @property
    def in_data(self) -> bool:
        """Whether it is of a TOML file, and of no module."""
        return self.path.endswith(".toml")

    def diff(self, original: str) -> tuple[str, ...]:
        """The lines that go and come, against the file without the change."""
        changed = unified_diff(original.splitlines(), self.source.splitlines(), lineterm="", n=0)
        return tuple(line for line in list(changed)[2:] if not line.startswith("@@"))


_Node: TypeAlias = ast.expr | ast.stmt | ast.keyword


@dataclass(frozen=True, slots=True)
class SourceChange:
    """The bytes from ``start`` to ``end``, and what comes in their place."""

    start: int
    end: int
    text: str
    operator: MutationOperator


class SourceText:
    """A file's text by the places of its bytes, as a syntax tree and a search count them."""

    def __init__(self, source: str) -> None:
        """Count its lines."""
        self.text = source.encode()
        self._lines = [0, *accumulate(map(len, self.text.splitlines(keepends=True)))]

    def lines_of(self, change: SourceChange) -> tuple[int, int]:
        """The first and the last line of what is changed, counted from one."""
        last = max(change.start, change.end - 1)
        return bisect_right(self._lines, change.start), bisect_right(self._lines, last)

    def between(self, start: int, end: int) -> str:
        """The text from one byte to another."""
        return self.text[start:end].decode()

    def without(self, start: int, end: int) -> SourceChange:
        """Leave one of several out, and the comma behind it or before it."""
        behind, before = re.match(rb"\s*,\s*", self.text[end:]), re.search(rb",\s*\Z", self.text[:start])
        if behind is not None:
            end += behind.end()
        elif before is not None:
            start = before.start()
        return SourceChange(start, end, "", MutationOperator.DROPPED_FIELD)

    def exchanged(self, first: tuple[int, int], second: tuple[int, int]) -> SourceChange:
        """Have each of two in the other's place."""
        text = f"{self.between(*second)}{self.between(first[1], second[0])}{self.between(*first)}"
        return SourceChange(first[0], second[1], text, MutationOperator.SWAPPED_FIELDS)

    def changed(self, change: SourceChange) -> str:
        """The whole text with one change."""
        return b"".join((self.text[: change.start], change.text.encode(), self.text[change.end :])).decode()


class _Module(SourceText):
    """A module's text and tree."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.tree = ast.parse(source)

    def span(self, node: _Node) -> tuple[int, int]:
        """Where its text begins, and where it is over."""
        line, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[line - 1] + column

    def instead(self, node: _Node, text: str, operator: MutationOperator) -> SourceChange:
        """Have ``text`` in the place of a node."""
        return SourceChange(*self.span(node), text, operator)

    def of(self, node: _Node) -> str:
        """A node's text."""
        return self.between(*self.span(node))


_OPPOSITES: Final[Mapping[type[ast.cmpop], str]] = MappingProxyType(
    {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "=="}
    | {ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is"}
)
_SIGNS: Final[Mapping[type[ast.operator], str]] = MappingProxyType(
    {ast.Add: "-", ast.Sub: "+", ast.Mult: "//", ast.FloorDiv: "*", ast.Div: "*"}
)
_CLIENT: Final = frozenset({"read", "read_or_none", "write", "download"})
"""Methods of ``context.http``, whose first word is a name for logs."""
_PROSE: Final = frozenset({"Field", "Text", "TypeVar", "NewType"})
"""Calls whose words are for readers, or have to be what they are."""
_ELSEWHERE: Final = frozenset({"annotation", "returns", "decorator_list", "bases"})
"""Parts of a node that are read by tools, and not by the code."""


def mutants_of(path: str, source: str) -> list[Mutant]:
    """Every change of one module, in the order of its text.

    Args:
        path: The module's file, from the package's folder, with slashes.
        source: Its text.

    Raises:
        SyntaxError: It is no Python.
    """
    module = _Module(source)
    found = []
    for node in _code_of(module.tree):
        for find in (_statements, _fields, _values, _operations):
            for change in find(module, node):
                changed = module.changed(change)
                with suppress(SyntaxError):
                    compile(changed, "<mutant>", "exec")
                    if changed != source:
                        found.append(Mutant(path, change.operator, module.lines_of(change), changed))
    return found


def _code_of(node: ast.AST) -> Iterator[ast.AST]:
    """``node`` and what stands in it, in the order of the text: what runs, and no annotation or sentence."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in _ELSEWHERE:
            continue
        children = value if isinstance(value, list) else [value]
        for child in children[1:] if name == "args" and _is_request(node) else children:
            if isinstance(child, ast.AST) and not _says_nothing(child):
                yield from _code_of(child)


def _is_request(node: ast.AST) -> bool:
    """Whether a node asks an agency: what it is called comes first, and only logs hear of that."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="http"), attr=method)):
            return method in _CLIENT
        case _:
            return False


def _says_nothing(node: ast.AST) -> bool:
    """Whether no change of it could be seen by a citizen or an agency."""
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Subscript(value=ast.Name(id="Literal")):
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name in _PROSE
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name.startswith("__") or name == "model_config"
        case _:
            return False


def _statements(module: _Module, node: ast.AST) -> Iterator[SourceChange]:
    match node:
        case ast.Raise():
            yield module.instead(node, "pass", MutationOperator.SWALLOWED_ERROR)
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())):
            yield module.instead(node, "pass", MutationOperator.DROPPED_CALL)
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.BoolOp):
            yield module.instead(test, f"not ({module.of(test)})", MutationOperator.CONDITION)
        case ast.Attribute(value=ast.Attribute(attr="http") as client, attr="write"):
            yield module.instead(node, f"{module.of(client)}.read", MutationOperator.WRITE_AS_READ)
        case ast.Attribute(value=ast.Name(id=name), attr=member):
            # Another member of one of the core's enumerations.
            kind = getattr(nagorik, name, None)
            if isinstance(kind, EnumType) and member in kind.__members__:
                members = list(kind.__members__)
                following = members[(members.index(member) + 1) % len(members)]
                yield module.instead(node, f"{name}.{following}", MutationOperator.STATUS)


def _fields(module: _Module, node: ast.AST) -> Iterator[SourceChange]:
    """Entries of a dictionary with words for keys, and what a value is made of."""
    match node:
        case ast.Dict(keys=keys, values=values):
            words = [key for key in keys if isinstance(key, ast.Constant)]
            if len(words) < len(keys):
                return
            places = [(module.span(key)[0], module.span(value)[1]) for key, value in zip(words, values, strict=True)]
        case ast.Call(func=called, keywords=named) if _makes(called):
            values = [one.value for one in named]
            places = [module.span(one) for one in named]
        case _:
            return
    yield from (module.without(*place) for place in places)
    for first, second in pairwise(values):
        yield module.exchanged(module.span(first), module.span(second))


def _values(module: _Module, node: ast.AST) -> Iterator[SourceChange]:
    match node:
        case ast.Constant(value=bool(value)):
            yield module.instead(node, str(not value), MutationOperator.CONSTANT)
        case ast.Constant(value=int(number)):
            yield module.instead(node, str(number + 1), MutationOperator.CONSTANT)
        case ast.Constant(value=str(word)) if word.isascii() and len(word) > 1 and not any(map(str.isspace, word)):
            if word.replace(".", "", 1).isdecimal():
                yield module.instead(node, f'"{word}1"', MutationOperator.CONSTANT)
            else:
                yield module.instead(node, json.dumps(f"{word}x"), MutationOperator.WORD)
        case ast.Call(func=ast.Attribute(value=instant, attr="astimezone")):
            yield module.instead(node, module.of(instant), MutationOperator.ZONE)
        case ast.Name(id="DHAKA", ctx=ast.Load()):
            yield module.instead(node, "__import__('datetime').UTC", MutationOperator.ZONE)


def _operations(module: _Module, node: ast.AST) -> Iterator[SourceChange]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            is_boundary = isinstance(operator, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
            way = MutationOperator.BOUNDARY if is_boundary else MutationOperator.COMPARISON
            yield _between(module, left, _OPPOSITES[type(operator)], right, way)
        case ast.BoolOp(op=operator, values=[left, right]):
            word = "or" if isinstance(operator, ast.And) else "and"
            yield _between(module, left, word, right, MutationOperator.CONDITION)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
            if not any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (left, right)):
                yield _between(module, left, _SIGNS[type(operator)], right, MutationOperator.SIGN)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield module.instead(node, module.of(operand), MutationOperator.SIGN)


def _between(module: _Module, left: ast.expr, word: str, right: ast.expr, operator: MutationOperator) -> SourceChange:
    """Another word between two operands; a bracket that stands there stays."""
    start, end = module.span(left)[1], module.span(right)[0]
    before, after = re.match(r"[\s)]*", module.between(start, end)), re.search(r"[\s(]*$", module.between(start, end))
    opening, closing = before[0] if before else "", after[0] if after else ""
    return SourceChange(start, end, f"{opening}{word}{closing}", operator)


def _makes(called: ast.expr) -> bool:
    """Whether a call makes a value with fields: its name is a class's."""
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name[:1].isupper() and not name.isupper()
