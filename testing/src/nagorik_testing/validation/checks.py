"""What ``nagorik validate`` does: everything that can be said of a plugin, for its author.

Data files are found by name: ``messages.toml``, ``rules.toml``, ``statuses.toml`` or one that ends so after an
underscore, such as ``learner_statuses.toml``.
"""

import inspect
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final, cast

from packaging.utils import canonicalize_name
from pydantic import BaseModel, ValidationError

from nagorik.data_files import DataFileInvalid, FileProblem, parse_document, read_file
from nagorik.manifest import API_VERSION, MANIFEST_FILE, Manifest, parse_manifest
from nagorik.privacy import Form
from nagorik.values.sentences import MESSAGES_FILE
from nagorik_platform.documents import is_same
from nagorik_platform.registry.activation import LoadedPlugin, examine
from nagorik_platform.registry.discovery import (
    ADMIT_ALL,
    ENTRY_POINT_GROUP,
    Admission,
    check_entry_point,
    find_sources,
)
from nagorik_platform.registry.reading import (
    LARGEST_MANIFEST,
    Package,
    PackageNotFound,
    locate_package,
    read_package,
)
from nagorik_platform.registry.records import PluginRecord, PluginSource, Quarantine, QuarantineCode
from nagorik_platform.registry.references import Imported, resolve_object, split_value
from nagorik_platform.registry.tariffs import read_schedule
from nagorik_testing.exceptions import raised_in, witnessed
from nagorik_testing.validation.dependencies import check_dependencies
from nagorik_testing.validation.findings import Severity, ValidationFinding, advise, in_order
from nagorik_testing.validation.own_code import SIMULATOR, check_own_code
from nagorik_testing.validation.source_files import check_reference
from nagorik_toolkit.fees import NoTariff
from nagorik_toolkit.rules import RULES_FILE, parse_rules
from nagorik_toolkit.statuses import STATUSES_FILE, parse_statuses
from nagorik_toolkit.texts import TextCatalogue, parse_texts

_ARGUMENTS: Final[Mapping[str, Sequence[str]]] = {
    "login": ("http", "settings", "clock"),
    "sign": ("request", "settings", "clock"),
    "error_reader": ("answer",),
}
"""With what each function that a manifest names is called."""


def data_file_problems(directory: Path) -> Iterator[tuple[str, FileProblem]]:
    """Each problem with the name of its file; the files beside the manifest alone are looked at."""
    texts: TextCatalogue | None = None
    for kind in (MESSAGES_FILE, RULES_FILE, STATUSES_FILE):
        for file in _named(directory, kind):
            try:
                if kind == MESSAGES_FILE:
                    texts = parse_texts(read_file(file), file.name)
                elif kind == RULES_FILE:
                    parse_rules(read_file(file), file.name)
                else:
                    parse_statuses(read_file(file), file.name, texts=texts)
            except DataFileInvalid as error:
                yield from ((file.name, problem) for problem in error.problems)


def _named(directory: Path, name: str) -> list[Path]:
    return sorted(file for file in directory.glob(f"*{name}") if file.name == name or file.name.endswith(f"_{name}"))


def check_objects(record: PluginRecord) -> Iterator[ValidationFinding]:
    """Import every object that the manifest names, and look at its kind. Calls none of them."""
    references = record.manifest.references if record.manifest is not None else ()
    for location, reference in references:
        found = resolve_object(record, reference)
        if isinstance(found, Imported):
            yield from _kind(location, reference, found.value)
            yield from _conditions(record, location, found.value)
        else:
            yield ValidationFinding(Severity.ERROR, location, found.reason, found.hint)


