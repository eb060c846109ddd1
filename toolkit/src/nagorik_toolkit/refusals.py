"""Input that is refused at its field: by the plugin before anything is sent, or by the agency, which names it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from nagorik.errors import ContractViolation, FieldProblem, InputRejected, Layer, NagorikError, OutcomeUnknown
from nagorik.http import SUCCESS, AgencyResponse, ErrorReader
from nagorik.model.application import ApplicationRequest
from nagorik.model.eligibility import Criterion, EligibilityRequest, Verdict
from nagorik_toolkit.texts import TextCatalogue

_BAD_INPUT: Final = frozenset({400, 422})
_TAKEN: Final = frozenset({*_BAD_INPUT, 409})
CLIENT_REFERENCE: Final = "clientReference"
"""What agencies call our reference."""


def refuse(problems: Iterable[FieldProblem]) -> None:
    """Refuse what a citizen filled in, if there are problems, before anything is sent.

    Raises:
        InputRejected: With all of them.
    """
    found = tuple(problems)
    if found:
        raise InputRejected(found, layer=Layer.PLUGIN)


def eligibility_question(request: ApplicationRequest) -> EligibilityRequest:
    """The question of eligibility that an application raises on the day of ``request``."""
    return EligibilityRequest(service=request.service, on=request.on, applicant=request.applicant, form=request.form)


def refuse_failed(agency: str, judged: Iterable[tuple[str, Criterion]]) -> None:
    """Refuse what the rules of the day do not allow: each criterion comes with the field at which it is put right.

    Raises:
        InputRejected: At the field of each that fails, under the code ``<agency>.<criterion>``.
    """
    refuse(
        FieldProblem(pointer=pointer, code=f"{agency}.{criterion.id}", text=criterion.text)
        for pointer, criterion in judged
        if criterion.verdict is Verdict.FAIL
    )


def field_error_reader(
    fields: Mapping[str, str], texts: TextCatalogue, code: str, *, statuses: Collection[int] = _BAD_INPUT
) -> ErrorReader:
    """Reads ``{"error": {"field": …}}``: the field that an agency refuses, as the citizen filled it in.

    A success that carries an ``error``, ``errors``, or ``success`` as false is a contract violation. No citizen fills
    in our ``clientReference``: an agency that refuses it may have it already, so the outcome is unknown.

    Args:
        fields: Where the citizen filled in what the agency calls by these names.
        texts: The plugin's sentences.
        code: The sentence for a field that was refused.
        statuses: The agency's statuses for input that it refuses.
    """

    def read_error(answer: AgencyResponse) -> NagorikError | None:
        document = answer.document
        if not isinstance(document, dict):
            return None
        error = document.get("error")
        if answer.status in SUCCESS:
            failed = isinstance(error, dict) or error or document.get("errors") or document.get("success") is False
            # A success with an error in it says neither.
            return ContractViolation("error-with-success-status") if failed else None
        if not isinstance(error, dict):
            return None
        if error.get("field") == CLIENT_REFERENCE and answer.status in _TAKEN:
            return OutcomeUnknown(step="filing", because="client-reference-taken", layer=Layer.AGENCY)
        pointer = fields.get(str(error.get("field")))
        if answer.status in statuses and pointer is not None:
            return InputRejected([texts.field_problem(pointer, code)])
        return None

    return read_error
