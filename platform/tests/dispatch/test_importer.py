"""The first use of a plugin: its import, its settings, and what else its manifest names."""

import asyncio
import sys
import traceback

import pytest

from nagorik.errors import PluginFault, ServiceNotOffered
from nagorik.model.status import AgencyStatus

pytestmark = pytest.mark.asyncio

FORM = "from pydantic import field_validator\nfrom nagorik import Form\n\n\nclass ConnectionForm(Form):\n"
FORM += "    holding: str\n\n    @field_validator('holding')\n    def no(cls, value):\n        {}\n"


async def error_of(call, kind):
    with pytest.raises(kind) as caught:
        await call
    shown = "".join(traceback.format_exception(caught.value)) + str(caught.value.to_problem())
    assert "1990123456789" not in shown
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None
    return caught.value


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