def _kind(location: str, reference: str, value: object) -> Iterator[ValidationFinding]:
    match location.rpartition(".")[2]:
        case "form":
            yield from _form(location, reference, value)
            return
        case "settings" if not _is_settings(value):
            wrong, hint = "is not a subclass of AgencySettings", "Derive it from nagorik.settings.AgencySettings."
        case "login" | "sign" if not inspect.iscoroutinefunction(value):
            wrong, hint = "is not a coroutine function", "Write async def."
        case "error_reader" if not callable(value):
            wrong, hint = "cannot be called", "Name a function."
        case "error_reader" if inspect.iscoroutinefunction(value):
            wrong, hint = "is a coroutine function, which is not awaited", "Write def, without async."
        case "login" | "sign" | "error_reader" as kind if not _takes(value, _ARGUMENTS[kind]):
            wrong = f"cannot be called with {', '.join(_ARGUMENTS[kind])}"
            hint = "Take what it is given, in this order."
        case _:
            return
    yield ValidationFinding(Severity.ERROR, location, f"{reference} {wrong}", hint)


def _takes(function: Any, arguments: Sequence[str]) -> bool:
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # a built-in function need not say what it takes
        return True
    return True


def _conditions(record: PluginRecord, location: str, form: object) -> Iterator[ValidationFinding]:
    """Papers that a service requires by a field which its form does not have, or a value it never has: so never."""
    table, _, field = location.rpartition(".")
    services = record.manifest.services if record.manifest is not None else ()
    if field != "form" or not (inspect.isclass(form) and issubclass(form, BaseModel)):
        return
    for place, kind in enumerate(services[int(table.rpartition(".")[2])].documents):
        for name in kind.when:
            if name not in form.model_fields:
                message = f"the form has no field {name}, so that this paper is never required by it"
                hint = "Name a field of the form as its model does."
                yield ValidationFinding(Severity.ERROR, f"{table}.documents.{place}.when.{name}", message, hint)
                continue
            for value in kind.when[name]:
                if (said := _never_held(form, name, value)) is not None:
                    message = (
                        f"the form's field {name} never holds {value!r}, so that this paper is never required by it"
                    )
                    yield ValidationFinding(
                        Severity.ERROR,
                        f"{table}.documents.{place}.when.{name}",
                        message,
                        f"{said} Name one it holds.",
                    )


def _never_held(form: type[BaseModel], name: str, value: bool | int | str) -> str | None:  # noqa: FBT001 - a value
    """Why a form's field never holds a value; ``None`` where it may, or where other fields decide that, too."""
    alone = cast("type[BaseModel]", types.new_class(form.__name__, (form,), {"frozen": False}))
    filled = alone.model_construct()
    try:
        alone.__pydantic_validator__.validate_assignment(filled, name, value)
        held = filled.model_dump(mode="json", by_alias=False, include={name}, warnings=False)[name]
    except ValidationError as error:
        refused = any(found["loc"][:1] == (name,) for found in error.errors(include_input=False))
        return "The form refuses it." if refused else None
    except Exception:  # noqa: BLE001 - a validator that reads fields which are not there may raise anything
        return None
    return None if is_same(held, value) else "The form makes another value of it."


def _form(location: str, reference: str, value: object) -> Iterator[ValidationFinding]:
    if not (inspect.isclass(value) and issubclass(value, BaseModel)):
        yield ValidationFinding(
            Severity.ERROR, location, f"{reference} is not a pydantic model", "Derive it from Form."
        )
    elif not issubclass(value, Form):
        message = f"{reference} does not derive from Form, so what a citizen writes is not masked in log lines"
        yield ValidationFinding(Severity.WARNING, location, message, "Derive it from nagorik.privacy.Form.")


def _is_settings(value: object) -> bool:
    # Reading settings needs pydantic-settings, which nothing else here does.
    from nagorik.settings import AgencySettings

    return inspect.isclass(value) and issubclass(value, AgencySettings)


