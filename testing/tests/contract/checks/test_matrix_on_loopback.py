"""The fault matrix over sockets of this machine says what it says in process, of good plugins and of broken ones."""

from dataclasses import replace

import pytest

from nagorik import Operation
from nagorik_cashdesk.simulator import CashDeskSimulator
from nagorik_nid.simulator import NidSimulator
from nagorik_testing.contract.matrix import OperationKind
from nagorik_testing.contract.matrix_runner import play_matrix, rows_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import Finding

pytestmark = pytest.mark.long


async def findings(subject: Subject, offer: str, *only: Operation) -> list[Finding]:
    played = next(each for each in subject.manifest.offers if each.id == offer)
    return [finding async for finding in play_matrix(subject, played, only or None)]


@pytest.mark.parametrize(
    ("simulator", "offer", "only"),
    [
        (CashDeskSimulator, "cashdesk.counter", ()),
        # One of each kind, a file and the question after a lost answer among them; the rest is more of the same.
        (
            NidSimulator,
            "nid.new-voter",
            (Operation.DELIVERABLE, Operation.FIND, Operation.STATUS, Operation.SUBMIT, Operation.ADVISE_PAYMENT),
        ),
    ],
)
async def test_every_row_ends_on_sockets_as_in_process(simulator, offer, only):
    subject = Subject.installed(simulator)
    usual = await findings(subject, offer, *only)
    assert await findings(replace(subject, loopback=True), offer, *only) == usual
    assert {finding.check.partition("/")[2] for finding in usual} == set(rows_of(set(OperationKind)))


@pytest.mark.parametrize("hooks", ["MakesUp", "AsksTwice", "LooksUpAnything"])
async def test_broken_plugin_fails_on_sockets_what_it_fails_in_process(permit_office, hooks):
    subject = permit_office(hooks)
    offer = subject.manifest.offers[0].id
    usual = await findings(subject, offer, Operation.STATUS, Operation.SUBMIT)
    assert any(finding.failed for finding in usual)
    again = replace(subject, loopback=True)
    assert await findings(again, offer, Operation.STATUS, Operation.SUBMIT) == usual
