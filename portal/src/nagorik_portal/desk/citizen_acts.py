"""What a citizen does after filing, at the counter: going on, withdrawal, a new consent, appointment, collection."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue
from starlette.responses import Response
from starlette.routing import Route

from nagorik import FieldProblem, InputRejected, Money
from nagorik.model.status import Slot
from nagorik_host.texts import text_of
from nagorik_host.views import consent_operations
from nagorik_platform.lifecycle import NotPossible
from nagorik_portal.desk.effects import (
    application_of,
    effect_page,
    own_sentence,
    read_view,
    refusal_page,
    take_effect,
)
from nagorik_portal.desk.fields import BLANK, Field, Typed, field_views, read_fields
from nagorik_portal.desk.filing import agency_of
from nagorik_portal.desk.forms import CollectorForm, ConsentForm
from nagorik_portal.desk.paying import fee_tables
from nagorik_portal.desk.standing import amount_of, booking_of, service_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text
from nagorik_portal.hand_overs import Collector
from nagorik_toolkit.form_validation import form_schema, validate_form

_CONSENT: Final = read_fields(form_schema(ConsentForm))
_COLLECTOR: Final = read_fields(form_schema(CollectorForm))
_DAYS: Final = 180
_SLOTS_SHOWN: Final = 40
_SLOT: Final = "desk-slot"


def typed_fields(visit: Visit) -> dict[str, str]:
    """What stands in the inputs of the page."""
    return {name: value for name, value in visit.typed.items() if isinstance(value, str)}


def read_values(fields: Sequence[Field], typed: Typed) -> dict[str, JsonValue]:
    """What was typed, as a form takes it."""
    found = {field.key: field.value(typed, field.key) for field in fields}
    return {key: value for key, value in found.items() if value is not BLANK}


# Confirmations


def _confirmation(name: str, action: str, text_code: str) -> Route:
    """A page that says what a step means, with a button that takes it."""

    async def show(visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False) -> Response:
        view = await read_view(visit)
        return effect_page(
            visit,
            "confirm.html",
            f"{name}.title",
            view,
            errors=[PageError("continue", one.text) for one in problems],
            is_outdated=is_outdated,
            said=text(text_code, agency=agency_of(visit, view.service)),
            payments=[{"amount": amount_of(one.amount), "means": one.means} for one in view.payments],
            button=f"{name}.button",
        )

    async def send(visit: Visit) -> Response:
        casework, application = visit.casework, application_of(visit)
        return await take_effect(
            visit,
            show,
            name,
            None,
            lambda key, revision: casework.act(application, action, key=key, revision=revision),  # type: ignore[arg-type]
        )

    return page(f"/applications/{{application}}/{name}", name, show, send)


# A new consent


async def _show_consent(
    visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False
) -> Response:
    view = await read_view(visit)
    service = service_of(visit, view)
    if service is None or view.consent is None:
        return refusal_page(visit, text("new-consent.not-needed"))
    least = view.consent["least_ceiling"]
    typed: Typed = typed_fields(visit) or {
        "days": str(_DAYS),
        "ceiling": str(-(-amount_of(least).poisha // 100)) if isinstance(least, str) else "",
    }
    views, errors = field_views(visit, _CONSENT, typed, problems)
    name = (await visit.casework.filed_draft(view.application)).applicant.name
    citizen = (name.bn or name.en) if visit.language == "bn" else (name.en or name.bn)
    gap = view.consent["gap"]
    return effect_page(
        visit,
        "new-consent.html",
        "step.consent",
        view,
        errors=errors,
        is_outdated=is_outdated,
        views=views,
        why=own_sentence(f"held.consent-{gap}", text_of("hold", f"consent-{gap}")) if gap is not None else None,
        citizen=citizen or "",
        service=service,
        agency=agency_of(visit, service.id),
        operations=[text(f"operation.{one.value}") for one in sorted(consent_operations(service))],
        fees=fee_tables(visit, view),
    )


async def _consent(visit: Visit) -> Response:
    values = read_values(_CONSENT, typed_fields(visit))
    try:
        form = validate_form(ConsentForm, values)
    except InputRejected as error:
        return await _show_consent(visit, problems=error.fields)
    assert isinstance(form, ConsentForm)  # noqa: S101 - what is validated against it
    view, casework = await read_view(visit), visit.casework
    least = view.consent["least_ceiling"] if view.consent is not None else None
    currency = amount_of(least).currency if isinstance(least, str) else "BDT"
    service = casework.service(view.service)
    given = casework.make_consent(
        view.service, Money(poisha=form.ceiling * 100, currency=currency), days=form.days, asks=service.asks
    )
    asked = {"ceiling": form.ceiling, "days": form.days}
    return await take_effect(
        visit,
        _show_consent,
        "consent",
        asked,
        lambda key, revision: casework.consent(view.application, given, key=key, revision=revision),
    )


# The appointment


async def _show_slots(visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False) -> Response:
    view, casework = await read_view(visit), visit.casework
    try:
        found = await casework.slots(view.application, earliest=_earliest(visit))
    except NotPossible as refused:
        return refusal_page(visit, text_of("not-possible", refused.code), 409)
    free = [one for one in found.slots if one.free > 0]
    shown = free[:_SLOTS_SHOWN]
    items = [
        {
            "value": _sealed(visit, one),
            "text": visit.t("appointment.slot", at=one.starts_at, place=one.place),
            "hint": {"text": visit.t("appointment.free", number=one.free)},
            "checked": visit.typed_text("slot") == _sealed(visit, one),
        }
        for one in shown
    ]
    return effect_page(
        visit,
        "appointment.html",
        "appointment.title",
        view,
        errors=[PageError("slot", one.text) for one in problems],
        is_outdated=is_outdated,
        booking=booking_of(view),
        items=items,
        later=(shown[-1].starts_at + timedelta(seconds=1)).isoformat() if len(free) > len(shown) else None,
        first_page=visit.request.query_params.get("from") and f"/applications/{view.application}/appointment",
    )


def _earliest(visit: Visit) -> datetime | None:
    try:
        since = datetime.fromisoformat(visit.request.query_params.get("from", ""))
    except ValueError:
        return None
    return since if since.tzinfo is not None else None


def _sealed(visit: Visit, slot: Slot) -> str:
    """A slot as a form carries it: the host's mark shows that it was offered."""
    written = json.dumps(slot.model_dump(mode="json"), separators=(",", ":"), sort_keys=True)
    return f"{visit.portal.host.vault.lookup(_SLOT, f'{application_of(visit)} {written}')} {written}"


