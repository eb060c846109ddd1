"""Of everything that fails, what failed first: one cause, and what follows from it.

A finding follows from another in three ways, in this order:

1. It presupposes what the other found failing: a row of the fault matrix that its operation can be called at all and
   is as safe as it is said to be, an operation those by which it is prepared, a check what its ``presupposes`` names.
2. It was decided at the same place of the plugin's code, and shows a symptom that the other shows. A place that only
   sent the request has decided nothing, and counts for one operation alone.
3. It is the same check of another offer, and says the same: one hook serves all offers.

Nothing else is evidence, and no finding is left out: what follows still fails, and is told under its cause.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from nagorik import Operation
from nagorik_testing.contract.checks import CHECKS, Check
from nagorik_testing.contract.matrix_runner import REACHED, SAFE
from nagorik_testing.contract.verdict import CheckStatus, Finding, Symptom

FindingKey = tuple[str, str | None]
"""A check's id and the offer, by which a finding is named."""

_RESTS_ON: Final[Mapping[Operation, tuple[Operation, ...]]] = MappingProxyType(
    {
        Operation.FIND: (Operation.SUBMIT,),
        Operation.STATUS: (Operation.SUBMIT,),
        Operation.WITHDRAW: (Operation.SUBMIT,),
        Operation.CALLBACK: (Operation.SUBMIT,),
        Operation.ADVISE_PAYMENT: (Operation.QUOTE, Operation.SUBMIT),
        Operation.ANSWER_CORRECTION: (Operation.SUBMIT, Operation.ADVISE_PAYMENT, Operation.STATUS),
        Operation.DELIVERABLE: (Operation.SUBMIT, Operation.ADVISE_PAYMENT, Operation.STATUS),
        Operation.SLOTS: (Operation.SUBMIT, Operation.ADVISE_PAYMENT, Operation.STATUS),
        Operation.BOOK_SLOT: (Operation.SUBMIT, Operation.ADVISE_PAYMENT, Operation.STATUS, Operation.SLOTS),
        Operation.QUERY_PAYMENT: (Operation.START_PAYMENT,),
        Operation.PAYMENT_NOTICE: (Operation.START_PAYMENT,),
        Operation.COMPLETE_PAYMENT: (Operation.START_PAYMENT, Operation.QUERY_PAYMENT),
        Operation.LIST_PAYMENTS: (Operation.START_PAYMENT, Operation.QUERY_PAYMENT),
        Operation.REFUND_PAYMENT: (Operation.START_PAYMENT, Operation.QUERY_PAYMENT),
    }
)
"""What a rig calls before an operation, to have what it is called with."""
_KEYS: Final[Mapping[Operation, str]] = MappingProxyType(
    {
        Operation.SUBMIT: "submit/F17-replay",
        Operation.START_PAYMENT: "payment/F19-started-twice",
        Operation.REFUND_PAYMENT: "payment/F19-refunded-twice",
    }
)
"""What shows that the agency honours the key of a write, on which every repeated attempt relies."""
_FILED: Final = "submit/accepted"
"""What shows that there is an application of which anything can be asked."""
_LOGGED: Final = "privacy/shown"
_CATALOGUE: Final = "catalogue/objects"
_OPERATIONS: Final = frozenset(operation.value for operation in Operation)
_BY_ID: Final[Mapping[str, Check]] = MappingProxyType({check.id: check for check in CHECKS})


def causes_of(failures: Sequence[Finding]) -> dict[FindingKey, FindingKey]:
    """What follows, each with its cause; a finding that is in no other's place is a cause itself.

    Args:
        failures: All that fails, in the suite's order.
    """
    failing = {_key(finding): finding for finding in failures}
    direct: dict[FindingKey, FindingKey] = {}
    for key, finding in failing.items():
        presupposed = next((other for other in _presupposed(finding, failing) if other in failing), None)
        if presupposed is not None and presupposed != key:
            direct[key] = presupposed
    roots = [finding for key, finding in failing.items() if key not in direct]
    for place, finding in enumerate(roots):
        earlier = (one for one in roots[:place] if _key(one) not in direct)
        if (cause := next((one for one in earlier if _is_the_same(one, finding)), None)) is not None:
            direct[_key(finding)] = _key(cause)
    return {key: _end_of(key, direct) for key in direct}


def _end_of(key: FindingKey, direct: Mapping[FindingKey, FindingKey]) -> FindingKey:
    while key in direct:
        key = direct[key]
    return key


def _key(finding: Finding) -> FindingKey:
    return finding.check, finding.offer


def _presupposed(finding: Finding, failing: Mapping[FindingKey, Finding]) -> Iterator[FindingKey]:
    """What a finding relies on, the nearest first; never something that relies on it in turn."""
    name, _, row = finding.check.partition("/")
    if name in _OPERATIONS and finding.check not in _BY_ID:
        yield from _presupposed_by_row(finding, Operation(name), row)
    elif (check := _BY_ID.get(finding.check)) is not None:
        offers = [finding.offer] if finding.offer is not None else [offer for _, offer in failing]
        for offer in offers:
            yield from ((f"{operation.value}/{REACHED}", offer) for operation in check.needs)
            if Operation.SUBMIT in check.needs and check.id != _FILED:
                yield _FILED, offer
            yield from ((presupposed, offer) for presupposed in check.presupposes)
        yield from ((presupposed, None) for presupposed in check.presupposes)
    if finding.status is CheckStatus.NOT_REACHED and finding.origin is None and row != REACHED:
        # It could not look, for want of anything that can be called.
        yield from (
            (check, offer)
            for check, offer in failing
            if check.endswith(f"/{REACHED}") and (finding.offer is None or offer == finding.offer)
        )


def _presupposed_by_row(finding: Finding, operation: Operation, row: str) -> Iterator[FindingKey]:
    offer = finding.offer
    if row == REACHED:
        if finding.status is CheckStatus.NOT_REACHED and finding.origin is None:
            yield _CATALOGUE, None
        rests_on = _RESTS_ON.get(operation, ())
        yield from ((f"{other.value}/{REACHED}", offer) for other in rests_on)
        if Operation.SUBMIT in rests_on:
            yield _FILED, offer
        return
    yield f"{operation.value}/{REACHED}", offer
    if row != SAFE and Symptom.EFFECT in finding.symptoms:
        yield f"{operation.value}/{SAFE}", offer
    if Symptom.SENDING in finding.symptoms and operation in _KEYS:
        yield _KEYS[operation], offer
    if Symptom.PRIVACY in finding.symptoms:
        yield _LOGGED, offer


def _is_the_same(one: Finding, other: Finding) -> bool:
    """Whether two findings are of one fault by all that is known of them."""
    at = other.origin
    if one.origin is not None and at is not None and one.origin.is_that_of(at) and one.symptoms & other.symptoms:
        return one.origin.decided or one.check.partition("/")[0] == other.check.partition("/")[0]
    return one.check == other.check and one.got == other.got and one.because == other.because and one.origin is None
