"""The first use of a plugin: its import, its settings, and what else its manifest names."""

import ast
import asyncio
import sys
import threading
import traceback

import pytest

from nagorik.errors import (
    AgencyUnavailable,
    InputRejected,
    PluginFault,
    ServiceNotOffered,
    SettingsRejected,
)
from nagorik.model.status import AgencyStatus
from nagorik_platform import Platform

pytestmark = pytest.mark.asyncio

STATUS_ONLY = {"nagorik_get_status": "return STATUS"}


SETTINGS = """\
import sys
from pydantic import model_validator
from nagorik import AgencySettings


class Settings(AgencySettings):
    @model_validator(mode="before")
    def no(cls, data):
        {}
"""
FORM = """\
from pydantic import field_validator
from nagorik import Form


class ConnectionForm(Form):
    holding: str

    @field_validator("holding")
    def no(cls, value):
        {}
"""


async def error_of(call, kind):
    with pytest.raises(kind) as caught:
        await call
    shown = "".join(traceback.format_exception(caught.value)) + str(caught.value.to_problem())
    assert "1990123456789" not in shown
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


async def test_nothing_is_imported_before_a_plugin_is_used(world):
    world.install()
    platform = world.platform()
    assert [service.id for service in platform.services] == ["wasa.connection"]
    assert "nagorik_wasa.plugin" not in sys.modules
    await platform.get_status(world.draft(), world.references)
    assert "nagorik_wasa.plugin" in sys.modules


async def test_a_later_platform_of_the_same_registry_begins_no_thread(world, monkeypatch):
    service = world.install(hooks=STATUS_ONLY)
    first = world.platform()
    await first.get_status(world.draft(service), world.references)
    begun = []
    monkeypatch.setattr(threading.Thread, "start", lambda thread: begun.append(thread.name))
    async with Platform(first._registry, first._settings) as second:
        assert isinstance(await second.get_status(world.draft(service), world.references), AgencyStatus)
    assert begun == []


@pytest.mark.parametrize(
    ("head", "code"),
    [
        ("raise TypeError(NID)", "import-failed"),
        ("sys.exit(NID)", "import-exited"),
        ("raise KeyboardInterrupt(NID)", "import-exited"),
        ("import nothing_of_this_name", "import-failed"),
    ],
)
async def test_a_failing_import_is_told_and_not_tried_again(world, head, code):
    world.install(head=head)
    good = world.install("desa")
    platform = world.platform()
    for _ in range(2):
        error = await error_of(platform.get_status(world.draft(), world.references), ServiceNotOffered)
        assert error.because == code
    assert [str(refusal.code) for refusal in platform.quarantined] == [code]
    assert world.NID not in str(platform.quarantined[0])
    assert isinstance(await platform.get_status(world.draft(good), world.references), AgencyStatus)


async def test_an_import_that_hangs_keeps_nobody_else_waiting(world):
    world.install(head="import threading\nsys.release = threading.Event()\nsys.release.wait()")
    good = world.install("desa")
    # As long as a busy machine may keep the good one's import waiting.
    platform = world.platform(import_seconds=2.0)
    try:
        hanging = [asyncio.create_task(platform.get_status(world.draft(), world.references)) for _ in range(50)]
        assert isinstance(await platform.get_status(world.draft(good), world.references), AgencyStatus)
        ends = await asyncio.gather(*hanging, return_exceptions=True)
        assert {(type(end), end.because) for end in ends} == {(ServiceNotOffered, "import-failed")}
        assert "did not end its import within 2 seconds" in platform.quarantined[0].reason
    finally:
        sys.release.set()
        del sys.release


async def test_callers_at_once_share_one_import_and_one_may_leave(world):
    world.install(hooks=STATUS_ONLY)
    platform = world.platform()
    calls = [asyncio.create_task(platform.get_status(world.draft(), world.references)) for _ in range(10)]
    await asyncio.sleep(0)
    calls[0].cancel()
    ends = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(ends[0], asyncio.CancelledError)
    assert all(isinstance(end, AgencyStatus) for end in ends[1:])


