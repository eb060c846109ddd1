"""Errors as they leave the platform, and what is known of a write when its call has ended."""

import json
import re
from typing import Final, TypeGuard

from nagorik import errors
from nagorik.agency_client import CallLedger
from nagorik.errors import AgencyClosed, AgencyUnavailable, Layer, NagorikError, Outcome, OutcomeUnknown

_KNOWN: Final = frozenset(
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, NagorikError) and kind is not NagorikError
)
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+-]{0,79}")
_CODES: Final = ("because", "fault", "reason_code")
"""Members that are words of a program and go into logs and journals as they are."""
_DEFINITE: Final = frozenset({Outcome.REJECTED, Outcome.ALREADY_THERE})


def is_known(error: BaseException) -> TypeGuard[NagorikError]:
    """Whether a host can handle this error: one of ``nagorik.errors`` itself, with members that can be rendered.

    A plugin's own subclass could say anything in its text, and a member of the wrong type would fail in the host.
    """
    if type(error) not in _KNOWN or not isinstance(error, NagorikError):
        return False
    try:
        json.dumps({**error.details(), "outcome": error.outcome.value, "layer": error.layer.value}, allow_nan=False)
    except Exception:  # noqa: BLE001 - a member may be anything
        return False
    if isinstance(error, AgencyClosed) and error.until.tzinfo is None:
        return False
    codes = [getattr(error, name) for name in _CODES if hasattr(error, name)]
    return all(isinstance(code, str) and _CODE.fullmatch(code) is not None for code in codes)


def held_to_ledger(ledger: CallLedger, error: NagorikError | None) -> NagorikError | None:
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


def of_a_read(error: NagorikError) -> NagorikError:
    """A read has no effect to be unsure of: what an agency's ``unknown`` means there is that it has no answer."""
    if isinstance(error, OutcomeUnknown):
        return AgencyUnavailable(because=error.because, layer=error.layer)
    return error


def _unknown(ledger: CallLedger, because: str, layer: Layer) -> OutcomeUnknown:
    return OutcomeUnknown(step="+".join(sorted(ledger.steps)) or "write", because=because, layer=layer)
