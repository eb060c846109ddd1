"""Correction of a filed application: only the fields and documents that were named, with the words of who named them.

Where those words name no field, the operator chooses by them what is corrected, and only that is drawn.
"""

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.datastructures import FormData

from nagorik import ApplicationDraft, DocumentReference
from nagorik_host.views import ApplicationView
from nagorik_portal.desk import effects, standing
from nagorik_portal.desk.drafting import entries_changed, service_fields, typed_inputs
from nagorik_portal.desk.fields import inputs_of, values_of
from nagorik_portal.desk.filing import FILE_WORDS, take_uploads
from nagorik_portal.desk.visits import PageError, Visit
from nagorik_portal.desk.wording import text

_CHANGE: Final = "change"
_PAPER: Final = "paper"
_KEPT: Final = "kept"
_CHOSEN: Final = "chosen"
_CARRIED: Final = frozenset({_CHANGE, _PAPER, _KEPT})


def _named(view: ApplicationView, draft: ApplicationDraft) -> tuple[set[str], set[str]]:
    """The fields and the kinds of documents that a refusal names."""
    pointers = [str(one["pointer"]) for refusal in view.refusals for one in standing.parts_of(refusal["fields"])]
    found = [pointer.strip("/").split("/") for pointer in pointers]
    kinds = {str(place): document.kind for place, document in enumerate(draft.documents)}
    papers = {kinds[at[1]] for at in found if at[0] == "documents" and len(at) > 1 and at[1] in kinds}
    return {at[1] for at in found if at[0] == "form" and len(at) > 1}, papers


async def _show(visit: Visit) -> effects.FormShown:
    view = await standing.read_view(visit)
    fields, draft = await service_fields(visit, view.service), await visit.casework.filed_draft(view.application)
    listed = visit.casework.service(view.service).documents
    keys, kinds = _named(view, draft)
    if effects.KEY in visit.typed or "choose" in visit.request.query_params:
        keys, kinds = ({str(one) for one in visit.typed.getlist(name)} for name in (_CHANGE, _PAPER))
    wanted = [field for field in fields if field.key in keys]
    papers = [one for one in listed if one.kind in kinds]
    if _CHOSEN in visit.typed or not (wanted or papers):
        more: dict[str, object] = {
            "fields": effects.choices(visit, _CHANGE, {field.key: field.label for field in fields}),
            "papers": effects.choices(visit, _PAPER, {one.kind: one.label for one in listed}),
        }
        return effects.FormShown(view, "correct-choose.html", "correct.choose-title", more=more)
    uploads = _uploads(visit)
    more = {
        "files": [{"listed": one, "kept": [each for each in uploads if each.kind == one.kind]} for one in papers],
        "kept": [effects.seal(visit, one) for one in uploads],
        **FILE_WORDS,
    }
    return effects.FormShown(view, "correct.html", "correct.title", wanted, draft.form, more)


async def _read(visit: Visit) -> effects.KeyedCall:
    view, casework = await standing.read_view(visit), visit.casework
    known, draft = await service_fields(visit, view.service), await casework.filed_draft(view.application)
    fields = [field for field in known if field.key in visit.typed.getlist(_CHANGE)]
    if _CHOSEN in visit.typed:
        _take_choice(visit, inputs_of(fields, draft.form), "change" if known else "paper")
    taken, errors = await take_uploads(visit, view.service)
    # The form then carries their references, so that no file is sent twice.
    kept = [(_KEPT, effects.seal(visit, one)) for one in taken]
    visit.typed = FormData([*visit.typed.multi_items(), *kept])
    if (changed := entries_changed(visit, typed_inputs(visit))) is not None:
        _retype(visit, changed)
    if visit.is_language_change or errors or changed is not None:
        raise effects.FormRejected(*errors)
    values, documents = values_of(fields, typed_inputs(visit)), _uploads(visit)
    await casework.validate(view.service, {**draft.form, **values})
    if not values and not documents:
        raise effects.FormRejected(PageError("main-content", text("correct.nothing")))
    return partial(casework.act, view.application, "corrected", form=values, documents=documents)


def _take_choice(visit: Visit, held: Mapping[str, str], first: str) -> None:
    """Let the form stand there with the present values, once it was chosen what is corrected."""
    if visit.is_language_change:
        raise effects.FormRejected
    if _CHANGE not in visit.typed and _PAPER not in visit.typed:
        raise effects.FormRejected(PageError(first, text("correct.choose-one")))
    hidden = {name: word for name, word in typed_inputs(visit).items() if name != _CHOSEN}
    _retype(visit, {**hidden, **held})
    raise effects.FormRejected


def _retype(visit: Visit, inputs: Mapping[str, str]) -> None:
    """Let the inputs hold this; what the form carries stays."""
    carried = [one for one in visit.typed.multi_items() if one[0] in _CARRIED]
    visit.typed = FormData([*carried, *(one for one in inputs.items() if one[0] not in _CARRIED)])


def _uploads(visit: Visit) -> list[DocumentReference]:
    """The documents that the form carries."""
    found = [effects.unseal(visit, DocumentReference, str(one)) for one in visit.typed.getlist(_KEPT)]
    return list({one.id: one for one in found if one is not None}.values())


CORRECTION_ROUTES: Final = [effects.effect_page("correct", _show, _read, keeps_typed=True)]
