"""Appointments, held against the agency's own board: what is offered is free, what is booked is what was chosen."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import date, datetime, timedelta
from typing import Final

from nagorik import AgencyRejected, ApplicationDraft, NagorikError, PluginFault, Slot, SlotBooking
from nagorik.manifest import AnyOffer
from nagorik.values import dhaka_date
from nagorik_testing.contract.calls import AHEAD
from nagorik_testing.contract.checks.answers.variations import MINUTE
from nagorik_testing.contract.checks.check import NotConcerned, check
from nagorik_testing.contract.checks.status import COARSE, course_of
from nagorik_testing.contract.preparations import NO_SLOTS
from nagorik_testing.contract.rig import Rig
from nagorik_testing.contract.subject import Subject, open_rig
from nagorik_testing.contract.verdict import NotReachable
from nagorik_testing.contract.wiretap import WireExchange, Wiretap, differing, places_of
from nagorik_testing.simulator.slot_board import SlotBoard

SHORT: Final = timedelta(days=3)
"""A part of that time, which the citizen has."""


async def _offered(
    rig: Rig, draft: ApplicationDraft, latest: datetime, *, earliest: datetime | None = None
) -> tuple[Slot, ...]:
    slots = await rig.platform.list_slots(
        draft,
        earliest=earliest or rig.clock.now(),
        latest=latest,
        agency_reference=rig.references.agency_reference,
    )
    return slots.slots


async def _waited_for(subject: Subject, offer: AnyOffer, rig: Rig, tap: Wiretap) -> AsyncGenerator[tuple[Slot, ...]]:
    """The appointments that are offered, at each stage at which any are.

    Raises:
        NotConcerned: The agency has none for the example, such as at an office that takes people as they come.
    """
    dropped = False
    async with aclosing(course_of(rig, offer, subject.simulator.outcomes[0], stride=COARSE)) as reports:
        async for _ in reports:
            before = len(tap.exchanges)
            if offered := await _offered(rig, rig.draft, rig.clock.now() + AHEAD):
                yield offered
            else:
                dropped = dropped or _are_told(rig, tap.since(before))
    if dropped:
        raise NotReachable("the agency has appointments for the example, and none of them is offered")
    raise NotConcerned(NO_SLOTS)


def _are_told(rig: Rig, passed: Sequence[WireExchange]) -> bool:
    """Whether what the agency answered holds an appointment of its board."""
    told = b"".join(exchange.answer for exchange in passed).decode("utf-8", "replace")
    return any(
        slot.written in told for board in _boards(rig) for office in board.offices for slot in board.free(office)
    )


def _boards(rig: Rig) -> list[SlotBoard]:
    return [component for component in rig.simulator.components if isinstance(component, SlotBoard)]


@check("slots/as-free")
async def _as_free(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        async with aclosing(_waited_for(subject, offer, rig, tap)) as stages:
            offered = await anext(stages)
        if len({dhaka_date(slot.starts_at) for slot in offered}) > 1:
            _fill(rig, dhaka_date(offered[0].starts_at))
            offered = await _offered(rig, rig.draft, rig.clock.now() + AHEAD)
        now, middle = rig.clock.now(), offered[len(offered) // 2].starts_at
        until = now + AHEAD
        wrong = _against_boards(rig, offered, now, until)
        wrong += ["an appointment that has no place is offered" for slot in offered if not slot.free]
        wrong += ["an appointment ends before it begins" for slot in offered if slot.ends_at <= slot.starts_at]
        if list(offered) != sorted(offered, key=lambda slot: slot.starts_at):
            wrong.append("the appointments are not in order of time")
        if len({slot.id for slot in offered}) < len(offered):
            wrong.append("two appointments have one id")
        # The time ends just after an appointment, or begins just before one: a part of a day is asked for, too.
        for earliest, latest in ((now, now + SHORT), (now, middle + MINUTE), (middle - MINUTE, until)):
            found = {slot.starts_at for slot in await _offered(rig, rig.draft, latest, earliest=earliest)}
            true = {slot.starts_at for slot in offered if earliest <= slot.starts_at < latest}
            if true - found:
                wrong.append("of a shorter time that is asked for, not all appointments are offered")
            if found - true:
                wrong.append("an appointment is offered that begins outside of the time that was asked for")
        return wrong


def _fill(rig: Rig, until: date) -> None:
    """Let strangers take every place up to a day."""
    for board in _boards(rig):
        for office in board.offices:
            board.fill(office, until)


def _against_boards(rig: Rig, offered: Sequence[Slot], earliest: datetime, latest: datetime) -> list[str]:
    """What no office of the agency's boards gives out so; the application's own office is the one that is nearest."""
    told = {slot.starts_at: slot.free for slot in offered}
    found: list[list[str]] = []
    for free in [board.free(office) for board in _boards(rig) for office in board.offices]:
        true = {slot.begins: slot.free for slot in free if earliest <= slot.begins < latest}
        found.append(wrong := [])
        if missing := len(true.keys() - told.keys()):
            wrong.append(f"{missing} free appointments of {len(true)} are not offered")
        if strange := len(told.keys() - true.keys()):
            wrong.append(f"{strange} appointments are offered that the agency does not give out")
        if any(told[begins] != free for begins, free in true.items() if begins in told):
            wrong.append("an appointment is offered with another number of places than are left")
    return min(found, key=len, default=[])


@check("book-slot/chosen")
async def _as_chosen(subject: Subject, offer: AnyOffer) -> list[str]:
    tap = Wiretap()
    async with open_rig(tap.on(subject), offer.id) as rig:
        refused = "no appointment can be booked at any stage"
        async with aclosing(_waited_for(subject, offer, rig, tap)) as stages:
            async for offered in stages:
                try:
                    booking = await rig.platform.book_slot(rig.draft, rig.references, offered[-1])
                except AgencyRejected as rejected:
                    refused = f"no appointment can be booked at any stage: {rejected.code}"
                    continue  # they are shown before any can be taken
                wrong = _against_board(rig, offered[-1], booking)
                sent = [tap.since()[-1]]
                middle = offered[len(offered) // 2]
                wrong += _against_board(rig, middle, await rig.platform.book_slot(rig.draft, rig.references, middle))
                sent.append(tap.since()[-1])
                if middle != offered[-1] and not differing(*(places_of([one], rig.simulator.codec) for one in sent)):
                    wrong.append("two appointments are booked by the same request")
                return list(dict.fromkeys(wrong + await _gone(rig, offered)))
    raise NotReachable(refused)


def _against_board(rig: Rig, slot: Slot, booking: SlotBooking) -> list[str]:
    wrong = [] if booking.booked else ["an appointment that is free is said to be gone"]
    held = [taken.begins for board in _boards(rig) for taken in board.holdings.values()]
    if _boards(rig) and slot.starts_at not in held:
        wrong.append("another appointment is booked than was chosen, or none")
    return wrong


async def _gone(rig: Rig, offered: Sequence[Slot]) -> list[str]:
    """What is said of an appointment that strangers took meanwhile."""
    wanted = offered[0]
    _fill(rig, dhaka_date(wanted.starts_at))
    if not _boards(rig) or len(offered) == 1:
        return []
    try:
        booking = await rig.platform.book_slot(rig.draft, rig.references, wanted)
    except PluginFault:
        return ["an appointment that is gone ends in a fault of the plugin"]
    except NagorikError as error:
        return [f"an appointment that is gone ends in {error.code}, which is an answer and not an error"]
    return ["an appointment that is gone is said to be booked"] if booking.booked else []
