"""Which request meets which fault."""

from collections.abc import Collection
from difflib import get_close_matches

from nagorik_testing.faults.kinds import Fault
from nagorik_testing.simulator.ledger import Ledger


class FaultRule:
    """One fault and the requests that meet it: the ``first``-th that matches and the ``count - 1`` after it."""

    __slots__ = ("client_reference", "count", "fault", "first", "idle", "logins", "matched", "operation", "used")

    def __init__(
        self,
        operation: str,
        fault: Fault,
        *,
        first: int,
        count: int | None,
        client_reference: str | None,
        logins: bool,
    ) -> None:
        self.operation = operation
        self.fault = fault
        self.first = first
        self.count = count
        self.client_reference = client_reference
        self.logins = logins
        self.matched = 0
        """How many requests matched since the rule was added, whether or not it was their turn."""
        self.used = 0
        """How many requests met the fault."""
        self.idle = 0
        """How many of those were answered byte for byte as they would have been without it."""

    def due(self) -> bool:
        """Whether the request that was matched last is one of those that meet the fault."""
        return self.matched >= self.first and (self.count is None or self.matched < self.first + self.count)

    def __repr__(self) -> str:
        return f"<FaultRule {self.operation} {self.fault.fault} used {self.used}>"


class FaultPlan:
    """The scripted faults of one simulator. The rule that was added first wins."""

    def __init__(self, ledger: Ledger, operations: Collection[str] = ()) -> None:
        self._ledger = ledger
        self._rules: list[FaultRule] = []
        self.begin(operations)

    def begin(self, operations: Collection[str]) -> None:
        """Begin anew, for a simulator that offers ``operations``."""
        self._operations = frozenset(operations)
        self._rules.clear()

    def add(
        self,
        operation: str,
        fault: Fault,
        *,
        first: int = 1,
        count: int | None = 1,
        client_reference: str | None = None,
        logins: bool = True,
    ) -> FaultRule:
        """Let requests meet a fault.

        Args:
            operation: The route's name, as in the ledger; ``*`` for every request.
            fault: What happens to them.
            first: The first matching request that meets it, counted from 1 and from now.
            count: How many meet it in a row; ``None`` for all from ``first`` on.
            client_reference: Only requests that carry this client reference, itself or by its alias in the ledger, or
                that are about whom the simulator knows by this marker, such as ``citizen-0042``.
            logins: Whether requests that the plugin's ``login`` sends may meet it, too.

        Raises:
            ValueError: For an operation that the simulator does not have: such a fault would never happen, and a
                test with it would hold nothing.
        """
        if operation != "*" and operation not in self._operations:
            near = get_close_matches(operation, self._operations, n=1)
            raise ValueError(f"no operation {operation}{f'; did you mean {near[0]}?' if near else ''}")
        if first < 1 or (count is not None and count < 1):
            raise ValueError("first and count are 1 or more")
        rule = FaultRule(operation, fault, first=first, count=count, client_reference=client_reference, logins=logins)
        self._rules.append(rule)
        return rule

    def take(
        self,
        operation: str,
        client_reference: str | None = None,
        markers: Collection[str] = (),
        *,
        is_login: bool = False,
    ) -> FaultRule | None:
        """The rule whose fault a request meets, if any; every matching rule counts the request."""
        names = set(markers)
        if client_reference is not None:
            names |= {client_reference, self._ledger.alias(client_reference)}
        chosen: FaultRule | None = None
        for rule in self._rules:
            if rule.operation not in {"*", operation} or (is_login and not rule.logins):
                continue
            if rule.client_reference is not None and rule.client_reference not in names:
                continue
            rule.matched += 1
            if chosen is None and rule.due():
                chosen = rule
        if chosen is not None:
            chosen.used += 1
        return chosen

    @property
    def rules(self) -> tuple[FaultRule, ...]:
        """The rules in order."""
        return tuple(self._rules)

    @property
    def unused(self) -> tuple[FaultRule, ...]:
        """Rules whose fault has not happened: a test that scripted it has not tested it."""
        return tuple(rule for rule in self._rules if not rule.used)

    @property
    def operations(self) -> frozenset[str]:
        """Every operation that a rule may name."""
        return self._operations

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()
