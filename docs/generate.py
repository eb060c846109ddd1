"""Writes the pages that follow from the code: manifest, hooks, models, errors, the lifecycle's tables, the checks.

``python docs/generate.py --write`` writes them; ``--check`` says which are not as the code has them.
"""

import ast
import inspect
import re
import sys
import textwrap
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import griffe
from pydantic import AfterValidator, BaseModel

from nagorik import errors, hookspecs
from nagorik.manifest import Circuit, DocumentKind, Limits, Manifest, Owner, PaymentGateway, PublicService, Window
from nagorik.model.status import ApplicationState, Flag, PaymentState
from nagorik.operations import OPERATIONS, Idempotency
from nagorik.privacy import LONGEST_TEXT, Code, PublicId
from nagorik.settings import AgencySettings
from nagorik.values.sentences import Sentence
from nagorik_platform.lifecycle import state_advice, state_label
from nagorik_platform.lifecycle.tables import (
    APPLICATION_TRANSITIONS,
    PAYMENT_TRANSITIONS,
    ApplicationTransition,
    PaymentTransition,
)
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.codes import BY_CODE, FAULTS, page_of
from nagorik_testing.simulator.base import installed_simulators, load_simulator
from nagorik_testing.simulator.reference_agency import ReferenceAgency
from nagorik_testing.simulator.workflow import WorkflowStep
from nagorik_toolkit import interface_document

DOCS: Final = Path(__file__).resolve().parent
MOST_ITEMS: Final = 200
"""Entries of a list whose field bounds it no closer."""
GENERATED: Final = "<!-- Written by docs/generate.py from the code. Change it there. -->\n"
NOTHING: Final = "–"
PAGE_WIDTH: Final = 100
"""Characters of a signature that stands on one line."""
MODELS: Final = "requests-and-results.md"


def manifest_page() -> str:
    """``plugin.toml``, table by table."""
    return "\n".join(
        [
            GENERATED,
            "# The manifest: plugin.toml\n",
            "A plugin's whole declaration, beside its code in its top-level package. It is read without importing the",
            "plugin, every field is checked, and a field that is not listed here is refused by name.\n",
            *_model("The plugin", Manifest),
            *_model("`[[services]]`", PublicService),
            *_model("`[[services.documents]]`", DocumentKind),
            *_model("`[[gateways]]`", PaymentGateway),
            *_model("`[[windows]]`", Window),
            *_model("`[limits]`", Limits),
            *_model("`[circuit]`", Circuit),
            *_model("`[[owners]]`", Owner),
            "## Idempotency classes\n",
            "| class | meaning |\n| --- | --- |",
            *(f"| `{member.value}` | {_member_doc(Idempotency, member)} |" for member in Idempotency),
            "\n## The plugin's settings\n",
            "A subclass of `AgencySettings`, named by `settings`; read from `NAGORIK_<ID>_…` and the host's configuration.\n",
            *_fields(AgencySettings),
            "",
        ]
    )


def hooks_page() -> str:
    """Every hook with its place in an application's life."""
    lines = [
        GENERATED,
        "# Hooks\n",
        "Each hook is `async def name(request, context)`, marked with `@hookimpl`. The platform calls the one plugin that",
        "owns the service; a plugin implements the hooks of the operations that its manifest offers, and no others.\n",
    ]
    for operation, spec in OPERATIONS.items():
        hook = getattr(hookspecs, spec.hook)
        request, kinds = request_and_results(spec.hook)
        results = " or ".join(f"[`{one.__name__}`]({MODELS}#{one.__name__.lower()})" for one in kinds)
        lines += [
            f"## {spec.hook}\n",
            f"Operation `{operation.value}` of a {spec.family.value}; a {'write' if spec.writes else 'read'}.",
            f"Takes [`{request.__name__}`]({MODELS}#{request.__name__.lower()}), returns {results}.\n",
            inspect.cleandoc(hook.__doc__ or "").replace("``", "`"),
            "",
        ]
    return "\n".join(lines)


