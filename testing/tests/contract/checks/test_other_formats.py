"""The fault matrix and the checks before an agency of XML and of SOAP: each row means something there, too."""

from collections.abc import Callable

import pytest

from nagorik import Operation
from nagorik.manifest import PublicService
from nagorik_testing.contract.checks import CHECKS
from nagorik_testing.contract.matrix import OperationKind
from nagorik_testing.contract.matrix_runner import UNCHANGED, play_matrix, rows_of
from nagorik_testing.contract.subject import Subject
from nagorik_testing.contract.verdict import CheckStatus, Finding

PLAYED = frozenset({Operation.SUBMIT, Operation.STATUS})
SPOKEN = {"xml": ("ReadsXml", "XmlOffice", "read_xml_error"), "soap": ("ReadsSoap", "SoapOffice", "read_soap_fault")}

Office = Callable[..., Subject]


@pytest.fixture(params=SPOKEN)
def office(request: pytest.FixtureRequest, permit_office: Office) -> Office:
    hooks, simulator, reader = SPOKEN[request.param]

    def make() -> Subject:
        return permit_office(hooks, simulator, plugin={"error_reader": f"markup:{reader}"})

    return make


async def played(subject: Subject) -> dict[str, Finding]:
    (service,) = (offer for offer in subject.manifest.offers if isinstance(offer, PublicService))
    return {finding.check: finding async for finding in play_matrix(subject, service, PLAYED)}


async def test_every_row_but_that_of_types_is_played_and_passes(office: Office) -> None:
    found = await played(office())

    assert [(one.check, one.got, one.because) for one in found.values() if one.failed] == []
    idle = {check: one.because for check, one in found.items() if one.status is CheckStatus.NOT_APPLICABLE}
    assert idle == {f"{operation.value}/F13-retyped": UNCHANGED for operation in PLAYED}
    assert set(found) == {
        *(f"submit/{row}" for row in rows_of({OperationKind.NATIVE})),
        *(f"status/{row}" for row in rows_of({OperationKind.READ})),
    }


async def test_plugin_that_makes_something_of_anything_fails(permit_office: Office) -> None:
    subject = permit_office("TakesAnyXml", "XmlOffice", plugin={"error_reader": "markup:read_xml_error"})

    found = await played(subject)

    missed = {"F13-null", "F13-missing", "F13-nulls", "F13-double"}
    failed = {check for check, one in found.items() if one.failed}
    assert {f"submit/{row}" for row in missed} | {f"status/{row}" for row in missed} <= failed


@pytest.mark.parametrize("check_id", ["response/unknown-word", "robustness/own-errors", "submit/papers-arrive"])
async def test_check_reads_the_agencys_words_and_errors_in_its_format(office: Office, check_id: str) -> None:
    (check,) = (check for check in CHECKS if check.id == check_id)

    found = [one async for one in check.run(office()) if one.offer == "permits.shop"]

    assert [(one.status, one.got) for one in found] == [(CheckStatus.PASSED, "")]
