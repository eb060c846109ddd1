"""What a call that has ended comes to: a result, an error of the contract, a plugin's fault, or an unknown outcome.

A result is held to the hook's specification, an error to ``nagorik.errors``, and both to the call's ledger: no plugin
may say that nothing was sent when a write of its call may have been processed. Of what a plugin raised beside that,
the kind and the place are told, never the text.
"""

import types
from functools import cache
from pathlib import Path
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
)
from nagorik.operations import OPERATIONS, Operation
from nagorik.privacy import Model
from nagorik_platform.agency_client.ledger import CallLedger
from nagorik_platform.contract_errors import known_error
from nagorik_platform.registry import PluginRecord
from nagorik_platform.tracebacks import frame_inside, type_name

_EXITS: Final = (SystemExit, KeyboardInterrupt)


def fault_of(error: BaseException, record: PluginRecord, kind: str = "raised") -> PluginFault:
    """A plugin's foreign exception as its fault; ``exit`` where it would have ended the process."""
    return PluginFault(
        "exit" if isinstance(error, _EXITS) else kind,
        plugin=record.id,
        exception=type_name(error),
        where=_place(error, record.directory),
    )


_LEAST_SETTLED_FIRST: Final = (Outcome.UNKNOWN, Outcome.NOT_SENT, Outcome.REJECTED, Outcome.ALREADY_THERE)


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


def _place(error: BaseException, directory: Path | None) -> str | None:
    """File, line and function of the innermost frame inside the plugin."""
    frame = frame_inside(error, directory) if directory is not None else None
    return f"{frame.file}:{frame.line} in {frame.function}" if frame is not None else None


@cache
def result_types(operation: Operation) -> frozenset[type[Model]]:
    """The types that an operation's hook may return, as its specification is annotated."""
    from nagorik import hookspecs

    annotation = get_type_hints(getattr(hookspecs, OPERATIONS[operation].hook))["return"]
    union = get_origin(annotation) in {Union, types.UnionType}
    return frozenset(get_args(annotation) if union else (annotation,))


def validated_result(operation: Operation, value: object) -> Model | None:
    """``value`` built anew, or ``None`` if ``operation`` may not end in it.

    Its type is taken literally: a subclass may carry more than the host knows how to keep, and a stand-in may lie
    about its class. Its fields are validated again, because ``model_copy(update=…)`` and ``model_construct`` skip it.
    """
    kind = next((kind for kind in result_types(operation) if type(value) is kind), None)
    if kind is None or not isinstance(value, kind) or _overlong(value):
        return None
    try:
        return kind.model_validate(value.model_dump(round_trip=True, warnings=False))
    except Exception:  # noqa: BLE001 - fields that were never validated may hold anything
        return None


_MOST_ITEMS: Final = 5_000
"""No member of a result may have more items; to write more out and validate them takes the plugin's memory twice."""
_COLLECTIONS: Final = frozenset({tuple, list, set, frozenset, dict})


def _overlong(value: Model) -> list[str]:
    return [name for name, held in vars(value).items() if type(held) in _COLLECTIONS and len(held) > _MOST_ITEMS]


def misfits_of(operation: Operation, value: object) -> str | None:
    """The members of a wrong result that are not what its model says, such as ``Pending.check_after``; no value."""
    kind = next((kind for kind in result_types(operation) if type(value) is kind), None)
    if kind is None or not isinstance(value, kind):
        return None
    if overlong := _overlong(value):
        return ", ".join(f"{kind.__name__}.{name}" for name in overlong if name in kind.model_fields) or None
    try:
        kind.model_validate(value.model_dump(round_trip=True, warnings=False))
    except ValidationError as error:
        found = dict.fromkeys(line["loc"][0] for line in error.errors(include_input=False) if line["loc"])
        return ", ".join(f"{kind.__name__}.{name}" for name in found if name in kind.model_fields) or None
    except Exception:  # noqa: BLE001 - fields that were never validated may hold anything
        return None
    return None


_DEFINITE: Final = frozenset({Outcome.REJECTED, Outcome.ALREADY_THERE})


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