def validate_path(
    target: str | Path, *, on: date, run: bool = False, admission: Admission = ADMIT_ALL
) -> tuple[ValidationFinding, ...]:
    """Everything found in ``target``, errors first and always in the same order.

    ``target`` is a ``plugin.toml``, a package's directory that holds one, a project's directory with its
    ``pyproject.toml`` (packages in ``src`` or beside it), or the name of an installed distribution.

    ``on`` is the day as of which dates are judged. Without ``run`` nothing of the plugin is imported; with it the
    plugin and the objects that its manifest names are imported into this process, and stay imported, if ``admission``
    lets the plugin in. A ``plugin.toml`` or a package alone is never run, since it has no entry point.
    """
    path, let_in = Path(target), admission if run else None
    if path.is_file():
        return in_order(_validate_file(path, on))
    if (path / MANIFEST_FILE).is_file() and not (path / "pyproject.toml").is_file():
        return in_order(_validate_file(path / MANIFEST_FILE, on))
    if path.is_dir():
        return in_order(_validate_project(path, on, run=let_in))
    return in_order(_validate_installed(str(target), on, run=let_in))


def _validate_file(file: Path, on: date) -> list[ValidationFinding]:
    try:
        manifest = parse_manifest(read_file(file, largest=LARGEST_MANIFEST))
    except DataFileInvalid as error:
        return _problems(error)
    package = Package(file.parent.name, file.parent)
    sources = _check_sources(manifest, package, on) if (file.parent / "__init__.py").is_file() else []
    return advise(manifest, on=on) + sources


def _validate_project(directory: Path, on: date, *, run: Admission | None) -> list[ValidationFinding]:
    try:
        document = parse_document(read_file(directory / "pyproject.toml"), "pyproject.toml")
    except DataFileInvalid:
        message = f"{directory} holds neither a readable pyproject.toml nor a {MANIFEST_FILE}"
        return [
            ValidationFinding(
                Severity.ERROR, "pyproject.toml", message, "Name the directory of the plugin's project."
            )
        ]
    sources = list(_declared_sources(document))
    if not sources:
        hint = f'Add [project.entry-points."{ENTRY_POINT_GROUP}"] with <plugin id> = "<module with the hooks>".'
        return [ValidationFinding(Severity.ERROR, "pyproject.toml", "the project declares no plugin", hint)]
    roots = [str(root.resolve()) for root in (directory / "src", directory) if root.is_dir()]
    findings = list(check_dependencies(_table(document, "project")))
    with _importable(roots if run is not None else []):
        return findings + [found for source in sources for found in _validate_source(source, on, roots, run=run)]


def _declared_sources(document: dict[str, Any]) -> Iterator[PluginSource]:
    project = _table(document, "project")
    entries = _table(_table(project, "entry-points"), ENTRY_POINT_GROUP)
    for plugin_id, value in sorted(entries.items()):
        yield PluginSource(
            plugin_id, str(project.get("name", "the project")), str(project.get("version", "")), str(value)
        )


def _table(document: dict[str, Any], name: str) -> dict[str, Any]:
    table = document.get(name)
    return table if isinstance(table, dict) else {}


def _validate_installed(name: str, on: date, *, run: Admission | None) -> list[ValidationFinding]:
    wanted = canonicalize_name(name)
    sources = [found.source for found in find_sources() if canonicalize_name(found.source.distribution) == wanted]
    if not sources:
        message = f"there is no file or directory {name}, and no installed distribution {name} that brings a plugin"
        return [ValidationFinding(Severity.ERROR, "", message, "Install the distribution, or name a path.")]
    return [found for source in sources for found in _validate_source(source, on, None, run=run)]


def _validate_source(
    source: PluginSource, on: date, roots: list[str] | None, *, run: Admission | None
) -> list[ValidationFinding]:
    refusal = check_entry_point(source)
    if refusal is not None:
        return [ValidationFinding(Severity.ERROR, "entry point", refusal.reason, refusal.hint)]
    module, _ = split_value(source)
    try:
        package = locate_package(module, roots)
    except PackageNotFound as error:
        return [ValidationFinding(Severity.ERROR, "entry point", f"{source.label} {error}")]
    record = read_package(source, package, api_version=API_VERSION)
    findings = _refusal(record, package)
    if _is_in_simulator(module.removeprefix(f"{package.name}.")):
        findings.append(_leads_into_simulator("entry point", source.value))
    if record.manifest is not None:
        findings += advise(record.manifest, on=on) + _check_sources(record.manifest, package, on)
    if run is not None and record.usable and not any(found.severity is Severity.ERROR for found in findings):
        kept_out = run.refusal(source)
        findings += _run(record) if kept_out is None else [_not_run(kept_out)]
    return findings


