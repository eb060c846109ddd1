"""A write that is made again sends the same, and a correction what was corrected."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Final

from nagorik import NagorikError, Operation, PluginFault
from nagorik.manifest import AnyOffer, PublicService
from nagorik.operations import Idempotency
from nagorik_testing.contract.calls import call_operation, quote_due
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.filing import other_example, with_document
from nagorik_testing.contract.checks.inspection import form_of, record_of
from nagorik_testing.contract.form_variations import variations_of
from nagorik_testing.contract.observation.chance import Chance, turned_to
from nagorik_testing.contract.preparations import prepare_operation
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NothingThere, NotReachable
from nagorik_testing.contract.wiretap import Places, WireExchange, Wiretap, differing, places_of
from nagorik_testing.wire.codec import Codec

SentAttempt = Callable[[], Awaitable[object]]
A_SECOND: Final = timedelta(seconds=1)
LATER: Final = timedelta(hours=26)
"""Simulated time after which a write is made again: another hour of another day."""


@check("submit/same-bytes")
async def _same_bytes(subject: Subject, offer: AnyOffer) -> list[str]:
    writes = sorted(operation for operation, kind in offer.writes.items() if kind is not Idempotency.SAFE)
    if not writes:
        raise NotConcerned("none of its writes has an effect at the agency")
    package, wrong, reached = record_of(subject).package or "", list[str](), False
    for operation in writes:
        tap = Wiretap()
        async with open_rig(tap.on(subject), offer.id) as rig:
            try:
                await prepare_operation(rig, operation)
                attempt = await _attempt(rig, operation)
            except (NothingThere, NotReachable):
                continue
            reached, began, made = True, rig.clock.now(), list[list[WireExchange]]()
            with turned_to(Chance.LOWEST, package):
                made += [await _passed(tap, attempt), await _passed(tap, attempt)]
            stood_still = rig.clock.now() == began
            for later in (A_SECOND, LATER):
                rig.advance(later)
                made.append(await _passed(tap, attempt))
            first, again, *afterwards = made
            # What is fresh in each attempt, such as a nonce or the time, is another a second later; a day is not. And
            # neither clock nor chance makes two attempts of one instant differ.
            fresh, changed = (_changed(first, each, rig.simulator.codec) for each in afterwards)
            places = changed - fresh | (_changed(first, again, rig.simulator.codec) if stood_still else frozenset())
        wrong += [f"{operation.value} made again sends another {place}" for place in sorted(places)]
    if not reached:
        raise NotReachable("none of its writes can be made")
    return wrong


async def _attempt(rig: Rig, operation: Operation) -> SentAttempt:
    """The same write, to be made as often as is wanted."""
    if operation is Operation.ADVISE_PAYMENT:
        receipt = rig.receipt(await quote_due(rig))
        return lambda: rig.platform.advise_payment(rig.draft, rig.references, receipt)
    return lambda: call_operation(rig, operation)


async def _passed(tap: Wiretap, attempt: SentAttempt) -> list[WireExchange]:
    before = len(tap.exchanges)
    try:
        await attempt()
    except PluginFault:
        raise
    except NagorikError as refused:
        # The agency may refuse what it holds already: what was sent for it is looked at, and not the answer.
        if not tap.since(before):
            raise NotReachable(f"{refused.code}, and nothing is sent") from None
    # What met an ended session is followed by a login, and sent once more by the client itself, as it was.
    made = tap.exchanges[before:]
    ended = [following.is_login for following in made[1:]]
    return [one for one, is_over in zip(made, [*ended, False], strict=False) if not (one.is_login or is_over)]


def _changed(first: Sequence[WireExchange], again: Sequence[WireExchange], codec: Codec) -> frozenset[str]:
    """In what the requests of each name differ, what the agency itself gave out just before left aside."""
    given = [b"".join(exchange.answer for exchange in made).decode("utf-8", "replace") for made in (first, again)]
    found = set[str]()
    for step in dict.fromkeys(exchange.operation for exchange in first):
        before, after = ([exchange for exchange in made if exchange.operation == step] for made in (first, again))
        # Where less is sent it has been done, and the plugin knows: perhaps as it asked first, at the same address.
        sent = places_of(before[: len(after)], codec), places_of(after, codec)
        values = {at: [said.get(at) for said in sent] for at in differing(*sent)}
        handed_out = {
            at
            for at, each in values.items()
            if all(one and one in all_ for one, all_ in zip(each, given, strict=True))
        }
        found |= {at.partition(" ")[2] for at in values.keys() - handed_out}
    return frozenset(found)


@check("answer-correction/corrected")
async def _corrected(subject: Subject, offer: AnyOffer) -> list[str]:
    assert isinstance(offer, PublicService)  # noqa: S101 - the check is put to services
    model, tap = form_of(subject, offer), Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        await prepare_operation(rig, Operation.ANSWER_CORRECTION)

        async def answered(about: str, **changed: object) -> Places:
            draft = rig.draft.model_copy(update=changed)
            passed = await _passed(tap, lambda: rig.platform.answer_correction(draft, rig.references, about=about))
            return places_of(passed, rig.simulator.codec)

        as_filed = await answered("as-filed")
        if not as_filed:
            raise NotReachable("nothing is sent for an answer to a correction")
        unsteady = differing(as_filed, await answered("again"))
        fields = variations_of(model, rig.draft.form, other_example(rig))
        sent = [await answered(f"field-{number}", form=field[0].form) for number, field in enumerate(fields)]
        arrived = any(each and differing(as_filed, each) - unsteady for each in sent)
        wrong = [] if arrived or not fields else ["no field of the form, corrected, changes what is sent"]
        for kind in offer.documents:
            marked = {f"{kind.kind}-{mark}": with_document(rig, kind, mark) for mark in ("one", "other")}
            one, other = [await answered(about, documents=papers) for about, papers in marked.items()]
            if one and other and not differing(one, other) - unsteady:
                wrong.append(f"another paper {kind.kind}, handed in later, is sent like the first")
    return wrong