def models_page() -> str:
    """Every request and result of a hook with its fields, and every model that these are made of."""
    hooks = [(spec.hook, *request_and_results(spec.hook)) for spec in OPERATIONS.values()]
    shown = list(dict.fromkeys(kind for _, request, results in hooks for kind in (request, *results)))
    reached = dict.fromkeys(part for one in shown for part in _parts_of(one))
    parts = [kind for kind in reached if kind not in shown]
    lines = [
        GENERATED,
        "# Requests and results\n",
        "What a hook is given and what it returns, field by field. A model is frozen, has no other field, and is made anew with",
        "`Name(field=…)`; a text has at most 20,000 characters and a list at most 200 entries where nothing else is said. A",
        "*code* is a stable word such as `office.no-such-file`: a letter or digit of ASCII, then up to 79 of these and of `._:+-`. It holds nobody's",
        "number and no token: no six digits together, no nine with up to three other characters that are no letters between each two, and no twenty",
        "letters and digits together that are mixed. An *id of nobody* is written alike, and as a whole is no number of nine digits or more; a *sentence*",
        "may be read and is not blank. An `AwareDatetime` has an offset. What is wrong in a result is the plugin's fault `wrong-result`, which names the field.\n",
        "| hook | request | results |\n| --- | --- | --- |",
        *(
            f"| [`{hook}`](hooks.md#{hook}) | {_linked(request)} | {' or '.join(map(_linked, kinds))} |"
            for hook, request, kinds in hooks
        ),
        "",
    ]
    for kind in shown:
        lines += _described(kind)
    lines.append("## What they are made of\n")
    for kind in sorted(parts, key=lambda one: one.__name__):
        lines += _described(kind, level=3) if issubclass(kind, BaseModel) else _listed(kind)
    return "\n".join(lines)


CONTEXT: Final = {
    "nagorik": (
        ("context", ("CallContext", "CallLog")),
        ("http", ("AgencyHttp", "RequestOptions", "AgencyResponse", "WireModel", "Body", "FormPart", "Download")),
        ("http", ("Token", "SignableRequest", "Signature", "AnswerReader")),
        ("model.application", ("DocumentStore",)),
        ("clock", ("Clock", "Deadline")),
    ),
    "nagorik_toolkit": (("formats.soap", ("Soap", "SoapFault")), ("formats.cookies", ("SessionCookies",))),
}
"""What a hook works with, by library and module."""


def context_page() -> str:
    """What a hook is given beside its request, and what the client of its agency takes and gives."""
    lines = [
        GENERATED,
        "# The context of a call\n",
        "What a hook is given beside its request: `context`, and what it leads to. A parameter after `*` is given by name.\n",
    ]
    for library, modules in CONTEXT.items():
        folder = DOCS.parent / {"nagorik": "core", "nagorik_toolkit": "toolkit"}[library] / "src"
        loaded: Any = griffe.load(library, search_paths=[str(folder)])
        for module, names in modules:
            for name in names:
                lines += _object(loaded[f"{module}.{name}"])
    return "\n".join(lines)


def _object(kind: griffe.Class) -> Iterator[str]:
    yield f"## {kind.name}\n\n`from {_importable(kind)} import {kind.name}`\n"
    yield from _sections(kind)
    public: dict[str, Any] = {
        name: one for name, one in kind.members.items() if name == "__init__" or not name.startswith("_")
    }
    said = {name: one for name, one in public.items() if one.is_attribute and one.docstring is not None}
    if said:
        yield f"| {'property' if 'property' in next(iter(said.values())).labels else 'attribute'} | meaning |\n| --- | --- |"
        yield from (f"| `{name}` | {_cell(one.docstring.value)} |" for name, one in said.items())
        yield ""
    for name, one in public.items():
        if one.is_function and one.docstring is not None:
            shown = one.signature(name=kind.name if name == "__init__" else name).removeprefix("def ")
            yield f"### {kind.name if name == '__init__' else f'{kind.name}.{name}'}\n\n```text\n{_wrapped(shown)}\n```\n"
            yield from _sections(one)


def _importable(kind: griffe.Class) -> str:
    library = kind.path.partition(".")[0]
    return library if hasattr(import_module(library), kind.name) else kind.module.path


