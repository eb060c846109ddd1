"""The reference interface, simulated from data: ``agency.toml`` and workflows beside a ``ReferenceAgency``.

::

    prefix = "/sim/bmet/v1"
    title = "BMET"  # on its documents
    modelled = { en = "All of it is invented.", bn = "সবই কল্পিত।" }
    outcomes = ["issue", "stall"]
    refusable = "birthDate"  # the field whose refusal the contract suite plays

    [collections.clearances]
    service = "bmet.clearance"
    numbers = "EC-########"
    workflow = "clearance.toml"
    fee = { by = "card", NEW = 4500, CORRECTION = 0 }  # or 200, or [{ amount = 250, until = 2024-11-30 }, …]
    stages = { notice = 50 }  # of a later stage, paid by the action pay-notice
    issued = [{ state = "ISSUED", kind = "smart-card", number = "SC{serial}" }]
    fields = { birthDate = "past-day", employer = "text", note = "text?", card = ["NEW", "CORRECTION"] }
    needed = [{ where = { card = "NEW" }, fields = { visaNo = "text" } }]
    all_of = { papers = ["VISA", "CONTRACT"] }  # of a field of the kind "all"

    [collections.clearances.slots]
    by = "centre"  # the field that names the place
    times = ["09:00"]

    [places]
    DHAKA = { en = "TTC Dhaka", bn = "টিটিসি, ঢাকা" }

    [lookups.cards]  # of the synthetic citizens, each by the number that ends with the citizen's own
    by = "cardNo"
    number = "BM0000{serial}"
    answers = { otherwise = { result = "VALID", validUntil = "$today+200" }, 90 = { result = "EXPIRED" } }

    [examples."bmet.clearance"]  # "$name" is a fact of the citizen, "$today-30" a day
    birth_date = "$birth_date"

Kinds of fields: text, day, past-day, flag, number, list, place, object, all; with ``?`` for one that may be left out;
a list of words is one of them. A field that the file does not name is refused, so that a misspelt name is noticed.
"""

import hmac
import json
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from types import MappingProxyType
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, JsonValue
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nagorik.data_files import parse_model, read_data_file
from nagorik.errors import AgencyRejected, ContractViolation, InputRejected
from nagorik.privacy import Model
from nagorik.values import Money, dhaka_date, dhaka_time
from nagorik.values.sentences import Text
from nagorik_testing.fixtures.documents import specimen_pdf
from nagorik_testing.simulator.application_book import ApplicationBook, Case
from nagorik_testing.simulator.base import ErrorAnswer, ExampleApplication, ExampleMessage, Simulator
from nagorik_testing.simulator.citizens import SyntheticCitizen, SyntheticCitizens
from nagorik_testing.simulator.handlers import (
    CONFLICT,
    Refusal,
    RouteHandler,
    amount_in,
    choice_in,
    content_of,
    day_in,
    routes_of,
    rows_in,
    text_in,
)
from nagorik_testing.simulator.slot_board import SUNDAY_TO_THURSDAY, SlotBoard
from nagorik_testing.simulator.workflow import Workflow

AGENCY_FILE: Final = "agency.toml"
SERIAL_PLACES: Final = 4
BIRTH_DATE_HEADER: Final = "applicant-birth-date"
FIRST_STAGE: Final = "application"

FieldKind = str | tuple[str, ...]


class IssuedRule(Model):
    """A document, and the states in which there is one."""

    state: str | tuple[str, ...]
    kind: str
    number: str


class DatedPrice(Model):
    """A price, until a day."""

    amount: int
    until: date | None = None


Fee = int | tuple[DatedPrice, ...] | dict[str, int | str | tuple[DatedPrice, ...]]


