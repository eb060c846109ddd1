"""Why a call was refused, as the journal keeps it."""

from typing import Annotated, Final

from pydantic import Field

from nagorik import errors
from nagorik.model.status import LONGEST_REMARK
from nagorik.model.submission import Rejected
from nagorik.privacy import PERSONAL, Model
from nagorik.values.sentences import Text, cut
from nagorik_platform.documents import DocumentUnreadable

MOST_FIELDS: Final = 100
"""Fields that a refusal keeps; more are counted, so that no answer fills a journal."""
LONGEST_CAUSE: Final = 200
"""Characters of a cause that are kept; one that names places in an answer may be longer."""


class CallRefusal(Model):
    """The reason of a refusal."""

    code: str
    """The plugin's or the platform's stable word for the reason."""
    fault: str | None = None
    """The error's code where the call failed without a refusal, for a reason that waiting does not mend."""
    reason: Annotated[Text | None, PERSONAL] = None
    """Why, in a sentence, where one was given."""
    fields: Annotated[tuple[errors.FieldProblem, ...], PERSONAL] = ()
    """What is wrong with which fields, at most ``MOST_FIELDS`` of them, each once."""
    fields_left_out: int = Field(default=0, ge=0)
    """How many more there were."""


def refusal_of(end: Rejected | errors.NagorikError | None) -> CallRefusal | None:
    """Why a call was refused or failed, where waiting does not mend that; ``None`` where it may."""
    match end:
        case Rejected(reason_code=code, reason=reason):
            return CallRefusal(code=code, reason=_bounded(reason))
        case errors.AgencyRejected():
            return CallRefusal(code=end.reason_code, reason=_bounded(end.reason) if end.reason is not None else None)
        case errors.InputRejected():
            fields = tuple(dict.fromkeys(end.fields))
            kept = fields[:MOST_FIELDS]
            shown = tuple(one.model_copy(update={"text": _bounded(one.text)}) for one in kept)
            return CallRefusal(code=end.code, fields=shown, fields_left_out=len(fields) - len(kept))
        case DocumentUnreadable():
            field = end.field.model_copy(update={"text": _bounded(end.field.text)})
            return CallRefusal(code=end.code, fault=end.code, fields=(field,))
        case errors.ServiceNotOffered(layer=errors.Layer.CORE):
            return None  # the host knows when its plugin is back
        case errors.NagorikError() if end.retry is errors.Retry.NEVER:
            return CallRefusal(code=_cause_of(end), fault=end.code)
    return None


def _cause_of(error: errors.NagorikError) -> str:
    """What an error says of why, as a code."""
    match error:
        case (
            errors.ContractViolation(detail=cause)
            | errors.PluginFault(fault=cause)
            | errors.ConsentMissing(because=cause)
            | errors.ServiceNotOffered(because=cause)
        ):
            return cut(cause, LONGEST_CAUSE)
        case errors.CredentialsRejected():
            return error.kind.value
    return error.code


def _bounded(text: Text) -> Text:
    if max(len(text.bn), len(text.en)) <= LONGEST_REMARK:
        return text
    return Text(bn=cut(text.bn, LONGEST_REMARK), en=cut(text.en, LONGEST_REMARK))
