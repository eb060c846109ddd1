"""What a citizen does after filing, at the counter: going on, withdrawal, a new consent, appointment, collection."""

from functools import partial
from typing import Final, cast

from starlette.routing import Route

from nagorik.model.status import Slot
from nagorik_host.host import Action
from nagorik_host.texts import text_of
from nagorik_portal.desk import effects, standing
from nagorik_portal.desk.drafting import typed_inputs
from nagorik_portal.desk.fields import read_fields, values_of
from nagorik_portal.desk.filing import CONSENT_FIELDS, agency_of, agreed, read_aloud
from nagorik_portal.desk.forms import CollectorForm
from nagorik_portal.desk.visits import PageError, Visit
from nagorik_portal.desk.wording import text
from nagorik_portal.hand_overs import Collector
from nagorik_toolkit.form_validation import form_schema, validate_form

_COLLECTOR: Final = read_fields(form_schema(CollectorForm))
_DAYS: Final = 180
_SLOTS_SHOWN: Final = 40
_DIGITS: Final = 6


def _confirmation(action: Action) -> Route:
    """A page that says what a step means, with a button that takes it."""

    async def show(visit: Visit) -> effects.FormShown:
        view = await standing.read_view(visit)
        said, button = text(f"{action}.explained", agency=agency_of(visit, view.service)), f"{action}.button"
        return effects.FormShown(view, "confirm.html", f"{action}.title", more={"said": said, "button": button})

    async def read(visit: Visit) -> effects.KeyedCall:
        return partial(visit.casework.act, standing.application_of(visit), action)

    return effects.effect_page(action, show, read)


async def _show_consent(visit: Visit) -> effects.FormShown:
    view = await standing.read_view(visit)
    if view.consent is None:
        raise effects.StepRefused(text("new-consent.not-needed"))
    least, gap = view.consent["least_ceiling"], view.consent["gap"]
    ceiling = -(-standing.amount_of(least).poisha // 100) if isinstance(least, str) else None
    applicant = (await visit.casework.filed_draft(view.application)).applicant
    why = gap and standing.own_sentence(f"held.consent-{gap}", text_of("hold", f"consent-{gap}"))
    more = {"why": why, **read_aloud(visit, visit.casework.service(view.service), applicant)}
    held = {"days": _DAYS, "ceiling": ceiling}
    return effects.FormShown(view, "new-consent.html", "step.consent", CONSENT_FIELDS, held, more)


async def _read_consent(visit: Visit) -> effects.KeyedCall:
    view, values = await standing.read_view(visit), values_of(CONSENT_FIELDS, typed_inputs(visit))
    least = view.consent["least_ceiling"] if view.consent is not None else None
    currency = standing.amount_of(least).currency if isinstance(least, str) else "BDT"
    given = agreed(visit, visit.casework.service(view.service), values, currency)
    return partial(visit.casework.consent, view.application, given)


async def _show_slots(visit: Visit) -> effects.FormShown:
    view, written = await standing.read_view(visit), visit.request.query_params.get("from", "")[:_DIGITS]
    found, first = await visit.casework.slots(view.application), int(written) if written.isdecimal() else 0
    free = [one for one in found.slots if one.free > 0]
    shown = {effects.seal(visit, one): one for one in free[first:][:_SLOTS_SHOWN]}
    labels = {sealed: text("appointment.slot", at=one.starts_at, place=one.place) for sealed, one in shown.items()}
    hints = {sealed: visit.t("appointment.free", number=one.free) for sealed, one in shown.items()}
    following = first + _SLOTS_SHOWN
    more = {
        "items": effects.choices(visit, "slot", labels, hints),
        "later": following if following < len(free) else None,
        "first_page": first and visit.request.url.path,
    }
    return effects.FormShown(view, "appointment.html", "appointment.title", more=more)


async def _read_slot(visit: Visit) -> effects.KeyedCall:
    slot = effects.unseal(visit, Slot, visit.typed_text("slot"))
    if slot is None:
        raise effects.FormRejected(PageError("slot", text("appointment.choose-one")))
    return partial(visit.casework.book, standing.application_of(visit), slot)


async def _show_hand_over(visit: Visit) -> effects.FormShown:
    return effects.FormShown(await standing.read_view(visit), "hand-over.html", "hand-over.title", _COLLECTOR)


async def _read_hand_over(visit: Visit) -> effects.KeyedCall:
    form = cast("CollectorForm", validate_form(CollectorForm, values_of(_COLLECTOR, typed_inputs(visit))))
    return partial(visit.casework.hand_over, standing.application_of(visit), Collector(**form.model_dump()))


CITIZEN_ACT_ROUTES: Final = [
    _confirmation("go-on"),
    _confirmation("withdraw"),
    effects.effect_page("new-consent", _show_consent, _read_consent),
    effects.effect_page("appointment", _show_slots, _read_slot),
    effects.effect_page("hand-over", _show_hand_over, _read_hand_over),
]