def _wrapped(signature: str) -> str:
    shown = signature.replace("(self, ", "(").replace("(self)", "()")
    if len(shown) <= PAGE_WIDTH:
        return shown
    inside, _, result = shown.partition("(")[2].rpartition(")")
    parameters = re.split(r", (?![^\[]*\])", inside)
    return "\n".join([f"{shown.partition('(')[0]}(", *(f"    {one}," for one in parameters), f"){result}"])


def _sections(described: griffe.Object) -> Iterator[str]:
    """A docstring's text, and its attributes, parameters and errors as tables."""
    for section in described.docstring.parse("google") if described.docstring is not None else ():
        if section.kind is griffe.DocstringSectionKind.text:
            yield re.sub(r"::\n\n((?: {4}.*\n?)+)", _fenced, section.value).replace("``", "`") + "\n"
            continue
        yield f"| {section.kind.value.rstrip('s')} | meaning |\n| --- | --- |"
        for one in section.value:
            yield f"| `{getattr(one, 'name', None) or one.annotation}` | {_cell(one.description)} |"
        yield ""


def _fenced(block: re.Match[str]) -> str:
    return f"```text\n{textwrap.dedent(block[1]).strip()}\n```"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def request_and_results(hook: str) -> tuple[type[BaseModel], tuple[type[BaseModel], ...]]:
    """The models of a hook's specification."""
    hints = typing.get_type_hints(getattr(hookspecs, hook))
    return hints["request"], typing.get_args(hints["return"]) or (hints["return"],)


def _parts_of(model: type[BaseModel]) -> Iterator[type[BaseModel] | type[Enum]]:
    """Every model and enumeration that a model's fields lead to, itself left out."""
    seen: set[type[Any]] = set()
    ahead: list[Any] = [field.annotation for field in model.model_fields.values()]
    while ahead:
        one = ahead.pop(0)
        ahead += typing.get_args(one)
        if not inspect.isclass(one) or one in seen or not issubclass(one, BaseModel | Enum):
            continue
        seen.add(one)
        yield one
        if issubclass(one, BaseModel):
            ahead += [field.annotation for field in one.model_fields.values()]


def _listed(kind: type[Enum]) -> Iterator[str]:
    yield f"### {kind.__name__}\n"
    yield _plain(kind.__doc__) + "\n"
    yield ", ".join(f"`{member.value}`" for member in kind) + "\n"


def _plain(doc: str | None) -> str:
    return inspect.cleandoc(doc or "").replace("``", "`")


def _linked(model: type[BaseModel]) -> str:
    return f"[`{model.__name__}`](#{model.__name__.lower()})"


def _described(model: type[BaseModel], level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {model.__name__}\n"
    yield _plain(model.__doc__) + "\n"
    if not model.model_fields:
        return
    yield "| field | type | default | meaning |\n| --- | --- | --- | --- |"
    said = attribute_docstrings(model)
    schema = _properties(model.model_json_schema())
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        bounds = [*_aliases(field.metadata), *_bounds(schema.get(name, {}), of_bytes=field.annotation is bytes)]
        kind = ", ".join([f"`{_type_name(field.annotation)}`", *bounds]).replace("|", "\\|")
        described = " ".join((said.get(name) or field.description or _kind_doc(field.annotation)).split())
        described = described.replace("``", "`").replace("|", "\\|")
        yield f"| `{name}` | {kind} | {default} | {described} |"
    yield ""


def _kind_doc(annotation: Any) -> str:
    """The first sentence of what is said of the one model that a field holds."""
    kinds = [one for one in (annotation, *typing.get_args(annotation)) if inspect.isclass(one)]
    models = [kind for kind in kinds if issubclass(kind, BaseModel | Enum)]
    if len(models) != 1:
        return ""
    first = _plain(models[0].__doc__).partition("\n\n")[0].partition(". ")[0]
    return f"{first.rstrip('.')}."


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields in a model's JSON Schema; some models may be written as a text too."""
    forms = (schema, *schema.get("anyOf", ()))
    return next((form["properties"] for form in forms if "properties" in form), {})


def _type_name(annotation: Any) -> str:
    """A type as it is written, without where it is from and what is said of it beside."""
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type_name(parts[0])
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(dict.fromkeys(map(_type_name, parts)))
    if origin is typing.Literal:
        return " | ".join(f'"{part.value if isinstance(part, Enum) else part}"' for part in parts)
    if origin is not None:
        inner = ", ".join("…" if part is Ellipsis else _type_name(part) for part in parts)
        return f"{origin.__name__}[{inner}]"
    if annotation is type(None):
        return "None"
    return str(getattr(annotation, "__name__", annotation))


_BOUNDS: Final = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "{} characters or more",
    "maxLength": "at most {} characters",
    "minItems": "{} entries or more",
    "maxItems": "at most {} entries",
    "pattern": "as `{}`",
}
_USUAL: Final = {"maxLength": LONGEST_TEXT, "maxItems": MOST_ITEMS}
"""What holds wherever nothing else is said, and is said once."""


