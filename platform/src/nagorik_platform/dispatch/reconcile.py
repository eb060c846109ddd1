"""What a call that has ended comes to: a result, an error of the contract, a plugin's fault, or an unknown outcome.

A result is held to the hook's specification, an error to ``nagorik.errors``, and both to the call's ledger: no plugin
may say that nothing was sent when a write of its call may have been processed. Of what a plugin raised beside that,
the kind and the place are reported, never the text.
"""

from functools import cache
from types import CoroutineType, UnionType
from typing import Final, Union, get_args, get_origin, get_type_hints

from pydantic import ValidationError

from nagorik.errors import (
    AgencyUnavailable,
    ContractViolation,
    Layer,
    NagorikError,
    Outcome,
    OutcomeUnknown,
    PluginFault,
    ServiceNotOffered,
)
from nagorik.operations import OPERATIONS, Operation
from nagorik.privacy import Model
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.contract_errors import known_error
from nagorik_platform.registry import PluginRecord
from nagorik_platform.tracebacks import frame_inside, type_name

_LEAST_SETTLED_FIRST: Final = (Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.REJECTED, Outcome.ALREADY_THERE)
_DEFINITE: Final = frozenset({Outcome.REJECTED, Outcome.ALREADY_THERE})


def fault_of(error: BaseException, record: PluginRecord, kind: str = "raised") -> PluginFault:
    """A plugin's foreign exception as its fault; ``exit`` where it would have ended the process."""
    frame = frame_inside(error, record.directory) if record.directory is not None else None
    return PluginFault(
        "exit" if isinstance(error, SystemExit | KeyboardInterrupt) else kind,
        plugin=record.id,
        exception=type_name(error),
        where=f"{frame.file}:{frame.line} in {frame.function}" if frame is not None else None,
    )


def error_of(error: BaseException, record: PluginRecord, kind: str = "raised") -> NagorikError:
    """Read what a plugin raised: its own error of the contract, or a fault of this kind."""
    known = known_error(error := unwrap_group(error))
    if isinstance(known, ServiceNotOffered):
        # What is on offer is the platform's to say, which knows when it is on offer again.
        known = known.copy()
        known.layer = Layer.PLUGIN
    return known or fault_of(error, record, kind)


def unwrap_group(error: BaseException) -> BaseException:
    """The one error that a group comes to, as a ``TaskGroup`` makes it of the failures among its tasks.

    Of several errors of the contract, such as two reads that are refused at once, it is the one that settles least;
    a fault of the plugin's comes before them. A group of several that holds anything else stays a group.
    """
    if not isinstance(error, BaseExceptionGroup):
        return error
    parts = [unwrap_group(part) for part in error.exceptions]
    known = [one for one in map(known_error, parts) if one is not None]
    if len(known) < len(parts):
        return parts[0] if len(parts) == 1 else error
    return min(known, key=lambda one: (type(one) is not PluginFault, _LEAST_SETTLED_FIRST.index(type(one).outcome)))


@cache
def result_types(operation: Operation) -> tuple[type[Model], ...]:
    """The types that an operation's hook may return, as its specification is annotated."""
    from nagorik import hookspecs

    annotation = get_type_hints(getattr(hookspecs, OPERATIONS[operation].hook))["return"]
    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)


def validated_result(operation: Operation, value: object, plugin: str) -> Model | PluginFault:
    """Build ``value`` anew, or the fault of a value in which ``operation`` may not end, naming members but no value.

    A subclass may carry more than the host can keep; ``model_copy`` and ``model_construct`` skip validation.
    """
    names: list[object] = []
    for kind in result_types(operation):
        if type(value) is kind and isinstance(value, kind):
            try:
                return kind.model_validate(value.model_dump(round_trip=True, warnings=False))
            except ValidationError as error:
                names = [line["loc"][0] for line in error.errors(include_input=False) if line["loc"]]
            except Exception:  # noqa: BLE001 - fields that were never validated may hold anything
                names = []
            names = [f"{kind.__name__}.{name}" for name in dict.fromkeys(names) if name in kind.model_fields]
    if type(value) is CoroutineType:  # an isinstance would ask the plugin
        value.close()
    return PluginFault(
        "wrong-result", plugin=plugin, exception=type_name(value), where=", ".join(map(str, names)) or None
    )


def reconcile(ledger: CallLedger, found: Model | NagorikError, *, writes: bool) -> Model | NagorikError:
    """Find what a call ends in, given what its hook came to and what its requests did.

    A plugin may look up a lost response itself; without an answered look-up, the outcome is unknown. So is an error
    that claims that nothing was sent, after something was, and every end with a write still on its way. A read has no
    effect to be unsure of: what an agency's ``unknown`` means there is that it has no answer.
    """
    error = found if isinstance(found, NagorikError) else None
    if isinstance(error, ContractViolation) and not ledger.unread:
        # An agency that answers, and with whose answer the plugin does not agree, is there: others need not wait.
        error = error.copy()
        error.layer = Layer.PLUGIN
    if isinstance(error, OutcomeUnknown):
        return error if writes else AgencyUnavailable(because=error.because, layer=error.layer)
    definite = error is None or error.outcome in _DEFINITE
    if ledger.unknown is not None and not (definite and ledger.read_after_unknown):
        return ledger.unknown
    step = "+".join(sorted(ledger.steps)) or "write"
    if ledger.in_flight:
        return OutcomeUnknown(step=step, because="not-awaited", layer=Layer.PLUGIN)
    if error is not None and error.outcome is Outcome.NOT_SENT and ledger.wrote:
        return OutcomeUnknown(step=step, because=error.code, layer=error.layer)
    return error or found
