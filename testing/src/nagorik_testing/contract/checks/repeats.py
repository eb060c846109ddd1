"""A write that is made again: the same bytes, whatever the clock says; and a correction: what was corrected."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from nagorik import ApplicationDraft, NagorikError, Operation, PluginFault
from nagorik.manifest import AnyOffer, PublicService
from nagorik.operations import Idempotency
from nagorik_testing.contract.calls import call_operation
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import other_example, with_paper
from nagorik_testing.contract.checks.inspection import form_of
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.contract.wiretap import Places, WireExchange, Wiretap, differing, places_of
from nagorik_testing.wire.codec import Codec

LATER: Final = timedelta(hours=26)
"""Simulated time after which a write is made again: another hour of another day."""
UNAUTHORISED: Final = 401
_FRESH_EACH_TIME: Final = re.compile(r"signature|nonce|timestamp|h?mac$", re.IGNORECASE)
"""In the name of a place: what has to differ from attempt to attempt, where an agency wants requests signed."""


@check("submit/same-bytes")
async def _same_bytes(subject: Subject, offer: AnyOffer) -> list[str]:
    writes = sorted(operation for operation, kind in offer.writes.items() if kind is not Idempotency.SAFE)
    if not writes:
        raise NotConcerned("none of its writes has an effect at the agency")
    wrong: list[str] = []
    reached = False
    for operation in writes:
        tap = Wiretap()
        async with open_rig(tap.on(subject), offer.id) as rig:
            try:
                await prepare_operation(rig, operation)
                attempt = await _attempt(rig, operation)
            except (NothingThere, NotReachable):
                continue
            reached = True
            first = await _passed(tap, attempt)
            rig.advance(LATER)
            again = await _passed(tap, attempt)
            codec = rig.simulator.codec
        for label in dict.fromkeys(exchange.label for exchange in first):
            changed = _changed(label, first, again, codec)
            wrong += [f"{operation.value} made again sends another {place}" for place in changed]
    if not reached:
        raise NotReachable("none of its writes can be made")
    return wrong


async def _attempt(rig: Rig, operation: Operation) -> Callable[[], Awaitable[object]]:
    """The same write, to be made as often as is wanted."""
    if operation is Operation.ADVISE_PAYMENT:
        receipt = rig.receipt(await rig.platform.quote_fees(rig.draft))
        return lambda: rig.platform.advise_payment(rig.draft, rig.references, receipt)
    return lambda: call_operation(rig, operation)


async def _passed(tap: Wiretap, attempt: Callable[[], Awaitable[object]]) -> list[WireExchange]:
    before = len(tap.exchanges)
    try:
        await attempt()
    except PluginFault:
        raise
    except NagorikError as refused:
        # The agency may refuse what it holds already: what was sent for it is looked at, and not the answer.
        if not tap.since(before):
            raise NotReachable(f"{refused.code}, and nothing is sent") from None
    # What met an ended session is sent once more by the client itself, as it was.
    return [exchange for exchange in tap.since(before) if exchange.status != UNAUTHORISED]


def _changed(label: str, first: Sequence[WireExchange], again: Sequence[WireExchange], codec: Codec) -> list[str]:
    """In what the requests to one address differ, what the agency itself gave out just before left aside."""
    before, after = ([exchange for exchange in made if exchange.label == label] for made in (first, again))
    # Where less is sent it has been done, and the plugin knows: perhaps because it asked first, at the same address.
    one, other = places_of(before[: len(after)], codec), places_of(after, codec)
    given = [b"".join(exchange.answer for exchange in made).decode("utf-8", "replace") for made in (first, again)]
    return sorted(
        place.partition(" ")[2]
        for place in differing(one, other)
        if not _FRESH_EACH_TIME.search(place)
        and not all(value and value in answers for value, answers in zip(_at(place, one, other), given, strict=True))
    )


def _at(place: str, *sent: Places) -> list[str | None]:
    return [places.get(place) for places in sent]


@check("answer-correction/corrected")
async def _corrected(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    model = form_of(subject, offer)
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        codec = rig.simulator.codec
        await prepare_operation(rig, Operation.ANSWER_CORRECTION)
        usual = rig.draft

        async def answered(draft: ApplicationDraft, about: str) -> Places:
            passed = await _passed(tap, lambda: rig.platform.answer_correction(draft, rig.references, about=about))
            return places_of(passed, codec)

        as_filed = await answered(usual, "as-filed")
        if not as_filed:
            raise NotReachable("nothing is sent for an answer to a correction")
        unsteady = differing(as_filed, await answered(usual, "again"))
        fields = variations_of(model, usual.form, other_example(rig))
        arrived = False
        for number, field in enumerate(fields):
            sent = await answered(usual.model_copy(update={"form": field[0].form}), f"field-{number}")
            arrived = arrived or bool(sent and differing(as_filed, sent) - unsteady)
        wrong = [] if arrived or not fields else ["no field of the form, corrected, changes what is sent"]
        for kind in offer.documents:
            one, other = [
                await answered(with_paper(rig, kind, mark), f"{kind.kind}-{mark}") for mark in ("one", "other")
            ]
            if one and other and not differing(one, other) - unsteady:
                wrong.append(f"another paper {kind.kind}, handed in later, is sent like the first")
    return wrong
