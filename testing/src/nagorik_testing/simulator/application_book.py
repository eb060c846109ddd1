"""Every application that a simulated agency holds, and what may be done with one."""

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, NamedTuple, TypeVar

from pydantic import JsonValue
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik.values import Money
from nagorik_testing.simulator.app import ReadRequest
from nagorik_testing.simulator.base import ADMIN_PATH, RequestSubject, Simulator, SimulatorComponent
from nagorik_testing.simulator.handlers import Refusal, RouteHandler, content_of
from nagorik_testing.simulator.script import Scenario
from nagorik_testing.simulator.workflow import Workflow

D = TypeVar("D")


class Entered(NamedTuple):
    """One state, entered."""

    state: str
    at: datetime
    remarks: str


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """A payment that the agency was told of."""

    reference: str
    amount: Money
    arrives_at: datetime
    """When the agency has it as its own fact."""


@dataclass(slots=True, repr=False)
class Case(Generic[D]):
    """One application; what is the agency's own about it stands in ``details``."""

    number: str
    """The agency's reference."""
    details: D
    workflow: Workflow
    client_reference: str | None
    alias: str | None
    """The applicant's name in scripts, for a synthetic citizen."""
    traits: frozenset[str]
    """What its workflow depends on, such as ``URGENT``."""
    filed_at: datetime
    scenario: Callable[[], Scenario]
    """What was scripted, at the moment of asking."""
    history: list[Entered] = field(default_factory=list)
    due: tuple[str, datetime] | None = None
    """The state that it enters by itself, and when."""
    payments: list[PaymentTold] = field(default_factory=list)
    content: JsonValue = None
    """What was handed in when it was filed; ``None`` where the agency does not say."""
    answers: dict[str, str] = field(default_factory=dict)
    """Digest of what was handed in last, by action."""

    @property
    def state(self) -> str:
        """The state entered last."""
        return self.history[-1].state

    @property
    def word(self) -> str:
        """The agency's word for the state, in Bangla."""
        return self.workflow.states[self.state]

    @property
    def remarks(self) -> str:
        """What the agency said when it entered the state; empty where nothing."""
        return self.history[-1].remarks

    @property
    def changed_at(self) -> datetime:
        """When the state was entered, in UTC."""
        return self.history[-1].at

    def enter(self, state: str, at: datetime, remarks: str | None = None) -> None:
        """Enter a state, and schedule what follows by itself."""
        scenario = self.scenario()
        if remarks is None and state in self.workflow.remarks:
            remarks = scenario.values.get("remarks", self.workflow.remarks[state])
        self.history.append(Entered(state, at, remarks or ""))
        entered = {entry.state for entry in self.history}
        following = self.workflow.following(state, traits=self.traits, scenario=scenario, entered=entered)
        self.due = None if following is None else (following[0], at + following[1])

    def catch_up(self, now: datetime) -> None:
        """Enter every state that has fallen due by ``now``, each at its own time."""
        while self.due is not None and self.due[1] <= now:
            self.enter(*self.due)


MARKER: Final = re.compile(r"\bsim:([a-z-]+)")
"""In any text of an application, scripts its outcome: ``sim:reject``. For trying things out by hand."""


@dataclass(slots=True)
class Replication:
    """How far behind an agency's search is."""

    lag: timedelta = timedelta(0)
    """How long an application stays unfindable after it was filed."""
    admitted: bool = True
    """Whether the search says that it is incomplete meanwhile; hence the grace of look-ups."""