class SlotRules(Model):
    """The appointments of a collection."""

    by: str
    """The field that names the place; or the place, where there is one for all."""
    times: tuple[str, ...]
    capacity: int = 20
    weekdays: frozenset[int] = SUNDAY_TO_THURSDAY
    length: timedelta = timedelta(hours=1)
    board: str = "slots"
    action: str = "book"
    held: str = "BOOKED"
    """The state of who has an appointment."""
    number: str = "SLOT-{serial}"
    ends_with_slot: bool = False
    """Whether what follows the booking by itself falls due when the appointment ends."""
    full_outcome: str | None = None
    """With this outcome the first choice fills up just before."""


class Needed(Model):
    """Fields that are needed where others have a value."""

    where: dict[str, str]
    fields: dict[str, FieldKind]


class Collection(Model):
    """One kind of application."""

    service: str
    book: str | None = None
    """What its officers' addresses call it; the collection's name without one."""
    numbers: str
    workflow: str
    issued: tuple[IssuedRule, ...] = ()
    fee: Fee = 0
    stages: dict[str, Fee] = Field(default_factory=dict)
    arrives: timedelta = timedelta(0)
    """How long after the agency was told of a payment it holds the money."""
    traits: tuple[str, ...] = ()
    """Fields whose words are traits of the case."""
    fields: dict[str, FieldKind]
    needed: tuple[Needed, ...] = ()
    all_of: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    slots: SlotRules | None = None

    def price(self, stage: str, day: date, content: Mapping[str, Any]) -> Money:
        """What a stage costs on a day.

        Raises:
            Refusal: 400 for a stage that there is not, or a word that has no price.
        """
        if stage != FIRST_STAGE and stage not in self.stages:
            raise Refusal(400, "stage", "no such stage")
        fee = self.fee if stage == FIRST_STAGE else self.stages[stage]
        if isinstance(fee, dict):
            by = str(fee["by"])
            fee = fee[choice_in(content, by, [word for word in fee if word != "by"])]  # type: ignore[assignment]
        if isinstance(fee, tuple):
            fee = next(one.amount for one in fee if one.until is None or day <= one.until)
        return Money.taka(fee)  # type: ignore[arg-type]


class LookupRules(Model):
    """What is known of the synthetic citizens, by a number and the date of birth."""

    by: str
    number: str
    answers: dict[str, dict[str, JsonValue]]
    """By how the citizen's own number begins; ``otherwise`` of all but those of another 9, who are not known."""


class AgencyFile(Model):
    """The whole file."""

    prefix: str
    title: str
    modelled: Text
    outcomes: tuple[str, ...]
    refusable: str
    turning_days: dict[str, Literal["first", "last"]] = Field(default_factory=dict)
    ignored_response_fields: dict[str, str] = Field(default_factory=dict)
    by_birth_date: bool = False
    """Whether an application is shown only to who gives the applicant's date of birth."""
    callback_secret: str | None = None
    """What callbacks are signed with, such as ``whsec_c3ludGhldGlj``; without it none is posted."""
    day: str = "%Y-%m-%d"
    collections: dict[str, Collection] = Field(default_factory=dict)
    lookups: dict[str, LookupRules] = Field(default_factory=dict)
    places: dict[str, Text] = Field(default_factory=dict)
    examples: dict[str, dict[str, JsonValue]]


@cache
def _file(package: str) -> AgencyFile:
    return parse_model(read_data_file(package, AGENCY_FILE), AGENCY_FILE, AgencyFile)


FiledContent = dict[str, Any]
"""An application as it was handed in."""