async def _book(visit: Visit) -> Response:
    mark, _, written = visit.typed_text("slot").partition(" ")
    if not written or mark != visit.portal.host.vault.lookup(_SLOT, f"{application_of(visit)} {written}"):
        problem = FieldProblem(pointer="/slot", code="absent", text=text("appointment.choose-one"))
        return await _show_slots(visit, problems=[problem])
    slot, casework, application = Slot.model_validate_json(written), visit.casework, application_of(visit)
    return await take_effect(
        visit,
        _show_slots,
        "book",
        slot,
        lambda key, revision: casework.book(application, slot, key=key, revision=revision),
    )


# Handing over


async def _show_hand_over(
    visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False
) -> Response:
    view = await read_view(visit)
    views, errors = field_views(visit, _COLLECTOR, typed_fields(visit), problems)
    return effect_page(
        visit, "hand-over.html", "hand-over.title", view, errors=errors, is_outdated=is_outdated, views=views
    )


async def _hand_over(visit: Visit) -> Response:
    values = read_values(_COLLECTOR, typed_fields(visit))
    try:
        form = validate_form(CollectorForm, values)
    except InputRejected as error:
        return await _show_hand_over(visit, problems=error.fields)
    assert isinstance(form, CollectorForm)  # noqa: S101 - what is validated against it
    casework, application = visit.casework, application_of(visit)
    collector = Collector(name=form.name, relation=form.relation, identity_seen=form.identity_seen)
    return await take_effect(
        visit,
        _show_hand_over,
        "hand-over",
        collector,
        lambda key, revision: casework.hand_over(application, collector, key=key, revision=revision),
    )


CITIZEN_ACT_ROUTES: Final[list[Route]] = [
    _confirmation("go-on", "go-on", "go-on.explained"),
    _confirmation("withdraw", "withdraw", "withdraw.explained"),
    page("/applications/{application}/new-consent", "new-consent", _show_consent, _consent),
    page("/applications/{application}/appointment", "appointment", _show_slots, _book),
    page("/applications/{application}/hand-over", "hand-over", _show_hand_over, _hand_over),
]
