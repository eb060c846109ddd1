"""Many filings on one rig, each with what was sent for it: the material of the checks that change one thing each.

What is filed twice for two checks, is filed once: a service's filings are kept with the subject.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import uuid5

from pydantic import JsonValue, ValidationError

from nagorik import Applicant, ApplicationDraft, InputRejected, NagorikError, PluginFault, SubmissionResult
from nagorik.manifest import AnyOffer, DocumentKind
from nagorik.model.application import DocumentReference
from nagorik_platform import References
from nagorik_testing.contract.checks.inspection import example_form, leaves, with_value
from nagorik_testing.contract.form_fields import value_at
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import Places, Wiretap, differing, places_of
from nagorik_testing.fixtures.documents import specimen_pdf, specimen_picture
from nagorik_testing.simulator.citizens import SyntheticCitizens
from nagorik_testing.simulator.ledger import ArrivedPaper
from nagorik_testing.wire.codec import Codec

ANOTHER: Final = 4243
"""The citizen whose example lends other values."""
_OWN: Final = "(our own)"
"""Stands for the references of one filing, which differ from the next one's."""
_MEANWHILE: Final = timedelta(hours=1, seconds=1)
"""Simulated time between two filings of one form that show what clock and chance change."""


@dataclass(frozen=True, slots=True, repr=False)
class FiledForm:
    """One filing.

    Attributes:
        sent: What was sent for it; nothing where the plugin refused it by itself.
        end: The result or the platform's error.
        status: The last answer's; ``None`` where nothing was answered.
        papers: What of papers the simulator wrote down.
        raw: The bodies that were sent.
        references: Under which it was filed.
    """

    sent: Places
    end: SubmissionResult | NagorikError | None = None
    status: int | None = None
    papers: tuple[ArrivedPaper, ...] = ()
    raw: bytes = b""
    references: References | None = None

    @property
    def faulty(self) -> bool:
        """Whether the plugin broke down."""
        return isinstance(self.end, PluginFault)


@dataclass(slots=True, repr=False)
class Filings:
    """One service on one rig, filed again and again under new references.

    Attributes:
        kept: Every application that was filed before, by what it says.
        usual: The example's filing.
        unsteady: Places that clock and chance alone make another, such as a nonce, a time or the agency's ticket.
    """

    rig: Rig
    tap: Wiretap
    codec: Codec
    kept: dict[str, FiledForm]
    usual: FiledForm = field(default_factory=lambda: FiledForm({}))
    unsteady: frozenset[str] = frozenset()
    _number: int = 0

    async def file(self, draft: ApplicationDraft, *, outcome: str | None = None) -> FiledForm:
        """File once more, under references of its own, of which the agency may have decided ``outcome``."""
        self._number += 1
        key = uuid5(self.rig.references.idempotency_key, str(self._number))
        references = References(client_reference=f"NGK-CONTRACT-{self._number:04d}-X", idempotency_key=key)
        if outcome is not None:
            self.rig.simulator.script.set(references.client_reference, outcome)
        before, arrived = len(self.tap.exchanges), len(self.rig.simulator.ledger.papers())
        end: SubmissionResult | NagorikError
        try:
            end = await self.rig.platform.submit(draft, references)
        except NagorikError as error:
            end = error
        passed = self.tap.since(before)
        sent = places_of(passed, self.codec)
        for reference in (references.client_reference, str(key)):
            sent = {place: value.replace(reference, _OWN) for place, value in sent.items()}
        papers, raw = self.rig.simulator.ledger.papers()[arrived:], b"".join(exchange.sent for exchange in passed)
        return FiledForm(sent, end, passed[-1].status if passed else None, papers, raw, references)

    async def file_once(self, **changed: object) -> FiledForm:
        """The filing of the example with other members, such as ``form``; as it was, where it was filed before."""
        draft = self.rig.draft.model_copy(update=changed)
        said = draft.model_dump_json(exclude={"consent"})
        if said not in self.kept:
            self.kept[said] = await self.file(draft)
        return self.kept[said]

    async def file_form(self, form: Mapping[str, JsonValue], place: tuple[str | int, ...] = ()) -> FiledForm:
        """File with another form; with an applicant who says the same, where the plugin refuses it otherwise."""
        filed = await self.file_once(form=dict(form))
        if not isinstance(filed.end, InputRejected) or filed.sent or not place:
            return filed
        applicant = _saying(self.rig.draft.applicant, value_at(self.rig.draft.form, place), value_at(form, place))
        return filed if applicant is None else await self.file_once(form=dict(form), applicant=applicant)

    def changed(self, one: Places, other: Places | None = None) -> frozenset[str]:
        """In what a filing differs from the example's, or from another's."""
        return differing(one, self.usual.sent if other is None else other) - self.unsteady