_ALIASES: Final = {"a code": Code, "an id of nobody": PublicId, "a sentence": Sentence}
"""Kinds of text that a validator tells, which no JSON Schema shows."""


def _aliases(metadata: Iterable[Any]) -> Iterator[str]:
    for words, alias in _ALIASES.items():
        told = [one for one in alias.__metadata__ if isinstance(one, AfterValidator)]
        if any(one in told for one in metadata):
            yield words


def _bounds(schema: Mapping[str, Any], *, of_bytes: bool = False) -> Iterator[str]:
    """What a field's JSON Schema bounds it to."""
    for part in (schema, *schema.get("anyOf", ())):
        for name, words in _BOUNDS.items():
            if name in part and part[name] != _USUAL.get(name):
                yield words.replace("characters", "bytes" if of_bytes else "characters").format(part[name])


def errors_page() -> str:
    """Every error, by what its receiver does next."""
    kinds = [kind for kind in vars(errors).values() if _is_error(kind)]
    lines = [
        GENERATED,
        "# Errors\n",
        "All that a host meets, ordered by what it does next. `str()` of an error holds its code and a sentence, never a",
        "payload, a URL or an identifier; `to_problem()` renders RFC 9457 problem details.\n",
        "| error | code | retry | outcome of a write | HTTP |\n| --- | --- | --- | --- | --- |",
        *(
            f"| `{kind.__name__}` | `{kind.code}` | {kind.retry.value} | {kind.outcome.value} | {kind.status} |"
            for kind in kinds
        ),
        "",
    ]
    for kind in kinds:
        message = errors.message_of(kind.code)
        doc = inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
        lines += [f"## {kind.__name__}\n", doc, f"\n> {message.en}\n>\n> {message.bn}\n"]
    return "\n".join(lines)


def _is_error(value: object) -> typing.TypeGuard[type[errors.NagorikError]]:
    return inspect.isclass(value) and issubclass(value, errors.NagorikError) and value is not errors.NagorikError


def _model(title: str, model: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}\n"
    yield inspect.cleandoc(model.__doc__ or "").replace("``", "`") + "\n"
    yield from _fields(model)
    yield ""


def _fields(model: type[BaseModel]) -> Iterator[str]:
    yield "| field | default | meaning |\n| --- | --- | --- |"
    said = attribute_docstrings(model)
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        described = " ".join(said.get(name, "").split()).replace("``", "`").replace("|", "\\|")
        yield f"| `{name}` | {default} | {described} |"


def attribute_docstrings(model: type[BaseModel]) -> dict[str, str]:
    """What the sources of a model and its bases say below each field."""
    said: dict[str, str] = {}
    for part in reversed(model.__mro__):
        if part.__module__.partition(".")[0] not in {"nagorik", "nagorik_toolkit"}:
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
        assert isinstance(body, ast.ClassDef)  # noqa: S101 - it is the source of a class
        for field, below in pairwise(body.body):
            match field, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    said[name] = inspect.cleandoc(text)
    return said


def _default(value: Any) -> str:
    if value is None or value in ((), {}, frozenset()):
        return NOTHING
    if isinstance(value, BaseModel):
        return "its own defaults"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{item}`" for item in value)
    return f"`{value}`"


def _member_doc(enum: type[Enum], member: Enum) -> str:
    """The docstring under an enum's member, which only the source holds."""
    source = inspect.getsource(enum)
    after = source.partition(f"{member.name} = ")[2]
    return " ".join(after.partition('"""')[2].partition('"""')[0].split()).replace("``", "`")


