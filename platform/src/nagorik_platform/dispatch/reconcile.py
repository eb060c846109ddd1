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

_MOST_ITEMS: Final = 5_000
"""No member of a result may have more items; to write more out and validate them takes the plugin's memory twice."""
_COLLECTIONS: Final = frozenset({tuple, list, set, frozenset, dict})
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
    """What a plugin raised as an error of the contract: its own, or a fault of this kind."""
    error = unwrap_group(error)
    known = known_error(error)
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
    """``value`` built anew, or the fault of a value in which ``operation`` may not end, naming members but no value.

    Its type is taken literally: a subclass may carry more than the host knows how to keep, and a stand-in may lie
    about its class. Its fields are validated again, because ``model_copy(update=…)`` and ``model_construct`` skip it.
    """
    wrong: list[str] = []
    for kind in result_types(operation):
        if type(value) is kind and isinstance(value, kind):
            wrong = [
                name for name, held in vars(value).items() if type(held) in _COLLECTIONS and len(held) > _MOST_ITEMS
            ]
            if not wrong:
                try:
                    return kind.model_validate(value.model_dump(round_trip=True, warnings=False))
                except ValidationError as error:
                    wrong = [str(line["loc"][0]) for line in error.errors(include_input=False) if line["loc"]]
                except Exception:  # noqa: BLE001 - fields that were never validated may hold anything
                    wrong = []
            wrong = [f"{kind.__name__}.{name}" for name in dict.fromkeys(wrong) if name in kind.model_fields]
    if type(value) is CoroutineType:  # an isinstance would ask the plugin
        value.close()
    return PluginFault("wrong-result", plugin=plugin, exception=type_name(value), where=", ".join(wrong) or None)


def reconcile_with_ledger(ledger: CallLedger, error: NagorikError | None) -> NagorikError | None:
    """The error that a call ends in, given what the plugin says (``None`` for a result) and what its writes did.

    No plugin may say that nothing was sent, or that all is well, when a write of its call may have been processed.
    One that meets a lost answer may look it up itself and return what it found; without an answered look-up its word
    counts for nothing. An error that claims that nothing was sent, after something was, is unknown too, and so
    is every end with a write still on its way.
    """
    if isinstance(error, OutcomeUnknown):
        return error
    definite = error is None or error.outcome in _DEFINITE
    if ledger.unknown is not None and not (definite and ledger.read_after_unknown):
        return ledger.unknown
    if ledger.in_flight:
        return _unknown(ledger, "not-awaited", Layer.PLUGIN)
    if error is not None and error.outcome is Outcome.NOT_SENT and ledger.wrote:
        return _unknown(ledger, error.code, error.layer)
    return error


def on_whose_word(ledger: CallLedger, error: NagorikError) -> NagorikError:
    """The error, on the plugin's word where the client could read every answer of the call.

    An agency that answers, and with whose answer the plugin does not agree, is there: others need not wait for it.
    """
    if not isinstance(error, ContractViolation) or ledger.unread:
        return error
    own = error.copy()
    own.layer = Layer.PLUGIN
    return own


def as_read_error(error: NagorikError) -> NagorikError:
    """A read has no effect to be unsure of: what an agency's ``unknown`` means there is that it has no answer."""
    if isinstance(error, OutcomeUnknown):
        return AgencyUnavailable(because=error.because, layer=error.layer)
    return error


def _unknown(ledger: CallLedger, because: str, layer: Layer) -> OutcomeUnknown:
    return OutcomeUnknown(step="+".join(sorted(ledger.steps)) or "write", because=because, layer=layer)