def _not_run(kept_out: Quarantine) -> ValidationFinding:
    hint = f"{kept_out.hint} Or validate it where no host's settings are, such as in its project's folder."
    return ValidationFinding(Severity.ERROR, "entry point", f"its hooks were not run: {kept_out.reason}", hint)


def _refusal(record: PluginRecord, package: Package) -> list[ValidationFinding]:
    if record.quarantine is None:
        return []
    if record.quarantine.code is QuarantineCode.MANIFEST_INVALID:
        try:
            parse_manifest(read_file(package.directory / MANIFEST_FILE, largest=LARGEST_MANIFEST))
        except DataFileInvalid as error:
            return _problems(error)
    return [ValidationFinding(Severity.ERROR, "", record.quarantine.reason, record.quarantine.hint)]


def _problems(error: DataFileInvalid) -> list[ValidationFinding]:
    return [ValidationFinding(Severity.ERROR, problem.location, problem.message) for problem in error.problems]


def _is_in_simulator(module: str) -> bool:
    return module.partition(".")[0] == SIMULATOR


def _leads_into_simulator(location: str, value: str) -> ValidationFinding:
    message = f"{value} leads into the simulator, which is no part of the plugin's code"
    return ValidationFinding(Severity.ERROR, location, message, f"Move it out of {SIMULATOR}.")


def _check_sources(manifest: Manifest, package: Package, on: date) -> list[ValidationFinding]:
    directory = package.directory
    findings = list(check_own_code(package.name, directory))
    for location, reference in manifest.references:
        if _is_in_simulator(reference.partition(":")[0]):
            findings.append(_leads_into_simulator(location, reference))
        problem = check_reference(directory, reference)
        if problem is not None:
            hint = f"{reference} is looked for in {directory.name}."
            findings.append(ValidationFinding(Severity.ERROR, location, problem, hint))
    record = PluginRecord(PluginSource(manifest.id, package.name, "", ""), directory=directory, manifest=manifest)
    for number, service in enumerate(manifest.services):
        if service.fees is not None:
            findings += _check_fees(record, directory, f"services.{number}.fees", service.fees, on)
    findings += [
        ValidationFinding(Severity.ERROR, f"{file}: {problem.location}".removesuffix(": "), problem.message)
        for file, problem in data_file_problems(directory)
    ]
    return findings


def _check_fees(
    record: PluginRecord, directory: Path, location: str, fees: str, on: date
) -> Iterator[ValidationFinding]:
    file = fees.partition("#")[0]
    if not (directory / file).is_file():
        yield ValidationFinding(Severity.ERROR, location, f"there is no file {file} in the package")
        return
    try:
        schedule = read_schedule(record, fees)
        lost = check_reference(directory, schedule.basis) if schedule.basis is not None else None
        if lost is not None:
            hint = f"Define what {schedule.id}.basis names, or leave it out."
            yield ValidationFinding(Severity.ERROR, f"{location}.basis", lost, hint)
        schedule.tariff_on(on)
    except NoTariff as error:
        yield ValidationFinding(Severity.WARNING, location, str(error), "Add the tariff in force, with its source.")
    except DataFileInvalid as error:
        yield ValidationFinding(Severity.ERROR, location, str(error))


def _run(record: PluginRecord) -> list[ValidationFinding]:
    with witnessed():
        made = examine(record)
        problems = [
            ValidationFinding(Severity.ERROR, record.source.value, f"{record.source.label} {one.why}", one.hint)
            for one in ([] if isinstance(made, LoadedPlugin) else made)
        ]
        return [replace(found, raised=raised_in(found.message)) for found in (*problems, *check_objects(record))]


@contextmanager
def _importable(roots: list[str]) -> Iterator[None]:
    before = list(sys.path)
    sys.path[:0] = roots
    try:
        yield
    finally:
        sys.path[:] = before