def checks_page() -> str:
    """All codes, with a link to each, and what each was called before."""
    rows = {
        one.code: f"| [{one.code}]({one.code}.md) | `{one.id}` | {one.title} | {_former(one.former)} |"
        for one in CHECKS
    }
    faults = (f"| [{one.code}]({one.code}.md) | `{one.id}` | {one.why} |" for one in FAULTS.values())
    return "\n".join(
        [
            GENERATED,
            "# What the contract suite checks\n",
            "`nagorik contract ID` plays all of this against a plugin and its simulated agency. `nagorik explain CODE` prints a",
            "page of this folder. A waiver names a code; one that names an id, today's or a former one, is refused with its code.\n",
            "## Faults below the plugin, for every operation\n",
            "Rows that begin alike share a code: `submit/F02-for-ever` is NGK002 with the operation `submit`.\n",
            "| code | fault | stands for |\n| --- | --- | --- |",
            *faults,
            "\n## Checks of their own\n",
            "| code | check | what is checked | formerly |\n| --- | --- | --- | --- |",
            *(rows[code] for code in sorted(rows)),
            "",
        ]
    )


def _former(ids: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in ids)


def application_table() -> str:
    """An application's states and the rows that leave them."""
    any_state = "any state but itself: a named person decides, with a reason"
    return _states("application", ApplicationState, APPLICATION_TRANSITIONS, {"manual_review": any_state})


def payment_table() -> str:
    """A payment's states and the rows that leave them."""
    return _states("payment", PaymentState, PAYMENT_TRANSITIONS, {})


def flag_table() -> str:
    """The flags and what a citizen reads of them."""
    rows = (f"| `{flag}` | {_read_of(flag)} |" for flag in Flag)
    return _markdown_table(("flag", "what the citizen reads"), rows)


TABLES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {"application": application_table, "payment": payment_table, "flags": flag_table}
)


def put_tables(document: str, tables: Mapping[str, Callable[[], str]] = TABLES) -> str:
    """``document`` with every table between its markers rendered anew.

    Raises:
        ValueError: A table has no place in it.
    """
    for name, render in tables.items():
        begin, end = f"<!-- table: {name} -->", "<!-- end of table -->"
        place = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
        if place.search(document) is None:
            raise ValueError(f"the document has no place for the table {name}")
        rendered = f"{begin}\n\n{render()}\n{end}"
        document = place.sub(lambda _, text=rendered: text, document)  # type: ignore[misc]
    return document


def _states(
    what: str,
    states: type[ApplicationState] | type[PaymentState],
    rows: Iterable[ApplicationTransition | PaymentTransition],
    exceptions: Mapping[str, str],
) -> str:
    moves: dict[str, list[str]] = {}
    for row in rows:
        moves.setdefault(row.source, []).append(f"`{row.target}`: {row.when}")
    lines = []
    for state in states:
        leads = exceptions.get(state) or "<br>".join(moves.get(state, ["nowhere"]))
        lines.append(f"| `{state}` | {_read_of(state)} | {leads} |")
    return _markdown_table((what, "what the citizen reads", "leads to"), lines)


def _read_of(state: ApplicationState | PaymentState | Flag) -> str:
    """What it means, and in italics what is asked of the citizen."""
    advice = state_advice(state)
    return state_label(state).en + (f" *{advice.en}*" if advice is not None else "")


def _markdown_table(head: tuple[str, ...], rows: Iterable[str]) -> str:
    return "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows)) + "\n"


def wire_operations(agency: ReferenceAgency) -> str:
    """What a simulated agency serves, with the reference interface's words for what is the same."""
    routes = [(route.path.removeprefix(agency.agency.prefix), route.methods or ()) for route in agency.routes()]
    served = [(method, path) for path, methods in routes for method in sorted(methods) if method != "HEAD"]
    rows = [f"| `{method} {path}` | {_summary(method.lower(), path)} |" for method, path in served]
    return _markdown_table(("operation", "what"), rows)


