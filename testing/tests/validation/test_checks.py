import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from nagorik_testing.validation.checks import validate_path
from nagorik_testing.validation.findings import Severity, ValidationFinding

DEPENDENCIES = '[project]\ndependencies = ["nagorik-toolkit"]\n'
TODAY = date(2026, 11, 24)

SUBMIT = """
[[services]]
id = "wasa.new-connection"
name = { en = "New connection", bn = "নতুন সংযোগ" }
reads = ["status"]
writes = { submit = "none" }
form = "forms:Form"
fees = "fees.toml#connection"
legal_basis = ["Water Act 2013"]
"""
FEES = """
[connection]
title = { en = "Fee", bn = "ফি" }
rounding = "none"

[[connection.tariffs]]
id = "first"
standing = "effective"
effective_from = 2020-01-01
source = { title = "Circular", as_of = 2026-10-01, verified = false }
note = { en = "Fee", bn = "ফি" }
rows = [{ code = "connection", amount = "900.00", text = { en = "Fee", bn = "ফি" } }]
"""
FORMS = "from nagorik.privacy import Form as Base\n\n\nclass Form(Base):\n    name: str\n"
PLUGIN = """\
from nagorik.hookspecs import hookimpl


@hookimpl
async def nagorik_get_status(request, context): ...


@hookimpl
async def nagorik_submit(request, context): ...
"""


UNIMPORTABLE_FORM = (
    "nagorik-wasa 1.2.0 names forms:Form in its manifest, and cannot be imported: nagorik_wasa_project.forms raised"
    " ZeroDivisionError at forms.py:1."
)


def told(findings: tuple[ValidationFinding, ...], *severities: Severity) -> list[tuple[str, str]]:
    """Location and message of the findings that are at least warnings, or of the given severities."""
    wanted = severities or (Severity.ERROR, Severity.WARNING)
    return [(found.location, found.message) for found in findings if found.severity in wanted]


def make_project(root: Path, manifest: str, **files: str) -> Path:
    package = root / "src" / "nagorik_wasa_project"
    package.mkdir(parents=True)
    (root / "pyproject.toml").write_text(
        '[project]\nname = "nagorik-wasa"\nversion = "1.2.0"\ndependencies = ["nagorik-toolkit>=1.0,<2"]\n\n'
        '[project.entry-points."nagorik.plugins"]\nwasa = "nagorik_wasa_project.plugin"\n'
    )
    everything = {"__init__": "", "forms": FORMS, "plugin": PLUGIN, **files}
    for name, content in everything.items():
        (package / f"{name}.py").write_text(content)
    (package / "fees.toml").write_text(FEES, encoding="utf-8")
    (package / "plugin.toml").write_text(manifest, encoding="utf-8")
    return root


@pytest.fixture
def manifest(manifest_text: Any) -> str:
    return str(manifest_text("wasa", services=0)) + SUBMIT


@pytest.mark.parametrize("run", [False, True])
def test_a_sound_project_has_no_errors_or_warnings(tmp_path: Path, site: Any, manifest: str, run: bool) -> None:
    findings = validate_path(make_project(tmp_path / "wasa", manifest), on=TODAY, run=run)
    assert told(findings) == []
    assert told(findings, Severity.NOTE) == [
        ("evidence", "the wire format is invented, not the agency's own: wasa.new-connection"),
        (
            "services.0.writes.submit",
            "a submission of wasa.new-connection whose answer is lost waits for a person",
        ),
    ]


def test_an_installed_distribution_is_found_by_name(site: Any, manifest_text: Any) -> None:
    site.install("wasa")
    site.install("wasa", distribution="other", plugin="1 / 0")
    assert told(validate_path("Nagorik_Wasa", on=TODAY, run=True)) == []
    assert told(validate_path("other", on=TODAY, run=True)) == [
        ("other.plugin", "other 1.0.0 cannot be imported: other.plugin raised ZeroDivisionError at plugin.py:1")
    ]


def test_a_name_that_is_nothing_says_so() -> None:
    assert told(validate_path("nothing", on=TODAY)) == [
        ("", "there is no file or directory nothing, and no installed distribution nothing that brings a plugin")
    ]


def test_a_manifest_alone_is_validated(tmp_path: Path, manifest: str) -> None:
    file = tmp_path / "plugin.toml"
    file.write_text(manifest, encoding="utf-8")
    assert told(validate_path(file, on=TODAY)) == told(validate_path(tmp_path, on=TODAY)) == []


def test_every_fault_of_a_manifest_is_a_finding_of_its_own(tmp_path: Path, manifest: str) -> None:
    broken = manifest.replace("evidence", "evidense").replace('submit = "none"', 'submit = "often"')
    project = make_project(tmp_path / "wasa", broken)
    assert told(validate_path(project, on=TODAY)) == [
        ("evidence", "this field is required"),
        ("evidense", "there is no field evidense; did you mean evidence?"),
        ("services.0.writes.submit", "write one of 'safe', 'native', 'client-reference' or 'none'"),
    ]