class ReferenceAgency(Simulator):
    """An agency that speaks the reference interface.

    Attributes:
        books: The applications of each collection.
        boards: The appointments of each collection that has any.
    """

    package: ClassVar[str]
    agency: ClassVar[AgencyFile]
    book_type: ClassVar[type[ApplicationBook[FiledContent]]] = ApplicationBook
    """What keeps the applications."""
    books: dict[str, ApplicationBook[FiledContent]]
    boards: dict[str, SlotBoard]

    def __init_subclass__(cls) -> None:
        """Read the file of the subclass's package.

        Raises:
            DataFileInvalid: It is wrong.
        """
        super().__init_subclass__()
        if hasattr(cls, "agency"):
            return  # a subclass of an agency, in whatever package
        cls.package = sys.modules[cls.__module__].__package__ or ""
        cls.agency = _file(cls.package)
        cls.modelled = f"{cls.agency.modelled.bn} / {cls.agency.modelled.en}"
        cls.outcomes = cls.agency.outcomes
        cls.turning_days = MappingProxyType(cls.agency.turning_days)
        cls.ignored_response_fields = MappingProxyType(cls.agency.ignored_response_fields)

    # What a subclass may add

    def handlers(self) -> Mapping[str, RouteHandler]:
        """Further operations, or others in their place, by method and path below the prefix."""
        return {}

    def guard(self, request: Request) -> None:
        """Look at every request first, such as at its token.

        Raises:
            Refusal: It may not pass.
        """

    def alias(self, content: Mapping[str, Any]) -> str | None:  # noqa: ARG002 - for subclasses
        """The applicant's name in scripts, where an application says whose it is."""
        return None

    def facts(self, citizen: SyntheticCitizen) -> Mapping[str, JsonValue]:  # noqa: ARG002 - for subclasses
        """Further facts that an example may name."""
        return {}

    def traits(self, collection: str, content: Mapping[str, Any]) -> Sequence[str]:
        """What an application's workflow depends on."""
        return [str(content[name]) for name in self.agency.collections[collection].traits if name in content]

    def check(self, collection: str, content: Mapping[str, Any]) -> None:
        """Refuse what only this agency refuses.

        Raises:
            Refusal: An application is not taken.
        """

    def paid(self, collection: str, case: Case[FiledContent], on: date) -> None:
        """Note what else follows from a new payment that was made on a day."""

    def place_of(self, collection: str, case: Case[FiledContent]) -> str:
        """Where an application's appointments are; a place that the file does not name gives out none."""
        slots = self.agency.collections[collection].slots
        return str(case.details.get(slots.by, slots.by)) if slots is not None else ""

    # The kit's own

    @property
    def today(self) -> date:
        """The day in Dhaka."""
        return dhaka_date(self.clock.now())

    def open_office(self) -> None:
        """Begin with nothing filed and every place free."""
        self.books, self.boards = {}, {}
        for name, kind in self.agency.collections.items():
            if kind.slots is not None:
                self.boards[name] = SlotBoard(
                    self,
                    offices=tuple(self.agency.places),
                    times=kind.slots.times,
                    capacity=kind.slots.capacity,
                    weekdays=kind.slots.weekdays,
                    name=kind.slots.board,
                )
            workflow, book = Workflow.read(files(self.package) / kind.workflow), kind.book or name
            self.books[name] = self.book_type(self, workflow, numbers=kind.numbers, name=book, field="reference")

    def routes(self) -> Sequence[Route]:
        """The reference interface, as far as the workflows have it."""
        served: dict[str, RouteHandler] = {"GET /prices": self._prices, "GET /health": _health}
        for name, rules in self.agency.lookups.items():
            served[f"POST /lookups/{name}"] = partial(self._look_up, rules)
        for name, kind in self.agency.collections.items():
            desk, one = _Desk(self, name, kind), f"/{name}/{{reference}}"
            actions = self.books[name].workflow.actions
            offered: dict[str, tuple[RouteHandler, bool]] = {
                f"POST /{name}": (desk.file, True),
                f"GET /{name}": (desk.search, True),
                f"GET {one}": (desk.show, True),
                f"POST {one}/payments": (desk.pay, "pay" in actions),
                f"GET {one}/documents/{{kind}}": (desk.document, bool(kind.issued)),
                f"GET {one}/slots": (desk.slots, kind.slots is not None),
                f"POST {one}/booking": (desk.book, kind.slots is not None),
                f"POST {one}/correction": (desk.correct, "answer" in actions),
                f"POST {one}/withdrawal": (desk.withdraw, "withdraw" in actions),
            }
            served |= {operation: handler for operation, (handler, there) in offered.items() if there}
        served |= self.handlers()
        prefix, guard = self.agency.prefix, self.guard
        return routes_of(served, prefix=prefix, envelope=lambda refusal: {"error": refusal.error}, guard=guard)

    def settings(self, base_url: str) -> dict[str, object]:
        """Where it is, and what signs its callbacks."""
        secret = self.agency.callback_secret
        return {"base_url": base_url, **({} if secret is None else {"callback_secret": secret})}

    def callback(self, agency_reference: str) -> ExampleMessage:
        """The standing of an application, signed as a Standard Webhook."""
        secret = self.agency.callback_secret
        if secret is None:
            return super().callback(agency_reference)
        collection = next(
            name for name, book in self.books.items() if any(c.number == agency_reference for c in book)
        )
        case = self.books[collection].get(agency_reference)
        body = json.dumps(self.standing(collection, case), ensure_ascii=False).encode()
        identity, sent_at = f"{agency_reference}-{len(case.history)}", str(int(self.clock.now().timestamp()))
        key = b64decode(secret.removeprefix("whsec_"))
        signature = b64encode(hmac.digest(key, f"{identity}.{sent_at}.".encode() + body, "sha256")).decode()
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": sent_at,
            "webhook-signature": f"v1,{signature}",
        }
        return ExampleMessage(headers=headers, body=body, valid_for=timedelta(minutes=5))

    def example(self, service: str, citizen: SyntheticCitizen) -> ExampleApplication:
        """As the file says it."""
        facts: dict[str, JsonValue] = {
            "serial": citizen.alias[-SERIAL_PLACES:],
            "birth_date": citizen.birth_date.isoformat(),
            "mobile": citizen.phone.e164,
            "nid": citizen.full_nid.value,
            "birth_registration": citizen.birth_registration.value,
            **self.facts(citizen),
        }
        form = {name: self._fact(value, facts) for name, value in self.agency.examples[service].items()}
        return ExampleApplication(applicant=citizen.applicant(), form=form)

    def error_answers(self) -> Sequence[ErrorAnswer]:
        """A field or an operation that is not accepted, and an error that comes as a success."""
        refused: JsonValue = {"error": {"field": self.agency.refusable, "message": "is not accepted"}}
        missing: JsonValue = {"error": {"field": "reference", "message": "no such application"}}
        too_early: JsonValue = {"error": {"field": "status", "message": "nothing is due"}}
        return (
            ErrorAnswer(name="a field is refused", status=422, document=refused, means=InputRejected),
            ErrorAnswer(name="an error with 200", status=200, document=refused, means=ContractViolation),
            ErrorAnswer(name="no such application", status=404, document=missing, means=AgencyRejected),
            ErrorAnswer(name="nothing is due", status=CONFLICT, document=too_early, means=AgencyRejected),
        )

    def issued(self, collection: str, case: Case[FiledContent]) -> list[dict[str, str]]:
        """What has been issued, each with its number."""
        return [
            {"kind": rule.kind, "number": rule.number.format(serial=serial_of(case))}
            for rule in self.agency.collections[collection].issued
            if case.state in ({rule.state} if isinstance(rule.state, str) else rule.state)
        ]

    def price(self, collection: str, stage: str, content: Mapping[str, Any], on: date) -> Money:
        """What a stage costs on a day; of a payment, the day on which it was made."""
        return self.agency.collections[collection].price(stage, on, content)

    def standing(self, collection: str, case: Case[FiledContent]) -> dict[str, JsonValue]:
        """How an application stands."""
        slots = self.agency.collections[collection].slots
        held = self.boards[collection].held(case.number) if slots is not None and case.state == slots.held else None
        standing: dict[str, JsonValue] = {
            "reference": case.number,
            "status": case.word,
            "updatedAt": written(case.changed_at),
            "sequence": len(case.history) - 1,
            "remarks": case.remarks or None,
            "issued": [dict(one) for one in self.issued(collection, case)],
        }
        if slots is not None and held is not None:
            place = self.agency.places[held.office]
            standing["appointment"] = {
                "number": slots.number.format(serial=serial_of(case)),
                "start": written(held.begins),
                "place": place.en,
                "placeBn": place.bn,
                "clientReference": case.details.get("booked by"),
            }
        return standing

    def citizen_of(self, number: str, born: date) -> SyntheticCitizen | None:
        """The citizen whose own number ends ``number``, if born on that day."""
        serial = number[-SERIAL_PLACES:]
        if not re.fullmatch("[0-9]{4}", serial):
            return None
        citizen = SyntheticCitizens(self.seed).citizen(int(serial))
        return citizen if citizen.birth_date == born else None

    def answer(self, rules: LookupRules, number: str, born: date) -> Mapping[str, JsonValue]:
        """What the agency knows under a number."""
        citizen, serial = self.citizen_of(number, born), number[-SERIAL_PLACES:]
        if citizen is None or number != rules.number.format(serial=serial):
            return {"result": "NOT_FOUND"}
        unknown = {"result": "NOT_FOUND"} if serial.startswith("9") else rules.answers["otherwise"]
        return rules.answers.get(serial[:2], unknown)

    def enquired(self, answer: Mapping[str, JsonValue], facts: Mapping[str, JsonValue]) -> Response:
        """An enquiry's response, with a number of its own."""
        known = {name: self._fact(value, facts) for name, value in answer.items()}
        return JSONResponse({"number": f"ENQ-{self.random.getrandbits(40):010x}", **known})

    async def _look_up(self, rules: LookupRules, request: Request) -> Response:
        content = await content_of(request)
        number, born = text_in(content, rules.by), day_in(content, "birthDate", self.agency.day)
        return self.enquired(self.answer(rules, number, born), {"serial": number[-SERIAL_PLACES:]})

    def _fact(self, value: JsonValue, facts: Mapping[str, JsonValue]) -> JsonValue:
        if not isinstance(value, str):
            return value
        if (day := re.fullmatch(r"\$today([+-][0-9]+)", value)) is not None:
            return f"{self.today + timedelta(days=int(day[1])):{self.agency.day}}"
        return facts[value[1:]] if value.startswith("$") else value.replace("{serial}", str(facts.get("serial", "")))

    async def _prices(self, request: Request) -> Response:
        asked = dict(request.query_params)
        names = {_word(kind.service): name for name, kind in self.agency.collections.items()}
        collection = names[choice_in(asked, "service", tuple(names))]
        total = self.price(collection, asked.get("stage", FIRST_STAGE), asked, self.today)
        return JSONResponse({"total": total.plain()})


