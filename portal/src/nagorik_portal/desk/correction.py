"""Correction of a filed application: only the fields and documents that were named, with the words of who named them.

Where those words name no field, the operator chooses by them what is corrected, and only that is drawn.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response
from starlette.routing import Route

from nagorik import ApplicationDraft, DocumentReference, FieldProblem, InputRejected
from nagorik.manifest import PublicService
from nagorik_host.views import ApplicationView
from nagorik_platform.documents import in_megabytes
from nagorik_portal.desk.citizen_acts import read_values, typed_fields
from nagorik_portal.desk.drafting import entries_changed
from nagorik_portal.desk.effects import KEY, application_of, effect_page, read_view, refusal_page, take_effect
from nagorik_portal.desk.fields import Field, field_views, read_fields
from nagorik_portal.desk.filing import pieces_of_upload
from nagorik_portal.desk.standing import reasons, service_of
from nagorik_portal.desk.visits import PageError, Visit, page
from nagorik_portal.desk.wording import text

_CHANGE: Final = "change"
_PAPER: Final = "paper"
_KEPT: Final = "kept"
_CHOSEN: Final = "chosen"
_FILE: Final = "file."
_CARRIED: Final = frozenset({_CHANGE, _PAPER, _KEPT})
_UPLOAD: Final = "desk-upload"


async def _fields(visit: Visit, service: PublicService) -> tuple[Field, ...]:
    schema = await visit.casework.form_schema(service.id)
    return read_fields(schema) if schema is not None else ()


def _named(view: ApplicationView, draft: ApplicationDraft) -> tuple[set[str], set[str]]:
    """The fields and the kinds of documents that a refusal names."""
    pointers = [str(one["pointer"]) for refusal in view.refusals for one in _list(refusal["fields"])]
    found = [pointer.strip("/").split("/") for pointer in pointers]
    papers = {draft.documents[int(at[1])].kind for at in found if at[0] == "documents" and _is_place(at, draft)}
    return {at[1] for at in found if at[0] == "form" and len(at) > 1}, papers


def _list(value: object) -> list[Mapping[str, object]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list | tuple) else []


def _is_place(at: Sequence[str], draft: ApplicationDraft) -> bool:
    return len(at) > 1 and at[1].isascii() and at[1].isdigit() and int(at[1]) < len(draft.documents)


async def _show(visit: Visit, *, problems: Sequence[FieldProblem] = (), is_outdated: bool = False) -> Response:
    view, casework = await read_view(visit), visit.casework
    service = service_of(visit, view)
    if service is None:
        return refusal_page(visit, text("correct.no-service"))
    draft, fields = await casework.filed_draft(view.application), await _fields(visit, service)
    keys, kinds = _named(view, draft)
    if _CHOSEN in visit.typed and visit.is_language_change:
        return _choice(visit, view, service, fields)
    if _CHANGE in visit.typed or _PAPER in visit.typed or KEY in visit.typed:
        keys = {str(one) for one in visit.typed.getlist(_CHANGE)}
        kinds = {str(one) for one in visit.typed.getlist(_PAPER)}
    elif "choose" in visit.request.query_params:
        keys, kinds = set(), set()
    wanted = [field for field in fields if field.key in keys]
    papers = [one for one in service.documents if one.kind in kinds]
    if not wanted and not papers:
        return _choice(visit, view, service, fields)
    typed = typed_fields(visit) if KEY in visit.typed else _held(wanted, draft)
    views, errors = field_views(visit, wanted, typed, problems, has_heading=True)
    uploaded = _uploads(visit)
    files = [
        {
            "id": f"file-{one.kind}",
            "name": f"{_FILE}{one.kind}",
            "label": visit.say(one.label),
            "hint": visit.t(
                "documents.hint",
                types=", ".join(kind.rpartition("/")[2].upper() for kind in one.media_types),
                largest=in_megabytes(one.largest_bytes),
            ),
            "accept": ",".join(one.media_types),
            "uploaded": [_uploaded(visit, document) for document in uploaded if document.kind == one.kind],
        }
        for one in papers
    ]
    errors = [_at_file(one, files, problems) for one in errors]
    return effect_page(
        visit,
        "correct.html",
        "correct.title",
        view,
        errors=errors,
        is_outdated=is_outdated,
        reasons=[*reasons(view)],
        views=views,
        files=files,
        changes_of=[field.key for field in wanted],
        papers_of=[one.kind for one in papers],
        kept=[_sealed(visit, one) for one in uploaded],
        choose=f"/applications/{view.application}/correct?choose=1",
    )


def _at_file(error: PageError, files: Sequence[Mapping[str, object]], problems: Sequence[FieldProblem]) -> PageError:
    """A problem of a document at the input of its kind."""
    kinds = {one.text: one.pointer.rpartition("/")[2] for one in problems if one.pointer.startswith("/documents/")}
    found = f"file-{kinds.get(error.text)}"
    return PageError(found, error.text) if any(one["id"] == found for one in files) else error


def _held(fields: Sequence[Field], draft: ApplicationDraft) -> dict[str, str]:
    """What stands in the inputs: the present values."""
    parts = (field.write(draft.form[field.key], field.key) for field in fields if field.key in draft.form)
    return {name: word for part in parts for name, word in part.items()}


def _choice(visit: Visit, view: ApplicationView, service: PublicService, fields: Sequence[Field]) -> Response:
    def items(given: Sequence[tuple[str, object]]) -> list[dict[str, object]]:
        ticked = {*visit.typed.getlist(_CHANGE), *visit.typed.getlist(_PAPER)}
        return [{"value": value, "text": visit.say(label), "checked": value in ticked} for value, label in given]

    is_empty = _CHOSEN in visit.typed and not visit.is_language_change
    return visit.page(
        "correct-choose.html",
        "correct.choose-title",
        errors=[PageError("change" if fields else "paper", text("correct.choose-one"))] if is_empty else [],
        status=422 if is_empty else 200,
        form="page",
        view=view,
        back=f"/applications/{view.application}",
        reasons=[*reasons(view)],
        fields=items([(field.key, field.label) for field in fields]),
        papers=items([(one.kind, one.label) for one in service.documents]),
    )


async def _send(visit: Visit) -> Response:
    if KEY not in visit.typed:
        return await _show(visit)
    view, casework = await read_view(visit), visit.casework
    service = service_of(visit, view)
    if service is None:
        return refusal_page(visit, text("correct.no-service"))
    keys = {str(one) for one in visit.typed.getlist(_CHANGE)}
    fields = [field for field in await _fields(visit, service) if field.key in keys]
    problems = await _keep_uploads(visit, service)
    changed = entries_changed(visit, typed_fields(visit))
    if changed is not None:
        carried = [(name, value) for name, value in visit.typed.multi_items() if name in _CARRIED]
        visit.typed = FormData([*carried, *((name, one) for name, one in changed.items() if name not in _CARRIED)])
    if visit.is_language_change or problems or changed is not None:
        return await _show(visit, problems=problems)
    values = read_values(fields, typed_fields(visit))
    draft = await casework.filed_draft(view.application)
    try:
        await casework.validate(service.id, {**draft.form, **values})
    except InputRejected as error:
        return await _show(visit, problems=error.fields)
    documents = _uploads(visit)
    if not values and not documents:
        return await _show(visit, problems=[FieldProblem(pointer="", code="absent", text=text("correct.nothing"))])
    asked = {"form": values, "documents": [one.id for one in documents]}
    application = application_of(visit)
    return await take_effect(
        visit,
        _show,
        "correct",
        asked,
        lambda key, revision: casework.act(
            application, "corrected", form=values, documents=documents, key=key, revision=revision
        ),
    )


async def _keep_uploads(visit: Visit, service: PublicService) -> list[FieldProblem]:
    """Take files into the host's store; the form then carries their references, so that no file is sent twice."""
    kept, problems = [], []
    for name, file in visit.typed.multi_items():
        if isinstance(file, UploadFile) and file.filename and name.startswith(_FILE):
            kind = name.removeprefix(_FILE)
            try:
                taken = await visit.casework.put_document(service.id, kind, pieces_of_upload(file))
            except InputRejected as error:
                problems += [
                    FieldProblem(pointer=f"/documents/{kind}", code=one.code, text=one.text) for one in error.fields
                ]
            else:
                kept.append((_KEPT, _sealed(visit, taken)))
    visit.typed = FormData([*visit.typed.multi_items(), *kept])
    return problems


def _sealed(visit: Visit, document: DocumentReference) -> str:
    """A document as a form carries it: the host's mark shows that it was handed in for this application."""
    written = json.dumps(document.model_dump(mode="json"), separators=(",", ":"), sort_keys=True)
    return f"{visit.portal.host.vault.lookup(_UPLOAD, f'{application_of(visit)} {written}')} {written}"


def _uploads(visit: Visit) -> list[DocumentReference]:
    """The documents that the form carries."""
    found = []
    for one in visit.typed.getlist(_KEPT):
        mark, _, written = str(one).partition(" ")
        if mark == visit.portal.host.vault.lookup(_UPLOAD, f"{application_of(visit)} {written}"):
            found.append(DocumentReference.model_validate_json(written))
    return list({one.id: one for one in found}.values())


def _uploaded(visit: Visit, document: DocumentReference) -> str:
    kind = document.media_type.rpartition("/")[2].upper()
    return visit.t("documents.uploaded", type=kind, size=in_megabytes(document.bytes))


CORRECTION_ROUTES: Final[list[Route]] = [
    page("/applications/{application}/correct", "correct", _show, _send, keeps_typed=True)
]
