"""Of everything that fails, what failed first: one cause, and what follows from it.

A finding follows from an earlier one in two ways:

1. It relies on what the other found failing: a row of the fault matrix on a call without a fault, an operation on
   those by which it is prepared, a check on what its ``presupposes`` names.
2. It shows a symptom that the other shows, at the same place of the plugin's code, or says the same of another offer.
   A place that only sent the request counts for one operation alone.

A consequence still fails, and is reported under its cause.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from nagorik import Operation
from nagorik_testing.contract.checks import CHECKS, Check
from nagorik_testing.contract.live import RESTS_ON
from nagorik_testing.contract.matrix_runner import REACHED, SAFE
from nagorik_testing.contract.verdict import CheckStatus, Finding, FindingKey, Symptom
from nagorik_testing.validation.findings import Severity

_KEYS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Operation.SUBMIT: "submit/F17-replay",
        Operation.START_PAYMENT: "payment/F19-started-twice",
        Operation.REFUND_PAYMENT: "payment/F19-refunded-twice",
    }
)
"""What shows that the agency honours the key of a write, on which every repeated attempt relies."""
_FILED: Final = "submit/accepted"
"""What shows that the agency holds an application."""
_BY_ID: Final[Mapping[str, Check]] = MappingProxyType({check.id: check for check in CHECKS})


def causes_of(failures: Sequence[Finding]) -> dict[FindingKey, FindingKey]:
    """Return each consequence with its cause; what is of less weight than an error causes nothing.

    Args:
        failures: All that fails, in the suite's order.
    """
    failing = defaultdict[str, list[FindingKey]](list)
    for finding in failures:
        if finding.severity is Severity.ERROR:
            failing[finding.check].append(finding.key)
    direct = {one.key: key for one in failures if (key := _relied_on(one, failing)) is not None}
    roots: list[Finding] = []
    for finding in failures:
        if finding.key in direct:
            continue
        cause = next((root for root in roots if _is_the_same(root, finding)), None)
        if cause is None:
            roots.append(finding)
        else:
            direct[finding.key] = cause.key
    return {key: _end_of(key, direct) for key in direct}


def _end_of(key: FindingKey, direct: Mapping[FindingKey, FindingKey]) -> FindingKey:
    while key in direct:
        key = direct[key]
    return key


def _relied_on(finding: Finding, failing: Mapping[str, Sequence[FindingKey]]) -> FindingKey | None:
    """Return the nearest failure that a finding relies on, of its own offer or of the plugin."""
    return next(
        (
            key
            for check in _presupposed(finding)
            for key in failing.get(check, ())
            if key != finding.key and (finding.offer is None or key[1] in {None, finding.offer})
        ),
        None,
    )


def _presupposed(finding: Finding) -> Iterator[str]:
    """The checks that a finding relies on, the nearest first; never one that relies on it in turn."""
    name, _, row = finding.check.partition("/")
    check = _BY_ID.get(finding.check)
    operations = check.needs if check is not None else RESTS_ON.get(name, ())
    if check is None and row != REACHED:
        yield f"{name}/{REACHED}"
        if row != SAFE and Symptom.EFFECT in finding.symptoms:
            yield f"{name}/{SAFE}"
        if Symptom.SENDING in finding.symptoms and name in _KEYS:
            yield _KEYS[name]
        if Symptom.PRIVACY in finding.symptoms:
            yield "privacy/shown"
        return
    could_not_look = finding.status is CheckStatus.NOT_REACHED and finding.origin is None
    if could_not_look and check is None:
        yield "catalogue/objects"
    yield from (f"{operation.value}/{REACHED}" for operation in operations)
    if Operation.SUBMIT in operations and finding.check != _FILED:
        yield _FILED
    if check is not None:
        yield from check.presupposes
        yield from (f"{operation.value}/{REACHED}" for operation in Operation if could_not_look)


def _is_the_same(one: Finding, other: Finding) -> bool:
    """Whether two findings are of one fault by all that is known of them."""
    if (one.check, one.got, one.because) == (other.check, other.got, other.because) and one.origin is None:
        return True
    alike = one.origin is not None and other.origin is not None and one.origin[:2] == other.origin[:2]
    one_operation = one.check.partition("/")[0] == other.check.partition("/")[0]
    return (
        alike and bool(one.symptoms & other.symptoms) and (one_operation or bool(one.origin and one.origin.decided))
    )