def serial_of(case: Case[Any]) -> str:
    """The digits of an application's reference."""
    return "".join(filter(str.isdigit, case.number))


def written(instant: datetime) -> str:
    """An instant as the reference interface writes it."""
    return dhaka_time(instant).isoformat(timespec="seconds")


def _word(service: str) -> str:
    return service.partition(".")[2].upper().replace("-", "_")


async def _health(_request: Request) -> Response:
    return JSONResponse({"open": True})


class _Desk:
    """The operations of one collection. Nothing is deduplicated: the same filed again is filed twice."""

    def __init__(self, agency: ReferenceAgency, name: str, kind: Collection) -> None:
        self._agency, self._name, self._kind, self._book = agency, name, kind, agency.books[name]

    async def file(self, request: Request) -> Response:
        content = await content_of(request)
        self._check(content)
        free = not self._agency.price(self._name, FIRST_STAGE, content, self._agency.today).poisha
        case = self._book.file(
            {**content},
            client_reference=text_in(content, "clientReference"),
            idempotency_key=request.headers.get("idempotency-key"),
            alias=self._agency.alias(content),
            traits=[*self._agency.traits(self._name, content), *([] if free else ["FEE"])],
            content=content,
        )
        return JSONResponse(self._standing(self._book.get(case.number)), status_code=201)

    async def search(self, request: Request) -> Response:
        found, complete = self._book.search(text_in(dict(request.query_params), "clientReference"))
        items = [{**self._standing(case), "clientReference": case.client_reference} for case in found]
        return JSONResponse({"items": items, "complete": complete})

    async def show(self, request: Request) -> Response:
        return JSONResponse(self._standing(self._case(request, guarded=True)))

    async def pay(self, request: Request) -> Response:
        case, content = self._case(request), await content_of(request)
        reference, amount = text_in(content, "reference"), amount_in(content)
        paid_on = day_in(content, "paidOn", self._agency.agency.day)
        stage = text_in(content, "stage", required=False) or FIRST_STAGE
        action = "pay" if stage == FIRST_STAGE else f"pay-{stage}"
        now = self._agency.clock.now()
        known = any(payment.reference == reference for payment in case.payments)
        wanted = action in self._book.workflow.actions and self._book.allows(case, action)
        if not known and (not wanted or any(payment.arrives_at > now for payment in case.payments)):
            raise Refusal(CONFLICT, "status", "nothing is due, or a payment is on its way")
        arrives_at, due = now + self._kind.arrives, self._agency.price(self._name, stage, case.details, paid_on)
        if self._book.pay(case, reference, amount, due=due, arrives_at=arrives_at):
            self._agency.paid(self._name, case, paid_on)
            self._book.act(case, action, due=arrives_at)
        told = next(payment for payment in case.payments if payment.reference == reference)
        return JSONResponse({"state": "TAKEN" if told.arrives_at <= now else "PENDING", "reference": reference})

    async def document(self, request: Request) -> Response:
        case = self._case(request, guarded=True)
        numbers = {one["kind"]: one["number"] for one in self._agency.issued(self._name, case)}
        number = numbers.get(request.path_params["kind"])
        if number is None:
            raise Refusal(CONFLICT, "status", "it has not been issued")
        return Response(specimen_pdf(self._agency.agency.title, number), media_type="application/pdf")

    async def correct(self, request: Request) -> Response:
        case, content = self._case(request), await content_of(request)
        self._check(content)
        return JSONResponse(self._standing(self._book.hand_in(case, "answer", content)))

    async def withdraw(self, request: Request) -> Response:
        case = self._case(request)
        allowed = self._book.allows(case, "withdraw")
        if allowed:
            self._book.act(case, "withdraw")
        done = case.state == self._book.workflow.actions["withdraw"].to
        return JSONResponse({**self._standing(case), "withdrawn": allowed or done})

    async def slots(self, request: Request) -> Response:
        case, asked, day = self._case(request), dict(request.query_params), self._agency.agency.day
        first, last = day_in(asked, "from", day), day_in(asked, "to", day)
        rules, place, board = self._slots, self._place(case), self._agency.boards[self._name]
        offered: list[JsonValue] = [
            {
                "id": slot.written,
                "start": written(slot.begins),
                "end": written(slot.begins + rules.length),
                "free": slot.free,
            }
            for slot in (board.given_out(place) if place in board.offices else ())
            if first <= dhaka_date(slot.begins) <= last
        ]
        names = self._agency.agency.places.get(place, Text(bn=place, en=place))
        return JSONResponse({"place": names.en, "placeBn": names.bn, "slots": offered})

    async def book(self, request: Request) -> Response:
        case, rules, board = self._case(request), self._slots, self._agency.boards[self._name]
        content, place = await content_of(request), self._place(case)
        wanted = text_in(content, "slot")
        whose = text_in(content, "clientReference", required=False) or case.client_reference
        if not self._book.allows(case, rules.action):
            raise Refusal(CONFLICT, "status", "no appointment can be taken now")
        if case.scenario().outcome == rules.full_outcome and not case.details.get("turned away"):
            case.details["turned away"] = True
            for slot in board.free(place):
                if slot.written == wanted:
                    board.fill(place, dhaka_date(slot.begins))
        held = board.held(case.number)
        try:
            slot = board.take(place, wanted, case.number, client_reference=whose)
        except Refusal as gone:
            if gone.status != CONFLICT:
                raise
            return JSONResponse({"booked": False})
        case.details["booked by"] = whose
        if held is None or held.begins != slot.begins or case.state != rules.held:
            self._book.act(case, rules.action)
        if rules.ends_with_slot and case.due is not None:
            case.due = (case.due[0], slot.begins + rules.length)
        return JSONResponse({"booked": True, "number": rules.number.format(serial=serial_of(case))})

    @property
    def _slots(self) -> SlotRules:
        rules = self._kind.slots
        if rules is None:
            raise Refusal(404, "slots", "there are no appointments")
        return rules

    def _place(self, case: Case[FiledContent]) -> str:
        return self._agency.place_of(self._name, case)

    def _case(self, request: Request, *, guarded: bool = False) -> Case[FiledContent]:
        case = self._book.get(request.path_params["reference"])
        born = case.details.get("birthDate")
        if guarded and self._agency.agency.by_birth_date and request.headers.get(BIRTH_DATE_HEADER) != born:
            raise Refusal(404, "reference", "no such application")
        return case

    def _standing(self, case: Case[FiledContent]) -> dict[str, JsonValue]:
        return self._agency.standing(self._name, case)

    def _check(self, content: Mapping[str, Any]) -> None:
        rows_in(content, "documents", "kind", "sha256")
        wanted = dict(self._kind.fields)
        for needed in self._kind.needed:
            if all(content.get(name) == value for name, value in needed.where.items()):
                wanted |= needed.fields
        for name, kind in wanted.items():
            self._check_field(content, name, kind)
        known = {"clientReference", "documents", *self._kind.fields}
        known.update(name for needed in self._kind.needed for name in needed.fields)
        for name in content:
            if name not in known:
                raise Refusal(400, name, "there is no such field")
        self._agency.check(self._name, content)

    def _check_field(self, content: Mapping[str, Any], name: str, kind: FieldKind) -> None:
        if isinstance(kind, tuple):
            choice_in(content, name, kind)
            return
        if kind.endswith("?"):
            if content.get(name) is None:
                return
            kind = kind[:-1]
        if kind == "all" and not set(content.get(name) or []) >= set(self._kind.all_of[name]):
            raise Refusal(422, name, "all are expected")
        if kind == "past-day" and day_in(content, name, self._agency.agency.day) > self._agency.today:
            raise Refusal(422, name, "lies in the future")
        if kind in _TYPES:
            (types, what), value = _TYPES[kind], content.get(name)
            if not isinstance(value, types) or value in ([], {}):
                raise Refusal(422, name, f"{what} is expected")
        elif kind not in {"all", "past-day"}:
            self._readers[kind](content, name)

    @property
    def _readers(self) -> Mapping[str, Callable[[Mapping[str, Any], str], object]]:
        places = tuple(self._agency.agency.places)
        return {
            "text": text_in,
            "day": lambda content, name: day_in(content, name, self._agency.agency.day),
            "place": lambda content, name: choice_in(content, name, places),
        }


_TYPES: Final[Mapping[str, tuple[Any, str]]] = MappingProxyType(
    {
        "list": (list, "a list"),
        "object": (dict, "an object"),
        "flag": (bool, "true or false"),
        "number": (int, "a number"),
    }
)