def test_references_and_files_are_checked_without_import(tmp_path: Path, manifest: str) -> None:
    text = manifest.replace("fees.toml#", "prices.toml#").replace("egress", 'login = "access:login"\negress')
    project = make_project(tmp_path / "wasa", text, forms="class Other: ...\n", plugin="raise AssertionError\n")
    assert told(validate_path(project, on=TODAY)) == [
        ("login", "there is no module access in the package"),
        ("services.0.fees", "there is no file prices.toml in the package"),
        ("services.0.form", "forms does not define Form"),
    ]


def test_what_only_the_platform_may_import_is_found_outside_the_simulator(tmp_path: Path, manifest: str) -> None:
    text = manifest.replace("fees.toml#", "prices.toml#")
    plugin = "import json\n\n\ndef f():\n    import httpx, nagorik_platform.logs\nfrom nagorik import hookimpl\n"
    project = make_project(tmp_path / "wasa", text, forms="class Form: ...\n", plugin=plugin)
    package = project / "src" / "nagorik_wasa_project"
    (package / "simulator").mkdir()
    (package / "simulator" / "agency.py").write_text("from nagorik_testing import Simulator\nimport httpx\n", "utf-8")
    (package / "wire.py").write_text("from tenacity import retry\n", "utf-8")
    found = [place for place, message in told(validate_path(project, on=TODAY)) if "is the platform's" in message]
    assert found == ["plugin.py:5", "plugin.py:5", "wire.py:1"]


def test_a_package_directory_is_validated_as_its_manifest(tmp_path: Path, manifest: str) -> None:
    project = make_project(tmp_path / "wasa", manifest, forms="")
    package = project / "src" / "nagorik_wasa_project"
    assert told(validate_path(package, on=TODAY)) == [("services.0.form", "forms does not define Form")]


@pytest.mark.parametrize(
    ("deadline", "grace", "fits"), [(359, "PT5M", True), (360, "PT5M", False), (120, "PT1M", False)]
)
def test_call_that_outlasts_what_a_host_waits_for_is_an_error(
    tmp_path: Path, manifest: str, deadline: int, grace: str, fits: bool
) -> None:
    text = manifest.replace("writes = {", f'lookup_grace = "{grace}"\nwrites = {{')
    project = make_project(tmp_path / "wasa", text.replace("as_of", f"limits = {{ deadline = {deadline} }}\nas_of"))
    found = [told for told in validate_path(project, on=TODAY) if told.location == "limits.deadline"]
    assert [one.severity for one in found] == ([] if fits else [Severity.ERROR])
    assert all(f"wasa.new-connection may take {deadline} seconds" in one.message for one in found)


@pytest.mark.parametrize(
    ("objects", "line", "finding"),
    [
        ("Form = 1\n", "", ("services.0.form", "forms:Form is not a pydantic model")),
        (
            "from pydantic import BaseModel as Form\n",
            "",
            (
                "services.0.form",
                "forms:Form does not derive from Form, so what a citizen writes is not masked in log lines",
            ),
        ),
        (
            f"{FORMS}\n\ndef login(): ...\n",
            'login = "forms:login"',
            ("login", "forms:login is not a coroutine function"),
        ),
        (
            f"{FORMS}\n\nerror_reader = 1\n",
            'error_reader = "forms:error_reader"',
            ("error_reader", "forms:error_reader cannot be called"),
        ),
        (
            FORMS,
            'settings = "forms:Form"',
            ("settings", "forms:Form is not a subclass of AgencySettings"),
        ),
        (
            f"1 / 0\n{FORMS}",
            "",
            ("services.0.form", UNIMPORTABLE_FORM),
        ),
    ],
)
def test_objects_of_the_wrong_kind_are_found_by_running(
    tmp_path: Path, site: Any, manifest: str, objects: str, line: str, finding: tuple[str, str]
) -> None:
    project = make_project(tmp_path / "wasa", manifest.replace("egress", f"{line}\negress"), forms=objects)
    assert told(validate_path(project, on=TODAY)) == []
    assert told(validate_path(project, on=TODAY, run=True)) == [finding]


@pytest.mark.parametrize(
    ("field", "found"),
    [
        ("name", []),
        (
            "guardian",
            [
                (
                    "services.0.documents.1.when.guardian",
                    "the form has no field guardian, so that this paper is never required by it",
                )
            ],
        ),
    ],
)
def test_paper_that_hangs_on_a_field_that_no_form_has_is_an_error(
    tmp_path: Path, site: Any, manifest: str, field: str, found: list[tuple[str, str]]
) -> None:
    documents = f'documents = ["photo", {{ kind = "guardian-nid", when = {{ {field} = ["yes"] }} }}]'
    project = make_project(tmp_path / "wasa", manifest.replace("writes = {", f"{documents}\nwrites = {{"))
    assert told(validate_path(project, on=TODAY)) == []
    assert told(validate_path(project, on=TODAY, run=True)) == found


