"""What plugins do to their process is seen, whatever way they take; what is right is let be."""

from collections.abc import Mapping
from typing import Any

import pytest

from nagorik import Operation
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.observation.state import Needles, own_modules
from nagorik_testing.contract.subject import open_rig
from nagorik_testing.contract.verdict import CheckStatus
from nagorik_testing.validation.findings import Severity

pytestmark = pytest.mark.long

PROCESS = [check for check in CHECKS if check.family == "process"]

KILLERS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "Intruding": {
        "process/reach": (
            "eligibility of permits.shop writes a file at process_faults.py:",
            "quote of permits.shop uses the network by itself (socket.sendto) at process_faults.py:",
            "submit of permits.shop starts or signals a process (subprocess.Popen) at",
            "answer-correction of permits.shop calls into the machine's own libraries (ctypes)",
            "deliverable of permits.shop imports nagorik_cashdesk.wire, which is another plugin's",
            "find of permits.shop reads an environment variable that is not its own at",
        ),
        "process/as-found": (
            "find of permits.shop leaves a task behind that it began at process_faults.py:",
            "status of permits.shop changes the decimal context",
            "query-payment of permits.till changes the time zone",
            "replaces json.dumps",
        ),
        "process/output": (
            "withdraw of permits.shop writes to a standard stream at process_faults.py:",
            "start-payment of permits.till logs past context.log at process_faults.py:",
        ),
        "process/personal-data": (
            "keeps a citizen's data in permit_office.process_faults.Intruding.answered when the call is over",
        ),
        "process/waits": ("status of permits.shop sleeps for 0.06 seconds by the machine's clock at",),
    },
    "Sneaking": {
        "process/reach": (
            "eligibility of permits.shop reads a file that is not its own at a thread",
            "quote of permits.shop uses the network by itself (socket.connect) at",
            "submit of permits.shop starts or signals a process (os.kill) at",
            "answer-correction of permits.shop looks through all objects of the process at",
            "deliverable of permits.shop imports nagorik_cashdesk.plugin",
            "find of permits.shop reads the whole environment at",
        ),
        "process/as-found": (
            "find of permits.shop leaves a thread behind",
            "query-payment of permits.till leaves a timer behind that it began at",
            "status of permits.shop changes the root logger",
            "refund-payment of permits.till changes the warnings filters",
            "replaces nagorik.values.money.Money.rounded",
        ),
        "process/output": (
            "withdraw of permits.shop writes to a standard stream",
            "start-payment of permits.till warns at process_faults.py:",
        ),
        "process/personal-data": (
            "data in permit_office.process_faults.checked when the call is over",
            "data in permit_office.process_faults.checked.last when the call is over",
            "submit of permits.shop leaves personal data in context.settings",
        ),
        "process/waits": (
            "status of permits.shop waits for 0.06 seconds by the machine's clock at",
            "query-payment of permits.till keeps the event loop for 0.3",
        ),
    },
    "AtImport": {
        "process/reach": (
            "the import reads a file that is not its own at import_faults.py:",
            "the import reads an environment variable that is not its own at import_faults.py:",
        ),
        "process/as-found": (
            "the import leaves a thread behind",
            "the import leaves something to be done at the end of the process at import_faults.py:",
            "the import changes the rights of new files",
            "replaces httpx.Response.is_good",
        ),
        "process/output": ("the import writes to a standard stream at import_faults.py:",),
    },
    "SeldomCalled": {
        "process/output": ("status of permits.shop writes to a standard stream at process_faults.py:",),
        "process/personal-data": (
            "data in permit_office.process_faults.LAST when the call is over",
            "submit of permits.shop raises an exception that carries personal data",
            "withdraw of permits.shop raises an exception that carries personal data",
        ),
        "process/reach": ("payment-notice of permits.till reads an environment variable that is not its own",),
    },
    "KeepsByAddress": {
        "process/personal-data": ("data in permit_office.process_faults.FILED when the call is over",),
    },
    "SharedAttribute": {
        "process/interleaved": ("submit of permits.shop sends another body nid in request 1",),
        "process/another-machine": ("eligibility of permits.shop ends otherwise: another criteria",),
    },
    "SharedGlobal": {
        "process/interleaved": (
            "status of permits.shop ends otherwise: another at",
            "find of permits.shop sends another query clientReference in request 1",
        ),
        "process/personal-data": ("data in permit_office.process_faults.LAST when the call is over",),
        "process/another-machine": ("advise-payment of permits.shop sends another body day in request 1",),
    },
    "AnswersAsAtFirst": {
        "process/another-machine": ("status of permits.shop ends otherwise: another at",),
    },
    "ActsUnderTest": {
        "process/another-machine": ("withdraw of permits.shop ends otherwise: another withdrawn",),
        "process/personal-data": ("status of permits.shop raises an exception that carries personal data",),
    },
}
"""By hooks, what each check says of them; of all others it says nothing."""


async def said_of(subject: Any) -> dict[str, str]:
    """What each check says; empty where it passes."""
    said = {}
    for check in PROCESS:
        (found,) = [found async for found in check.run(subject)]
        assert found.status in {CheckStatus.PASSED, CheckStatus.FAILED}
        said[check.id] = found.got
    return said


@pytest.mark.parametrize("hooks", KILLERS)
async def test_what_a_plugin_does_to_its_process_is_told(hooks, permit_office):
    said, expected = await said_of(permit_office(hooks)), KILLERS[hooks]
    assert {check for check, got in said.items() if got} == expected.keys(), said
    missing = [(check, told) for check, all_told in expected.items() for told in all_told if told not in said[check]]
    assert missing == [], said


async def test_what_comes_near_and_is_right_is_let_be(permit_office):
    said = await said_of(permit_office("WithinBounds"))
    assert said == dict.fromkeys(said, "")


KEEPERS = {
    "Remembering": "plugin.SEEN",
    "KeepsTheLast": "in_the_host.LAST",
    "KeepsInsideATable": "in_the_host.WAITING",
    "KeepsTheRecent": "in_the_host.RECENT",
    "KeepsOnItsClass": "in_the_host.KeepsOnItsClass.numbers",
    "KeepsInADefault": "in_the_host.KeepsInADefault.note",
    "KeepsInACache": "in_the_host.last_digits",
    "KeepsInAnObject": "in_the_host.MEMORY",
}


@pytest.mark.parametrize(("hooks", "where"), KEEPERS.items(), ids=KEEPERS)
async def test_what_keeps_a_citizens_number_is_found(hooks, where, permit_office):
    async with open_rig(permit_office(hooks), "permits.shop") as rig:
        await call_operation(rig, Operation.ELIGIBILITY)
        needles = Needles([rig.citizen.full_nid.value])
    found = needles.retained(own_modules("permit_office"))
    assert {name.startswith(f"permit_office.{where}") for name in found} == {True}


async def test_honest_edits_fail_no_check_of_the_host(permit_office):
    subject = permit_office("HonestEdits")
    chosen = [check for check in CHECKS if check.family in {"process", "robustness", "privacy"}]
    found = [one for check in chosen async for one in check.run(subject) if one.failed]
    assert [(one.check, one.got) for one in found if one.severity is not Severity.WARNING] == []
    assert {one.check for one in found} == {"process/output"}


async def test_process_that_is_ended_proves_nothing(permit_office):
    (found,) = [found async for found in PROCESS[0].run(permit_office("EndsProcess"))]
    assert (found.status, found.got) == (
        CheckStatus.NOT_REACHED,
        "the process in which the plugin runs has ended",
    )
