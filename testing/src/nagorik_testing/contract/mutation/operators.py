"""What a change is: the ways in which developers of this field err, written into a module one at a time.

A module is read as the standard library's syntax tree, whose nodes know where they stand; a change replaces the text
of one node, and every other byte of the file stays as its author wrote it.
"""

import ast
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from enum import EnumType, StrEnum
from itertools import pairwise
from types import MappingProxyType
from typing import Final, TypeAlias

import nagorik


class MutationOperator(StrEnum):
    """One way to err."""

    WRITE_AS_READ = "write-as-read"
    SWALLOWED_ERROR = "swallowed-error"
    DROPPED_CALL = "dropped-call"
    DROPPED_FIELD = "dropped-field"
    SWAPPED_FIELDS = "swapped-fields"
    STATUS = "status"
    WORD = "word"
    CONSTANT = "constant"
    BOUNDARY = "boundary"
    COMPARISON = "comparison"
    CONDITION = "condition"
    SIGN = "sign"
    ZONE = "zone"


HARM: Final[Mapping[MutationOperator, str]] = MappingProxyType(
    {
        MutationOperator.WRITE_AS_READ: "what has an effect is sent again after a lost answer: filed or paid twice",
        MutationOperator.SWALLOWED_ERROR: "what is wrong is passed over, and the citizen is told that all is well",
        MutationOperator.DROPPED_CALL: "a step is left out, and nobody hears of it",
        MutationOperator.DROPPED_FIELD: "what a citizen or an agency said gets lost on its way",
        MutationOperator.SWAPPED_FIELDS: "one thing is told in the place of another",
        MutationOperator.STATUS: "the citizen is told of a state that the application is not in",
        MutationOperator.WORD: "a word that two systems agreed on is another: nothing is found, or the wrong thing",
        MutationOperator.CONSTANT: "a figure is another: an age, a sum, a number of days",
        MutationOperator.BOUNDARY: "whoever stands on the very boundary is told the opposite",
        MutationOperator.COMPARISON: "what should differ is taken for the same, or the other way round",
        MutationOperator.CONDITION: "what holds for some is done for the others",
        MutationOperator.SIGN: "an amount or a time is reckoned in the wrong direction",
        MutationOperator.ZONE: "a day begins at the wrong hour: dates are a day off for a part of each day",
    }
)
"""What each may do to a citizen, for whoever reads of a change that nobody noticed."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A module with one change.

    Attributes:
        path: The module's file, from the package's folder, with slashes.
        operator: In which way it errs.
        lines: The first and the last line that are another, counted from one.
        within: The innermost function or class; empty at the module's own level.
        source: The whole file with the change.
    """

    path: str
    operator: MutationOperator
    lines: tuple[int, int]
    within: str
    source: str

    def diff(self, original: str) -> tuple[str, ...]:
        """The lines that go and come, against the file without the change."""
        changed = unified_diff(original.splitlines(), self.source.splitlines(), lineterm="", n=0)
        return tuple(line for line in list(changed)[2:] if not line.startswith("@@"))


_Node: TypeAlias = ast.expr | ast.stmt | ast.keyword


@dataclass(frozen=True, slots=True)
class _Change:
    """The bytes from ``start`` to ``end``, and what comes in their place."""

    start: int
    end: int
    text: str
    operator: MutationOperator


class _Module:
    """A module's text and tree. The tree counts columns in bytes, and so does this."""

    def __init__(self, source: str) -> None:
        """Read it.

        Raises:
            SyntaxError: It is no Python.
        """
        self.tree = ast.parse(source)
        self.text = source.encode()
        self._lines = [0]
        for line in self.text.splitlines(keepends=True):
            self._lines.append(self._lines[-1] + len(line))

    def start(self, node: _Node) -> int:
        """Where its text begins."""
        return self._lines[node.lineno - 1] + node.col_offset

    def end(self, node: _Node) -> int:
        """Where its text is over."""
        line, column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return self._lines[line - 1] + column

    def line(self, place: int) -> int:
        """The line, counted from one, in which a byte stands."""
        return bisect_right(self._lines, place)

    def between(self, start: int, end: int) -> str:
        """The text from one byte to another."""
        return self.text[start:end].decode()

    def instead(self, node: _Node, text: str, operator: MutationOperator) -> _Change:
        """Have ``text`` in the place of a node."""
        return _Change(self.start(node), self.end(node), text, operator)

    def without(self, items: Sequence[tuple[int, int]], place: int) -> _Change:
        """Leave one of several out, which are divided by commas, and its comma with it."""
        start, end = items[place]
        if place + 1 < len(items):
            end = items[place + 1][0]
        elif place:
            start = items[place - 1][1]
        return _Change(start, end, "", MutationOperator.DROPPED_FIELD)

    def swapped(self, first: _Node, second: _Node) -> _Change:
        """Have each of two in the other's place."""
        middle = self.between(self.end(first), self.start(second))
        text = f"{self.of(second)}{middle}{self.of(first)}"
        return _Change(self.start(first), self.end(second), text, MutationOperator.SWAPPED_FIELDS)

    def of(self, node: _Node) -> str:
        """A node's text."""
        return self.between(self.start(node), self.end(node))

    def changed(self, change: _Change) -> str:
        """The whole text with one change."""
        return b"".join((self.text[: change.start], change.text.encode(), self.text[change.end :])).decode()


