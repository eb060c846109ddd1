"""Many filings on one rig, each with what was sent for it: the material of the checks that change one thing each."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid5

from pydantic import JsonValue, ValidationError

from nagorik import Applicant, ApplicationDraft, InputRejected, NagorikError, PluginFault
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
from nagorik_testing.wire.codec import Codec

ANOTHER: Final = 4243
"""The citizen whose example lends other values."""
_OWN: Final = "(our own)"
"""Stands for the references of one filing, which differ from the next one's."""


@dataclass(frozen=True, slots=True, repr=False)
class FiledForm:
    """One filing.

    Attributes:
        sent: What was sent for it; nothing where the plugin refused it by itself.
        end: The result or the platform's error.
        status: The last answer's; ``None`` where nothing was answered.
    """

    sent: Places
    end: object
    status: int | None = None

    @property
    def faulty(self) -> bool:
        """Whether the plugin broke down."""
        return isinstance(self.end, PluginFault)


@dataclass(slots=True, repr=False)
class Filings:
    """One service on one rig, filed again and again under new references.

    Attributes:
        usual: The example's filing.
        unsteady: Places in which two filings of one form differ, such as a reference, a nonce or the agency's ticket.
    """

    rig: Rig
    tap: Wiretap
    codec: Codec
    usual: FiledForm = field(default_factory=lambda: FiledForm({}, None))
    unsteady: frozenset[str] = frozenset()
    _number: int = 0

    async def file(self, draft: ApplicationDraft, *, outcome: str | None = None) -> FiledForm:
        """File once more, under references of its own, of which the agency may have decided ``outcome``."""
        self._number += 1
        own = self.rig.references
        references = References(
            client_reference=f"NGK-CONTRACT-{self._number:04d}-X",
            idempotency_key=uuid5(own.idempotency_key, str(self._number)),
        )
        if outcome is not None:
            self.rig.simulator.script.set(references.client_reference, outcome)
        before = len(self.tap.exchanges)
        end: object
        try:
            end = await self.rig.platform.submit(draft, references)
        except NagorikError as error:
            end = error
        passed = self.tap.since(before)
        sent = places_of(passed, self.codec)
        for reference in (references.client_reference, str(references.idempotency_key)):
            sent = {place: value.replace(reference, _OWN) for place, value in sent.items()}
        return FiledForm(sent, end, passed[-1].status if passed else None)

    async def file_papers(self, papers: Sequence[DocumentReference]) -> FiledForm:
        """File the example with these papers and no others."""
        return await self.file(self.rig.draft.model_copy(update={"documents": tuple(papers)}))

    async def file_form(self, form: Mapping[str, JsonValue], place: tuple[str | int, ...] = ()) -> FiledForm:
        """File with another form; with an applicant who says the same, where the plugin refuses it otherwise."""
        draft = self.rig.draft.model_copy(update={"form": dict(form)})
        filed = await self.file(draft)
        if not isinstance(filed.end, InputRejected) or filed.sent or not place:
            return filed
        applicant = _saying(self.rig.draft.applicant, value_at(self.rig.draft.form, place), value_at(form, place))
        return filed if applicant is None else await self.file(draft.model_copy(update={"applicant": applicant}))

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
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        codec = rig.simulator.codec
        example_form(rig)
        filings = Filings(rig, tap, codec)
        filings.usual = await filings.file(rig.draft)
        if isinstance(filings.usual.end, NagorikError):
            raise NotReachable(f"the example of {offer.id} cannot be filed: {filings.usual.end.code}")
        if not filings.usual.sent:
            raise NotReachable(f"nothing is sent for the example of {offer.id}")
        again = await filings.file(rig.draft)
        filings.unsteady = differing(filings.usual.sent, again.sent)
        yield filings


def other_example(rig: Rig) -> list[Mapping[str, JsonValue]]:
    """How another citizen fills in the same form."""
    example = rig.simulator.example(rig.offer, SyntheticCitizens().citizen(ANOTHER))
    return [dict(example.form)]


def all_examples(rig: Rig, offers: Iterable[AnyOffer]) -> list[Mapping[str, JsonValue]]:
    """How another citizen fills in this form, and then the other forms of the same agency."""
    found = other_example(rig)
    for offer in offers:
        if offer.id == rig.offer:
            continue
        try:
            example = rig.simulator.example(offer.id, SyntheticCitizens().citizen(ANOTHER))
        except (NotImplementedError, KeyError):
            continue  # there is none
        found.append(dict(example.form))
    return found


def with_paper(rig: Rig, kind: DocumentKind, mark: str) -> ApplicationDraft:
    """The example with one more paper of a kind, or with another in its place."""
    rest = tuple(each for each in rig.draft.documents if each.kind != kind.kind)
    return rig.draft.model_copy(update={"documents": (*rest, paper(rig, kind, mark))})


def paper(rig: Rig, kind: DocumentKind, mark: str) -> DocumentReference:
    """A specimen of a kind, kept at the host; another for another mark."""
    pdf = "application/pdf" in kind.media_types
    media_type = "application/pdf" if pdf else "image/png" if "image/png" in kind.media_types else kind.media_types[0]
    name = f"{kind.kind} {mark}"
    return rig.documents.keep(kind.kind, media_type, specimen_pdf(name) if pdf else specimen_picture(name))


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