def _summary(method: str, path: str) -> str:
    paths = interface_document()["paths"]
    fitting = [
        template
        for template in paths
        if method in paths[template] and re.fullmatch(re.sub(r"\{[a-z]+\}", "[^/]+", template), path)
    ]
    if not fitting:
        return "the agency's own"
    summary: str = paths[min(fitting, key=lambda template: template.count("{"))][method]["summary"]
    return summary


def wire_applications(agency: ReferenceAgency) -> str:
    """The kinds of applications that a simulated agency takes, with their fields."""
    rows = []
    for name, kind in agency.agency.collections.items():
        needed = {field: what for one in kind.needed for field, what in one.fields.items()}
        fields = ", ".join(f"`{field}` {_field(what)}" for field, what in {**kind.fields, **needed}.items())
        issued = ", ".join(f"{one.kind} `{one.number}`" for one in kind.issued) or NOTHING
        rows.append(f"| `{name}` | `{kind.service}` | `{kind.numbers}` | {issued} | {fields} |")
    return _markdown_table(("collection", "service", "references", "issued", "fields"), rows)


def _field(kind: str | tuple[str, ...]) -> str:
    if isinstance(kind, tuple):
        return " or ".join(kind)
    return (
        kind.replace("past-day", "day up to today").replace("all", "all of a list").replace("?", ", may be left out")
    )


def wire_states(agency: ReferenceAgency) -> str:
    """What becomes of an application at a simulated agency: its words, and what follows by itself."""
    rows = []
    for name in agency.agency.collections:
        workflow = agency.books[name].workflow
        for state, word in workflow.states.items():
            steps = [step for step in workflow.steps if step.source == state]
            rows.append(f"| `{name}` | `{state}` | {word} | {'; '.join(map(_step, steps)) or NOTHING} |")
    return _markdown_table(("collection", "state", "word", "follows by itself"), rows)


def _step(step: WorkflowStep) -> str:
    where = ", ".join([*sorted(step.outcomes), *sorted(step.traits)])
    what = "stays" if step.to is None else f"`{step.to}`{f' after {step.after}' if step.after else ''}"
    return f"{where}: {what}" if where else what


def wire_pages() -> dict[Path, str]:
    """The pages beside the simulators that speak the reference interface."""
    pages = {}
    for found in installed_simulators().values():
        kind = load_simulator(found)
        if issubclass(kind, ReferenceAgency):
            agency, page = kind(), Path(inspect.getfile(kind)).parent / "WIRE.md"
            tables = {"operations": wire_operations, "applications": wire_applications, "states": wire_states}
            document = page.read_text("utf-8")
            pages[page] = put_tables(document, {name: partial(table, agency) for name, table in tables.items()})
    return pages


LIFECYCLE: Final = DOCS / "explanation" / "lifecycle.md"
REFERENCE_PAGES: Final = {
    "manifest.md": manifest_page,
    "hooks.md": hooks_page,
    "requests-and-results.md": models_page,
    "context.md": context_page,
    "errors.md": errors_page,
}


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    return (
        {DOCS / "reference" / name: page() for name, page in REFERENCE_PAGES.items()}
        | {DOCS / "checks" / f"{code}.md": f"{GENERATED}\n{page_of(code)}" for code in BY_CODE}
        | {DOCS / "checks" / "index.md": checks_page()}
        | {LIFECYCLE: put_tables(LIFECYCLE.read_text("utf-8"))}
        | wire_pages()
    )


def main(arguments: list[str]) -> int:
    """Write or check the pages; the exit code says whether they are as the code has them."""
    wanted = pages()
    stale = sorted(
        path.relative_to(DOCS.parent).as_posix()
        for path in {*wanted, *(DOCS / "checks").glob("*.md")}
        if not path.is_file() or path.read_text("utf-8") != wanted.get(path)
    )
    if arguments == ["--write"]:
        (DOCS / "checks").mkdir(exist_ok=True)
        for path in (DOCS / "checks").glob("*.md"):
            path.unlink()
        for path, text in wanted.items():
            path.write_text(text, "utf-8")
        return 0
    if stale:
        sys.stderr.write(f"not as the code has them: {', '.join(stale)}. Run: make reference\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