_BOUNDARIES: Final[Mapping[type[ast.cmpop], str]] = MappingProxyType(
    {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}
)
_COMPARISONS: Final[Mapping[type[ast.cmpop], str]] = MappingProxyType(
    {ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is"}
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
        for find in _FINDERS:
            for change in find(module, node):
                changed = module.changed(change)
                if changed != source and _compiles(changed):
                    lines = (module.line(change.start), module.line(max(change.start, change.end - 1)))
                    found.append(Mutant(path, change.operator, lines, _within(module.tree, lines), changed))
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


def _write_as_read(module: _Module, node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Attribute(value=ast.Attribute(attr="http") as client, attr="write"):
            yield module.instead(node, f"{module.of(client)}.read", MutationOperator.WRITE_AS_READ)


def _left_out(module: _Module, node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Raise():
            yield module.instead(node, "pass", MutationOperator.SWALLOWED_ERROR)
        case ast.Expr(value=ast.Call() | ast.Await(value=ast.Call())):
            yield module.instead(node, "pass", MutationOperator.DROPPED_CALL)


def _fields(module: _Module, node: ast.AST) -> Iterator[_Change]:
    """Entries of a dictionary with words for keys, and what a value is made of."""
    match node:
        case ast.Dict(keys=keys, values=values):
            words = [key for key in keys if isinstance(key, ast.Constant)]
            if len(words) < len(keys):
                return
            places = [(module.start(key), module.end(value)) for key, value in zip(words, values, strict=True)]
        case ast.Call(func=called, keywords=named) if _makes(called):
            values = [one.value for one in named]
            places = [(module.start(one), module.end(one)) for one in named]
        case _:
            return
    for place in range(len(places)):
        yield module.without(places, place)
    for first, second in pairwise(values):
        yield module.swapped(first, second)


def _status(module: _Module, node: ast.AST) -> Iterator[_Change]:
    """Another member of one of the core's enumerations."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=member):
            kind = getattr(nagorik, name, None)
            if isinstance(kind, EnumType) and member in kind.__members__:
                members = list(kind.__members__)
                following = members[(members.index(member) + 1) % len(members)]
                yield module.instead(node, f"{name}.{following}", MutationOperator.STATUS)


def _literals(module: _Module, node: ast.AST) -> Iterator[_Change]:
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


def _comparisons(module: _Module, node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            known: Mapping[type[ast.cmpop], str]
            for known, way in ((_BOUNDARIES, MutationOperator.BOUNDARY), (_COMPARISONS, MutationOperator.COMPARISON)):
                if type(operator) in known:
                    yield _between(module, left, known[type(operator)], right, way)


def _conditions(module: _Module, node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.BoolOp(op=operator, values=[left, right]):
            yield _between(module, left, "or" if isinstance(operator, ast.And) else "and", right, _NEGATED)
        case ast.If(test=test) | ast.IfExp(test=test) if not isinstance(test, ast.Compare | ast.BoolOp):
            yield module.instead(test, f"not {_operand(module, test)}", _NEGATED)


def _signs(module: _Module, node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _SIGNS:
            if not any(isinstance(side, ast.Constant) and isinstance(side.value, str) for side in (left, right)):
                yield _between(module, left, _SIGNS[type(operator)], right, MutationOperator.SIGN)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield module.instead(node, module.of(operand), MutationOperator.SIGN)


def _zones(module: _Module, node: ast.AST) -> Iterator[_Change]:
    match node:
        case ast.Call(func=ast.Attribute(value=instant, attr="astimezone")):
            yield module.instead(node, module.of(instant), MutationOperator.ZONE)
        case ast.Name(id="DHAKA", ctx=ast.Load()):
            yield module.instead(node, "__import__('datetime').UTC", MutationOperator.ZONE)


_NEGATED: Final = MutationOperator.CONDITION
_FINDERS: Final[tuple[Callable[[_Module, ast.AST], Iterator[_Change]], ...]] = (
    _write_as_read,
    _left_out,
    _fields,
    _status,
    _literals,
    _comparisons,
    _conditions,
    _signs,
    _zones,
)


def _between(module: _Module, left: ast.expr, word: str, right: ast.expr, operator: MutationOperator) -> _Change:
    """Another word between two operands; a bracket that stands there stays."""
    start, end = module.end(left), module.start(right)
    before, after = re.match(r"[\s)]*", module.between(start, end)), re.search(r"[\s(]*$", module.between(start, end))
    opening, closing = before[0] if before else "", after[0] if after else ""
    return _Change(start, end, f"{opening}{word}{closing}", operator)


def _makes(called: ast.expr) -> bool:
    """Whether a call makes a value with fields: its name is a class's."""
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    return name[:1].isupper() and not name.isupper()


def _operand(module: _Module, node: ast.expr) -> str:
    text = module.of(node)
    simple = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Constant | ast.Subscript)
    return text if simple else f"({text})"


def _compiles(source: str) -> bool:
    try:
        compile(source, "<mutant>", "exec")
    except SyntaxError:
        return False
    return True


def _within(tree: ast.Module, lines: tuple[int, int]) -> str:
    """The innermost function or class around some lines."""
    around = [
        scope
        for scope in ast.walk(tree)
        if isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and scope.lineno <= lines[0]
        and (scope.end_lineno or 0) >= lines[1]
    ]
    return max(around, key=lambda scope: scope.lineno).name if around else ""
