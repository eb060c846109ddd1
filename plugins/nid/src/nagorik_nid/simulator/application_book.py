"""Every application that the Commission holds, and what may be done with one [X]."""

import hashlib
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from pydantic import JsonValue
from pydantic_core import to_json

from nagorik.bangladesh import Money, dhaka_time
from nagorik_nid.simulator.course import DECIDED, Application, Payment, default_length, status_in_bangla
from nagorik_nid.simulator.envelope import Refusal
from nagorik_nid.simulator.fee_counter import CHARGED, FeeCounter
from nagorik_nid.simulator.filing import Filing
from nagorik_nid.simulator.register import VoterRegister
from nagorik_testing import Ledger, Scenario, Script, SimulatedClock

MARKER: Final = re.compile(r"\bsim:([a-z-]+)")
"""In any text of an application, scripts its outcome: ``sim:reject``. For trying things out by hand."""


@dataclass(slots=True)
class Replication:
    """How far behind the Commission's search is."""

    lag: timedelta = timedelta(0)
    """How long an application stays unfindable after it was filed."""
    admitted: bool = True
    """Whether the search says that it is incomplete meanwhile; an agency that does not is why settle times exist."""


class ApplicationBook:
    """The applications. Nothing is deduplicated: whoever files twice has filed two."""

    def __init__(
        self,
        *,
        clock: SimulatedClock,
        ledger: Ledger,
        script: Script,
        chance: random.Random,
        register: VoterRegister,
        fees: FeeCounter,
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._script = script
        self._chance = chance
        self._register = register
        self._fees = fees
        self._applications: dict[str, Application] = {}
        self._references: dict[str, str] = {}
        self.propagation = default_length("propagation")
        """From paying to the payment's arrival at the Commission."""
        self.replication = Replication()

    def file(self, filing: Filing, content: Mapping[str, Any], *, key: str | None) -> Application:
        """File an application."""
        voter = self._register.find(filing.nid) if filing.nid else None
        if voter is not None and voter.citizen.birth_date != filing.birth_date:
            raise Refusal(400, "dob", "does not match the NID number")
        holder = self._register.holder(filing.nid) if filing.nid else ""
        now = self._clock.now()
        found = MARKER.search(" ".join(_texts(dict(content))))
        marker = found[1] if found and found[1] in self._script.outcomes else None
        alias = voter.citizen.alias if voter else None

        def scenario() -> Scenario:
            return self._script.scenario(filing.client_reference, alias, otherwise=marker)

        application = Application(
            id=self._new_id(),
            kind=filing.kind,
            holder=holder,
            alias=alias,
            birth_date=filing.birth_date.isoformat(),
            delivery=filing.delivery,
            collection=filing.collection,
            client_reference=filing.client_reference,
            created_at=now,
            quote=self._fees.charge(holder, filing.kind, filing.delivery, filing.fields),
            scenario=scenario,
        )
        application.enter("DRAFT", now)
        self._applications[application.id] = application
        self._ledger.record(
            "application", application.id, client_reference=application.client_reference, idempotency_key=key
        )
        return application

    def get(self, number: str) -> Application:
        """An application as it stands now.

        Raises:
            Refusal: 404.
        """
        application = self._applications.get(number)
        if application is None:
            raise Refusal(404, "applicationId", "no such application")
        application.settle(self._clock.now())
        return application

    def of(self, number: str, birth_date: str) -> Application:
        """An application, for whoever knows the applicant's date of birth.

        Raises:
            Refusal: 400 without a date, 404 where it is another's: which of the two is wrong is not told.
        """
        if not birth_date:
            raise Refusal(400, "dob", "YYYY-MM-DD is expected")
        application = self.get(number)
        if application.birth_date != birth_date:
            raise Refusal(404, "applicationId", "no such application")
        return application

    def search(self, client_reference: str) -> tuple[list[Application], bool]:
        """Applications with that client reference, and whether the search has seen all applications there are."""
        horizon = self._clock.now() - self.replication.lag
        everything = self._applications.values()
        seen = [self.get(one.id) for one in everything if one.created_at <= horizon]
        complete = len(seen) == len(everything) or not self.replication.admitted
        return [one for one in seen if one.client_reference == client_reference], complete

    def pay(self, application: Application, reference: str, amount: Money, payment: Payment) -> bool:
        """Be told of a payment; whether it has arrived. The same reference again changes nothing."""
        now = self._clock.now()
        if application.payment is not None and application.payment.reference == reference:
            return application.payment.arrives_at <= now
        if application.payment is not None:
            raise Refusal(409, "reference", "the application is paid for")
        if application.kind not in CHARGED:
            raise Refusal(409, "amount", "nothing is due")
        if application.status != "DRAFT":
            raise Refusal(409, "status", "the application is closed")
        if self._references.setdefault(reference, application.id) != application.id:
            raise Refusal(409, "reference", "was used for another application")
        if amount != application.quote.total:
            del self._references[reference]
            raise Refusal(400, "amount", f"{application.quote.total.plain()} is due")
        self._fees.remember(application.holder, application.kind)
        self._ledger.record(
            "payment", reference, client_reference=application.client_reference, amount=amount.plain()
        )
        application.pay(payment, now)
        return payment.arrives_at <= now

    def answer(self, application: Application, content: Mapping[str, Any]) -> None:
        """Take what was asked for; the answer taken last, sent again, changes nothing."""
        digest = hashlib.sha256(to_json(content)).hexdigest()
        if application.status != "ADDITIONAL_DOCS":
            if digest == application.answer:
                return
            raise Refusal(409, "status", "nothing was asked for")
        if not any(content.get(part) for part in ("documents", "changes")):
            raise Refusal(400, "documents", "documents or changes are expected")
        application.answer = digest
        self._ledger.record("additional-documents", application.id, client_reference=application.client_reference)
        application.enter("DOCUMENT_REVIEW", self._clock.now())

    def withdraw(self, application: Application) -> bool:
        """Give it back, unless the Commission has decided; whether it is withdrawn."""
        if application.status in DECIDED:
            return application.status == "WITHDRAWN"
        self._ledger.record("withdrawal", application.id, client_reference=application.client_reference)
        application.enter("WITHDRAWN", self._clock.now())
        return True

    def find(self, number: str) -> Application | None:
        """An application, for those who only want to know whose it is."""
        return self._applications.get(number)

    def standing(self, application: Application) -> dict[str, JsonValue]:
        """How an application stands, as the interface tells it."""
        entry = application.history[-1]
        payment = application.payment
        arrived = payment is not None and payment.arrives_at <= self._clock.now()
        return {
            "applicationId": application.id,
            "status": entry.status,
            "statusBn": status_in_bangla(entry.status),
            "updatedAt": f"{dhaka_time(entry.at):%d/%m/%Y %H:%M}",
            "remarks": entry.remarks,
            "paymentStatus": "NONE" if payment is None else "CONFIRMED" if arrived else "PENDING",
            "sequence": len(application.history) - 1,
        }

    def _new_id(self) -> str:
        while True:
            number = f"NIDW-{self._chance.randrange(10**10):010d}"
            if number not in self._applications:
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