@asynccontextmanager
async def open_filings(subject: Subject, offer: AnyOffer) -> AsyncIterator[Filings]:
    """A rig whose example was filed.

    Raises:
        NotReachable: The example is not filed, or nothing is sent for it.
        NotPlayed: The agency is live.
    """
    usual, unsteady, kept = await subject.once(_usual, offer)
    if isinstance(usual.end, NagorikError):
        raise NotReachable(f"the example of {offer.id} cannot be filed: {usual.end.code}")
    if not usual.sent:
        raise NotReachable(f"nothing is sent for the example of {offer.id}")
    async with _opened(subject, offer) as filings:
        filings.usual, filings.unsteady, filings.kept = usual, unsteady, kept
        yield filings


async def _usual(subject: Subject, offer: AnyOffer) -> tuple[FiledForm, frozenset[str], dict[str, FiledForm]]:
    """The example's filing, what clock and chance change of it, and a place for all filings that follow.

    Each of two filings is the first on a platform of its own, and is made after one of the same: what is left of
    another citizen's makes no difference between them.
    """
    made: list[FiledForm] = []
    for _ in range(2):
        async with _opened(subject, offer) as filings:
            example_form(filings.rig)
            filings.rig.advance(_MEANWHILE * len(made))
            if not made:
                await filings.file(filings.rig.draft)
            made.append(await filings.file(filings.rig.draft))
    return made[0], differing(*(each.sent for each in made)), {}


@asynccontextmanager
async def _opened(subject: Subject, offer: AnyOffer) -> AsyncIterator[Filings]:
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        yield Filings(rig, tap, rig.simulator.codec, {})


def other_example(rig: Rig) -> list[Mapping[str, JsonValue]]:
    """How another citizen fills in the same form."""
    return all_examples(rig, ())


def all_examples(rig: Rig, offers: Iterable[AnyOffer]) -> list[Mapping[str, JsonValue]]:
    """How another citizen fills in this form, and then the other forms of the same agency."""
    found: list[Mapping[str, JsonValue]] = []
    for service in dict.fromkeys((rig.offer, *(offer.id for offer in offers))):
        try:
            found.append(dict(rig.simulator.example(service, SyntheticCitizens().citizen(ANOTHER)).form))
        except (NotImplementedError, KeyError):
            continue  # there is none
    return found


def with_document(rig: Rig, kind: DocumentKind, mark: str) -> tuple[DocumentReference, ...]:
    """The example's documents with one more of a kind, or with another in its place."""
    return (*(each for each in rig.draft.documents if each.kind != kind.kind), document(rig, kind, mark))


def document(rig: Rig, kind: DocumentKind, mark: str, media_type: str = "") -> DocumentReference:
    """A specimen of a kind, kept at the host; another for another mark."""
    known = (each for each in ("application/pdf", "image/png", *kind.media_types) if each in kind.media_types)
    media_type = media_type or next(known)
    specimen = specimen_pdf if media_type == "application/pdf" else specimen_picture
    return rig.documents.keep(kind.kind, media_type, specimen(f"{kind.kind} {mark}"))


def _saying(applicant: Applicant, old: JsonValue, new: JsonValue) -> Applicant | None:
    """The applicant with another value where they have the old one; ``None`` where they have it nowhere."""
    document: JsonValue = applicant.model_dump(mode="json")
    places = [at for at, value in leaves(document) if value == old and old is not None]
    for at in places:
        document = with_value(document, at, new)
    try:
        return Applicant.model_validate(document) if places else None
    except ValidationError:
        return None