@pytest.mark.parametrize(
    ("values", "never"),
    [
        ('["minor", "ward"]', []),
        ('["minr"]', ["'minr'"]),
        ('["minor", "three", 3, true]', ["'three'", "3", "True"]),
    ],
)
def test_paper_that_hangs_on_a_value_that_no_form_has_is_an_error(
    tmp_path: Path, site: Any, manifest: str, values: str, never: list[str]
) -> None:
    documents = f'documents = [{{ kind = "guardian-nid", when = {{ applicant = {values} }} }}]'
    forms = FORMS.replace("    name:", '    applicant: Literal["minor", "ward"]\n    name:')
    forms = f"from typing import Literal\n{forms}"
    project = make_project(
        tmp_path / "wasa", manifest.replace("writes = {", f"{documents}\nwrites = {{"), forms=forms
    )
    assert told(validate_path(project, on=TODAY, run=True)) == [
        (
            "services.0.documents.0.when.applicant",
            f"the form's field applicant never holds {value}, so that this paper is never required by it",
        )
        for value in never
    ]


@pytest.mark.parametrize(
    ("field", "value", "found"),
    [
        ("floors: int", "3", False),
        ("floors: int", '"3"', True),
        ("floors: int", '"three"', True),
        ("floors: bool", "1", True),
        ("floors: bool", "true", False),
        ("floors: Annotated[str, StringConstraints(to_lower=True)]", '"Three"', True),
        ("floors: Annotated[str, StringConstraints(to_lower=True)]", '"three"', False),
    ],
)
def test_value_of_a_condition_is_one_that_the_form_makes_of_what_is_written(
    tmp_path: Path, site: Any, manifest: str, field: str, value: str, found: bool
) -> None:
    documents = f'documents = [{{ kind = "plan", when = {{ floors = [{value}] }} }}]'
    forms = FORMS.replace("    name:", f"    {field}\n    name:")
    forms = f"from typing import Annotated\nfrom pydantic import StringConstraints\n{forms}"
    project = make_project(
        tmp_path / "wasa", manifest.replace("writes = {", f"{documents}\nwrites = {{"), forms=forms
    )
    assert [bool(told(validate_path(project, on=TODAY, run=True)))] == [found]


def test_running_finds_what_is_wrong_with_hooks_all_at_once(tmp_path: Path, site: Any, manifest: str) -> None:
    plugin = PLUGIN.replace("async def nagorik_submit", "def nagorik_sumbit").replace("context)", "context=None)")
    project = make_project(tmp_path / "wasa", manifest, plugin=plugin)
    findings = told(validate_path(project, on=TODAY, run=True))
    assert {location for location, _ in findings} == {"nagorik_wasa_project.plugin"}
    default = "gives the argument context of nagorik_get_status a default, with which it would always be called"
    unknown = "implements nagorik_sumbit, and there is no such hook"
    assert [message for _, message in findings] == [f"nagorik-wasa 1.2.0 {problem}" for problem in (default, unknown)]


@pytest.mark.parametrize(
    ("day", "message"),
    [
        (date(2026, 9, 30), "2026-10-01 has not come yet"),
        (date(2026, 10, 1), None),
        (date(2028, 9, 30), None),
        (date(2028, 10, 1), "what the manifest says was last checked on 2026-10-01, more than two years ago"),
    ],
)
def test_the_day_of_the_last_check_is_judged(tmp_path: Path, manifest: str, day: date, message: str | None) -> None:
    (tmp_path / "plugin.toml").write_text(manifest, encoding="utf-8")
    assert told(validate_path(tmp_path, on=day)) == ([("as_of", message)] if message else [])


def test_a_plugin_that_may_call_nobody_and_never_tells_is_warned_of(tmp_path: Path, manifest: str) -> None:
    text = manifest.replace('egress = ["api.wasa.example"]', "health = true").replace('["status"]', "[]")
    (tmp_path / "plugin.toml").write_text(text, encoding="utf-8")
    assert told(validate_path(tmp_path, on=TODAY)) == [
        ("egress", "no host may be called, so every call to an agency fails"),
        ("services.0.reads", "wasa.new-connection can be submitted, and nobody can learn what became of it"),
    ]