async def test_a_host_imports_what_it_admits_when_it_starts_and_tells_how_long_each_took(
    world, slow_import, structlog_output
):
    slow_import("nagorik_wasa", seconds=0.3)
    world.install()
    good = world.install("desa")
    world.install("broken", head="raise TypeError(NID)")
    platform = world.platform()
    await platform.import_plugins()
    assert {"nagorik_wasa.plugin", "nagorik_desa.plugin"} <= set(sys.modules)
    told = {line["plugin"]: line for line in structlog_output}
    assert {name: line["event"] for name, line in told.items()} == {
        "wasa": "plugin_imported",
        "desa": "plugin_imported",
        "broken": "plugin_quarantined",
    }
    assert told["wasa"]["seconds"] >= 0.3
    assert told["desa"]["seconds"] > 0
    structlog_output.clear()
    await platform.import_plugins()
    assert isinstance(await platform.get_status(world.draft(good), world.references), AgencyStatus)
    assert not structlog_output


async def test_a_first_call_has_its_whole_deadline_however_long_the_import_took(world, slow_import):
    slow_import("nagorik_wasa", seconds=0.6)
    world.install(
        hooks={"nagorik_get_status": "await asyncio.sleep(0.1)\nreturn STATUS"}, extra="limits = { deadline = 0.3 }"
    )
    platform = world.platform()
    draft = world.draft(form={"holding": "1"})
    assert isinstance(await platform.get_status(draft, world.references), AgencyStatus)


async def test_a_defect_of_the_interpreter_in_an_import_is_none_of_the_plugin(world):
    """CPython before 3.11.8, when two threads make syntax trees at once."""
    raises = "raise SystemError('AST constructor recursion depth mismatch (before=63, after=66)')"
    world.install(head=f"sys.times = getattr(sys, 'times', 0) + 1\nif sys.times < 3: {raises}")
    world.install("desa", head="raise SystemError('another')")
    platform = world.platform()
    try:
        await platform.import_plugins()
        assert [record.id for record in platform.plugins if record.usable] == ["wasa"]
        assert sys.times == 3
    finally:
        del sys.times


async def test_a_defect_of_the_interpreter_in_reading_the_source_is_none_of_the_plugin(world, monkeypatch):
    """As before, where another thread shows the place of an exception meanwhile."""
    times, parse = [], ast.parse

    def parsed(*arguments, **options):
        times.append(1)
        if len(times) < 3:
            raise SystemError("AST constructor recursion depth mismatch (before=36, after=89)")
        return parse(*arguments, **options)

    monkeypatch.setattr(ast, "parse", parsed)
    world.install()
    platform = world.platform()
    await platform.import_plugins()
    assert [record.id for record in platform.plugins if record.usable] == ["wasa"]
    assert len(times) > 3


async def test_missing_settings_are_named_without_their_values(world):
    world.install(
        hooks=STATUS_ONLY,
        extra='settings = "settings:Settings"',
        files={
            "settings.py": "from pydantic import SecretStr\nfrom nagorik import AgencySettings\n\n\n"
            "class Settings(AgencySettings):\n    api_key: SecretStr\n    port: int\n"
        },
    )
    platform = world.platform(settings={"wasa": {"port": f"{world.NID}x"}})
    error = await error_of(platform.get_status(world.draft(), world.references), SettingsRejected)
    assert sorted(error.names) == ["api_key", "base_url", "port"]
    assert (error.plugin, error.service, error.operation) == ("wasa", "wasa.connection", "status")
    assert not platform.quarantined


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("raise TypeError(NID)", "reference-broken"),
        ("sys.exit(NID)", "reference-broken"),
        ("Settings = 7", "settings-not-agency-settings"),
        (SETTINGS.format("raise TypeError(NID)"), "settings-raised"),
        (SETTINGS.format("sys.exit(NID)"), "exit"),
    ],
)
async def test_settings_that_fail_are_the_plugins_fault(world, source, fault):
    world.install(
        hooks=STATUS_ONLY,
        extra='settings = "settings:Settings"',
        files={"settings.py": f"import sys\n\nNID = '{world.NID}'\n{source}\n"},
    )
    platform = world.platform(faults_before_quarantine=2)
    for number in range(2):
        draft = world.draft(applicant=world.applicant(number))
        error = await error_of(platform.get_status(draft, world.references), PluginFault)
        assert error.fault == fault
    assert [refusal.code for refusal in platform.quarantined] == ["too-many-faults"]