class ApplicationBook(SimulatorComponent, Generic[D]):
    """The applications of one kind. Nothing is deduplicated here: whoever files twice has filed two.

    Attributes:
        replication: The search's delay.
    """

    def __init__(
        self,
        agency: Simulator,
        workflow: Workflow,
        *,
        numbers: str,
        name: str = "applications",
        effect: str = "application",
        field: str = "applicationId",
    ) -> None:
        """Open a book, and the officers' actions of its workflow under ``/_simulator/<plugin>/<name>/{number}/``.

        Args:
            agency: Whose clock, ledger, script and chance it goes by.
            workflow: What becomes of an application.
            numbers: How its references look, each ``#`` being a digit: ``NIDW-##########``.
            name: What is in it, for the officers' addresses.
            effect: What the ledger calls a filing.
            field: What the agency calls a reference, for a refusal.
        """
        self._agency = agency
        self._workflow = workflow
        self._numbers = numbers
        self._name = name
        self._effect = effect
        self._field = field
        self._cases: dict[str, Case[D]] = {}
        self._paid_with: dict[str, str] = {}
        self.replication = Replication()
        agency.components.append(self)

    @property
    def workflow(self) -> Workflow:
        """What becomes of an application in this book."""
        return self._workflow

    def __iter__(self) -> Iterator[Case[D]]:
        """Every application as it stands now, in the order of filing."""
        return (self.get(number) for number in self._cases)

    def __len__(self) -> int:
        return len(self._cases)

    def file(
        self,
        details: D,
        *,
        client_reference: str | None = None,
        idempotency_key: str | None = None,
        alias: str | None = None,
        traits: Collection[str] = (),
        content: JsonValue = None,
    ) -> Case[D]:
        """File an application.

        Args:
            details: What is the agency's own about it.
            client_reference: The partner's reference, by which it can be searched and scripted.
            idempotency_key: For the ledger.
            alias: The applicant's name in scripts.
            traits: What its workflow depends on.
            content: What was handed in, in which ``sim:<outcome>`` scripts the outcome; a campaign compares it with
                what the citizen wanted filed.
        """
        found = MARKER.search(" ".join(_texts(content)))
        otherwise = found[1] if found and found[1] in self._agency.script.outcomes else None

        def scenario() -> Scenario:
            return self._agency.script.scenario(client_reference, alias, otherwise=otherwise)

        now = self._agency.clock.now()
        case = Case(
            number=self._new_number(),
            details=details,
            workflow=self._workflow,
            client_reference=client_reference,
            alias=alias,
            traits=frozenset(traits),
            filed_at=now,
            scenario=scenario,
            content=content,
        )
        case.enter(self._workflow.begins, now)
        self._cases[case.number] = case
        self._agency.ledger.record(
            self._effect, case.number, client_reference=client_reference, idempotency_key=idempotency_key
        )
        return case

    def find(self, number: str) -> Case[D] | None:
        """An application as it stood when it was looked at last, for those who only want to know whose it is."""
        return self._cases.get(number)

    def get(self, number: str) -> Case[D]:
        """An application as it stands now.

        Raises:
            Refusal: 404.
        """
        case = self._cases.get(number)
        if case is None:
            raise Refusal(404, self._field, "no such application")
        case.catch_up(self._agency.clock.now())
        return case

    def search(self, client_reference: str) -> tuple[list[Case[D]], bool]:
        """Applications with that client reference, and whether the search has seen all applications there are."""
        horizon = self._agency.clock.now() - self.replication.lag
        seen = [case for case in self if case.filed_at <= horizon]
        complete = len(seen) == len(self) or not self.replication.admitted
        return [case for case in seen if case.client_reference == client_reference], complete

    def allows(self, case: Case[D], action: str) -> bool:
        """Whether ``action`` may be done to ``case`` now."""
        return case.state in self._workflow.actions[action].sources

    def act(self, case: Case[D], action: str, *, remarks: str | None = None, due: datetime | None = None) -> Case[D]:
        """Do what the workflow calls ``action``, at once or when it falls due.

        Raises:
            Refusal: 409, where the application is in no state for it.
        """
        done = self._workflow.actions[action]
        now = self._agency.clock.now()
        if case.state not in done.sources:
            raise Refusal(409, "status", f"the application is {case.state}")
        if done.effect is not None:
            self._agency.ledger.record(done.effect, case.number, client_reference=case.client_reference)
        if due is not None and due > now:
            case.due = (done.to, due)
        else:
            case.enter(done.to, now, remarks)
            case.catch_up(now)
        return case

    def hand_in(self, case: Case[D], action: str, content: JsonValue) -> Case[D]:
        """Do ``action`` with what the applicant hands in; the same handed in again changes nothing.

        Raises:
            Refusal: 409, where nothing of the kind is expected.
        """
        digest = hashlib.sha256(to_json(content)).hexdigest()
        if self.allows(case, action):
            self.act(case, action)
            case.answers[action] = digest
        elif case.answers.get(action) != digest:
            raise Refusal(409, "status", "nothing was asked for")
        return case

    def pay(self, case: Case[D], reference: str, amount: Money, *, due: Money, arrives_at: datetime) -> bool:
        """Be told of a payment; whether it is new. The same reference again changes nothing.

        What becomes of the application is left to an action, such as ``act(case, "pay", due=arrives_at)``.

        Raises:
            Refusal: 409 for a reference that paid for another application, 400 for an amount other than ``due``.
        """
        if any(payment.reference == reference for payment in case.payments):
            return False
        if self._paid_with.get(reference, case.number) != case.number:
            raise Refusal(409, "reference", "was used for another application")
        if amount != due:
            raise Refusal(400, "amount", f"{due.plain()} is due")
        self._paid_with[reference] = case.number
        case.payments.append(PaymentTold(reference, amount, arrives_at))
        self._agency.ledger.record(
            "payment", reference, client_reference=case.client_reference, amount=amount.plain()
        )
        return True

    def about(self, request: ReadRequest) -> RequestSubject | None:
        """Whose application a request names, in its path or in its query."""
        for value in (*request.path_parameters.values(), *request.query.values()):
            case = self.find(value)
            if case is not None:
                return RequestSubject(case.client_reference, (case.alias,) if case.alias else ())
        return None

    def officer_routes(self) -> tuple[Route, ...]:
        """``POST /_simulator/<plugin>/<name>/{number}/<action>``, with ``{"remarks"}`` or nothing."""
        path = f"{ADMIN_PATH}/{self._agency.plugin_id}/{self._name}/{{number}}"
        return tuple(
            Route(f"{path}/{action}", self._officer(action), methods=["POST"])
            for action, done in self._workflow.actions.items()
            if done.by == "officer"
        )

    def _officer(self, action: str) -> RouteHandler:
        async def act(request: Request) -> Response:
            try:
                remarks = (await content_of(request)).get("remarks")
                case = self.get(request.path_params["number"])
                self.act(case, action, remarks=remarks if isinstance(remarks, str) else None)
            except Refusal as refusal:
                return JSONResponse({"error": refusal.message or refusal.field}, status_code=refusal.status)
            return JSONResponse({"number": case.number, "status": case.state, "remarks": case.remarks})

        return act

    def _new_number(self) -> str:
        while True:
            drawn = (str(self._agency.random.randrange(10)) if sign == "#" else sign for sign in self._numbers)
            number = "".join(drawn)
            if number not in self._cases:
                return number


def _texts(content: JsonValue) -> Iterable[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for item in content:
            yield from _texts(item)
