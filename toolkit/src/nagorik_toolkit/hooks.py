"""What the hooks of most plugins do alike, one function for each hook.

A plugin says its agency's addresses and words, and what in an answer is what: to the search by our reference, the
advice of a payment, the question of appointments, the fetching of a PDF. Request and context are those of the hook.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Generic, Protocol, TypeVar, Unpack

from nagorik.context import CallContext
from nagorik.errors import ContractViolation
from nagorik.http import Expected, Headers, Method, Params, RequestOptions, WireModel
from nagorik.model.payment import AdvisePaymentRequest, PaymentAdvice
from nagorik.model.status import (
    AgencyStatus,
    BookSlotRequest,
    DeliverableRequest,
    FetchedDeliverable,
    Slot,
    SlotBooking,
    Slots,
    SlotsRequest,
)
from nagorik.model.submission import CannotTell, DefinitelyAbsent, FindRequest, Found, SubmissionSearch

T = TypeVar("T")


class FiledApplication(Protocol):
    """An application as an agency shows it."""

    @property
    def reference(self) -> str:
        """The agency's reference."""
        ...


class TakenPayment(Protocol):
    """What an agency says to a payment."""

    @property
    def confirmed(self) -> bool:
        """Whether it holds the money."""
        ...


class TakenSlot(Protocol):
    """The response to a booking of an appointment."""

    @property
    def booked(self) -> bool:
        """Whether the appointment is theirs; otherwise it was gone already."""
        ...

    @property
    def number(self) -> str | None:
        """The agency's number of it."""
        ...


FiledT = TypeVar("FiledT", bound=FiledApplication)
FoundT_co = TypeVar("FoundT_co", bound=FiledApplication, covariant=True)
TakenPaymentT = TypeVar("TakenPaymentT", bound=TakenPayment)
TakenSlotT = TypeVar("TakenSlotT", bound=TakenSlot)


class SearchAnswer(Protocol[FoundT_co]):
    """What an agency holds under one client reference, in any format; ``Matches`` is one in JSON."""

    @property
    def items(self) -> Sequence[FoundT_co]:
        """All of it."""
        ...

    @property
    def complete(self) -> bool:
        """Whether the search saw everything."""
        ...


class Matches(WireModel, Generic[T]):
    """What an agency holds under one client reference."""

    items: tuple[T, ...]
    complete: bool
    """Whether the search saw everything."""


def check_reference(agency_reference: str | None, named: str | None) -> None:
    """Hold an answer to the application that was asked about; one that names no application passes.

    Args:
        agency_reference: The application's, as the request has it.
        named: The reference in the answer.

    Raises:
        ContractViolation: ``another-reference``. After a write its outcome is unknown: the platform makes it so.
    """
    if named is not None and named != agency_reference:
        raise ContractViolation("another-reference")


def check_client_reference(request: FindRequest, named: str | None) -> None:
    """Hold what a search found to our reference: no other application is taken for ours.

    Raises:
        ContractViolation: ``another-client-reference``: it names another reference, or none at all.
    """
    if named != request.client_reference:
        raise ContractViolation("another-client-reference")


async def find_by_client_reference(
    request: FindRequest,
    context: CallContext[Any],
    path: str,
    *,
    expect: Expected[SearchAnswer[FiledT]],
    status: Callable[[FiledT], AgencyStatus],
    client_reference: Callable[[FiledT], str | None] | None = None,
    parameter: str = "clientReference",
    method: Method = "GET",
    **options: Unpack[RequestOptions],
) -> SubmissionSearch:
    """Whether an agency that does not notice doubles holds the application: two of them are a person's case.

    Args:
        request: The hook's request.
        context: The hook's context.
        path: Where applications are searched.
        expect: The answer to a search.
        status: How one of its applications stands.
        client_reference: Our reference in one of them (``check_client_reference``). Without it the agency is trusted
            to have searched by the parameter.
        parameter: What the agency calls our reference, in the query.
        method: The HTTP method.
        options: What ``context.http.read`` takes in place of the query, such as ``xml=`` with our reference in it.

    Raises:
        ContractViolation: As ``check_client_reference``.
    """
    asked_at = context.clock.now()
    asked = options or RequestOptions(params={parameter: request.client_reference})
    matches = await context.http.read("applications.search", method, path, expect=expect, **asked)
    if client_reference is not None:
        for filed in matches.items:
            check_client_reference(request, client_reference(filed))
    found = [Found(reference=filed.reference, status=status(filed)) for filed in matches.items]
    return search_result(found, complete=matches.complete, asked_at=asked_at)