async def test_a_base_address_that_may_not_be_reached_is_a_wrong_setting(world):
    world.install(hooks=STATUS_ONLY)
    platform = world.platform(settings={"wasa": {"base_url": "https://elsewhere.example"}})
    error = await error_of(platform.get_status(world.draft(), world.references), SettingsRejected)
    assert error.names == ("base_url",)


@pytest.mark.parametrize(
    ("forms", "fault"),
    [
        ("raise TypeError(NID)", "reference-broken"),
        ("Other = 1", "reference-broken"),
        ("ConnectionForm = dict", "form-not-a-form"),
        (FORM.format("raise TypeError(value)"), "form-raised"),
        (FORM.format("raise SystemExit(value)"), "exit"),
    ],
)
async def test_a_form_that_fails_is_the_plugins_fault(world, forms, fault):
    world.install(files={"forms.py": forms})
    platform = world.platform(faults_before_quarantine=2)
    for number in range(2):
        draft = world.draft(applicant=world.applicant(number))
        error = await error_of(platform.submit(draft, world.references), PluginFault)
        assert (error.fault, error.service, error.agency.en) == (fault, "wasa.connection", "Water Authority")
    assert [refusal.code for refusal in platform.quarantined] == ["too-many-faults"]


async def test_a_form_is_checked_before_any_hook_is_called(world):
    world.install(hooks={"nagorik_submit": "seen.append(1)\nreturn None"})
    platform = world.platform()
    draft = world.draft(form={"holding": 7, world.NID: 1})
    error = await error_of(platform.submit(draft, world.references), InputRejected)
    assert [(problem.pointer, problem.code) for problem in error.fields] == [
        ("/form/holding", "string_type"),
        ("/form", "extra_forbidden"),
    ]
    assert world.module().seen == []


async def test_a_service_without_a_form_takes_an_empty_one(world):
    world.install(hooks=STATUS_ONLY, service="")
    platform = world.platform()
    assert await platform.form_schema("wasa.connection") is None
    assert isinstance(await platform.get_status(world.draft(form={}), world.references), AgencyStatus)
    with pytest.raises(InputRejected):
        await platform.get_status(world.draft(form={"holding": "1"}), world.references)


LOGIN = "import asyncio, sys\nNID = '1990123456789'\nasync def login(http, settings, clock):\n    "


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("raise TypeError(NID)", "login-raised"),
        ("sys.exit(NID)", "exit"),
        ("raise KeyboardInterrupt(NID)", "exit"),
        ("raise AgencyRejected(NID) from TypeError(NID)", "login-raised"),
        ("return NID", "login-wrong-result"),
    ],
)
async def test_a_login_that_fails_is_the_plugins_fault(world, body, fault):
    world.install(
        hooks={"nagorik_get_status": "await look(context)\nreturn STATUS"},
        extra='login = "access:login"',
        files={"access.py": LOGIN + body},
    )
    error = await error_of(world.platform().get_status(world.draft(), world.references), PluginFault)
    assert error.fault == fault


@pytest.mark.looptime
async def test_a_login_that_hangs_is_begun_again(world):
    world.install(
        hooks={"nagorik_get_status": "await look(context)\nreturn STATUS"},
        extra='login = "access:login"\nlimits = { deadline = 10 }',
        files={
            "access.py": "import asyncio\nfrom nagorik import Token\ncalls = []\n\n\n"
            "async def login(http, settings, clock):\n    calls.append(1)\n    if len(calls) == 1:\n"
            "        await asyncio.sleep(10_000)\n    return Token('t', expires_in=60)\n"
        },
    )
    platform = world.platform()
    await error_of(platform.get_status(world.draft(form={"holding": "1"}), world.references), AgencyUnavailable)
    await asyncio.sleep(5)
    assert isinstance(await platform.get_status(world.draft(), world.references), AgencyStatus)


async def test_a_document_without_a_store_is_a_missing_setting(world):
    body = "async for _ in context.documents.open(request.documents[0]): pass"
    listed = 'form = "forms:ConnectionForm"\ndocuments = ["nid"]'
    world.install(hooks={"nagorik_submit": body}, service=listed)
    document = {"id": world.NID, "kind": "nid", "media_type": "image/png", "bytes": 1, "sha256": "0" * 64}
    draft = world.draft(documents=(document,))
    error = await error_of(world.platform().submit(draft, world.references), SettingsRejected)
    assert error.names == ("documents",)