@pytest.mark.parametrize(
    ("pyproject", "location", "message"),
    [
        (None, "pyproject.toml", "holds neither a readable pyproject.toml nor a plugin.toml"),
        ("[project", "pyproject.toml", "holds neither a readable pyproject.toml nor a plugin.toml"),
        ("project = 1", "pyproject.toml", "the project declares no plugin"),
        (
            f'{DEPENDENCIES}[project.entry-points."nagorik.plugins"]\nwasa = "a-b"',
            "entry point",
            "whose value is not module or module:object",
        ),
        (
            f'{DEPENDENCIES}[project.entry-points."nagorik.plugins"]\nwasa = "absent.plugin"',
            "entry point",
            "names the module absent.plugin, but there is no absent",
        ),
    ],
)
def test_a_project_that_is_none_says_what_it_lacks(
    tmp_path: Path, pyproject: str | None, location: str, message: str
) -> None:
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject)
    ((found_location, found_message),) = told(validate_path(tmp_path, on=TODAY))
    assert found_location == location
    assert message in found_message


def test_a_project_without_manifest_is_told_where_it_belongs(tmp_path: Path, manifest: str) -> None:
    project = make_project(tmp_path / "wasa", manifest)
    (project / "src" / "nagorik_wasa_project" / "plugin.toml").unlink()
    (found,) = validate_path(project, on=TODAY)
    assert found.message == "nagorik-wasa 1.2.0 has no readable plugin.toml in its package nagorik_wasa_project."
    assert found.hint == "Put plugin.toml beside the package's __init__.py and have the build include it."


def test_a_submission_that_leaves_nothing_behind_needs_no_status(tmp_path: Path, manifest: str) -> None:
    text = manifest.replace('reads = ["status"]', 'form = "forms:F"\nwrites = { submit = "safe" }')
    (tmp_path / "plugin.toml").write_text(text, encoding="utf-8")
    assert all("nobody can learn" not in message for _, message in told(validate_path(tmp_path, on=TODAY)))


def test_project_that_installs_the_platform_is_not_valid(tmp_path: Path, manifest: str) -> None:
    project = make_project(tmp_path / "wasa", manifest)
    file = project / "pyproject.toml"
    file.write_text(file.read_text("utf-8").replace("nagorik-toolkit>=1.0,<2", "nagorik-platform"), "utf-8")
    assert [place for place, _ in told(validate_path(project, on=TODAY))] == ["pyproject.toml: dependencies"] * 2


@pytest.mark.parametrize("line", ['login = "simulator:login"', 'error_reader = "simulator.agency:read"'])
def test_reference_into_the_simulator_is_refused(tmp_path: Path, manifest: str, line: str) -> None:
    project = make_project(tmp_path / "wasa", manifest.replace("egress", f"{line}\negress"))
    simulator = project / "src" / "nagorik_wasa_project" / "simulator"
    simulator.mkdir()
    (simulator / "__init__.py").write_text("import httpx\n\n\nasync def login(): ...\n", "utf-8")
    (simulator / "agency.py").write_text("def read(): ...\n", "utf-8")
    name, _, value = line.partition(" = ")
    message = f"{value[1:-1]} leads into the simulator, which is no part of the plugin's code"
    assert told(validate_path(project, on=TODAY)) == [(name, message)]


@pytest.mark.parametrize("value", ["nagorik_wasa_project.simulator", "nagorik_wasa_project.simulator.hooks:plugin"])
def test_entry_point_into_the_simulator_is_refused(tmp_path: Path, manifest: str, value: str) -> None:
    project = make_project(tmp_path / "wasa", manifest, simulator="import httpx\n")
    file = project / "pyproject.toml"
    file.write_text(file.read_text("utf-8").replace("nagorik_wasa_project.plugin", value), "utf-8")
    message = f"{value} leads into the simulator, which is no part of the plugin's code"
    assert told(validate_path(project, on=TODAY)) == [("entry point", message)]


def test_source_that_does_not_parse_is_a_finding(tmp_path: Path, manifest: str) -> None:
    project = make_project(tmp_path / "wasa", manifest, wire="import httpx\nX = = int\n")
    version = ".".join(map(str, sys.version_info[:2]))
    message = f"is not read by Python {version}"
    assert told(validate_path(project, on=TODAY, run=True)) == [("wire.py:2", message)]


def test_exception_of_an_import_is_shown_whole(manifest: str, site: Any, tmp_path: Path) -> None:
    project = make_project(tmp_path, manifest, forms=f"{FORMS}\n1 / 0\n")
    (raised, *_) = [found.raised for found in validate_path(project, on=TODAY, run=True) if found.raised]
    assert f'forms.py", line {FORMS.count(chr(10)) + 2}' in raised
    assert raised.endswith("ZeroDivisionError: division by zero")


def test_syntax_error_is_found_at_its_own_line(manifest: str, site: Any, tmp_path: Path) -> None:
    project = make_project(tmp_path, manifest, forms=f"{FORMS}\nx = = 1\n")
    found = validate_path(project, on=TODAY, run=True)
    assert any(f"forms.py:{FORMS.count(chr(10)) + 2}" in str(one) for one in found)