def search_result(matches: Sequence[Found], *, complete: bool, asked_at: datetime) -> SubmissionSearch:
    """What a search by the client reference amounts to, at an agency that does not notice doubles.

    Args:
        matches: Everything that it found.
        complete: Whether the agency says that there is nothing more to find.
        asked_at: The instant before the search was sent, aware.
    """
    if matches:
        # Which of several is the citizen's, a person has to find out.
        return matches[0] if len(matches) == 1 else CannotTell(because="several-applications")
    return DefinitelyAbsent(as_of=asked_at) if complete else CannotTell(because="search-incomplete")


async def advise_payment(
    request: AdvisePaymentRequest,
    context: CallContext[Any],
    step: str,
    path: str,
    *,
    expect: Expected[TakenPaymentT],
    application: Callable[[TakenPaymentT], str | None] = lambda _: None,
    **options: Unpack[RequestOptions],
) -> PaymentAdvice:
    """Report a payment to the agency; before the application is filed there is nothing to report.

    ``application`` gives the reference of the application that an answer names, where it names one (as
    ``check_reference``). ``options`` are what ``context.http.write`` takes, such as ``json=`` or ``xml=``.
    """
    if request.agency_reference is None:
        return PaymentAdvice(confirmed=False)
    taken = await context.http.write(step, "POST", path, expect=expect, **options)
    check_reference(request.agency_reference, application(taken))
    return PaymentAdvice(confirmed=taken.confirmed)


async def list_slots(
    request: SlotsRequest,
    context: CallContext[Any],
    step: str,
    path: str,
    *,
    expect: Expected[T],
    slots: Callable[[T], Iterable[Slot]],
    method: Method = "GET",
    **options: Unpack[RequestOptions],
) -> Slots:
    """The appointments with a place left that begin when it was asked for; no appointment before the filing.

    ``options`` are what ``context.http.read`` takes.
    """
    if request.agency_reference is None:
        return Slots(slots=())
    offered = slots(await context.http.read(step, method, path, expect=expect, **options))
    return Slots(
        slots=tuple(slot for slot in offered if slot.free and request.earliest <= slot.starts_at < request.latest)
    )


async def book_slot(
    request: BookSlotRequest,
    context: CallContext[Any],
    step: str,
    path: str,
    *,
    expect: Expected[TakenSlotT],
    **options: Unpack[RequestOptions],
) -> SlotBooking:
    """Take an appointment for an application that is filed; one that is gone is ``booked=False``."""
    if request.agency_reference is None:
        return SlotBooking(booked=False)
    taken = await context.http.write(step, "POST", path, expect=expect, **options)
    return SlotBooking(booked=taken.booked, reference=taken.number)


async def fetch_pdf(
    request: DeliverableRequest,
    context: CallContext[Any],
    step: str,
    path: str,
    *,
    params: Params | None = None,
    headers: Headers | None = None,
) -> FetchedDeliverable:
    """Fetch a deliverable that is a PDF into the host's documents, as ``keep_pdf`` does.

    Raises:
        ContractViolation: ``deliverable-not-a-pdf``, by its label or by how it begins.
    """
    file = await context.http.download(step, path, params=params, headers=headers)
    return await keep_pdf(request, context, file if file.content_type == "application/pdf" else ())


async def keep_pdf(
    request: DeliverableRequest, context: CallContext[Any], content: bytes | Iterable[bytes]
) -> FetchedDeliverable:
    """Put a PDF into the host's documents that came in a ZIP, an envelope or a response to ``POST``.

    Pieces are read once.

    Raises:
        ContractViolation: ``deliverable-not-a-pdf``, by how its first piece begins.
    """
    pieces = iter((content,) if isinstance(content, bytes) else content)
    first = next(pieces, b"")
    if not first.startswith(b"%PDF-"):
        raise ContractViolation("deliverable-not-a-pdf")
    document = await context.documents.put(request.deliverable.kind, "application/pdf", chain((first,), pieces))
    return FetchedDeliverable(deliverable=request.deliverable, document=document)
