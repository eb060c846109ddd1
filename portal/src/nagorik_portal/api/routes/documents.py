"""Documents: in, streamed and of a type that is detected, and out, to be saved and never to be shown in place."""

import hashlib
import json
from collections.abc import AsyncIterator
from mimetypes import guess_extension
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from nagorik_host import RequestKey
from nagorik_portal.api import models as m
from nagorik_portal.api.calls import REPLAYED, ApplicationPath, KeyText, State, Work, in_flight, operation_of

router = APIRouter(tags=["documents"])
DocumentPath = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The document's id.")]
KindQuery = Annotated[str, Query(pattern=r"^[a-z][a-z0-9-]{0,59}$", description="One of the service's kinds.")]


@router.post("/documents", status_code=201)
async def hand_in_document(
    request: Request,
    response: Response,
    state: State,
    casework: Work,
    key: KeyText,
    service: Annotated[m.OfferId, Query(description="The service that it is for.")],
    kind: KindQuery,
) -> m.DocumentTaken:
    """Hand in a document: its bytes are the body, and its type is what they show.

    It belongs to no application yet: name it in a draft, an application or a correction.
    """
    given = RequestKey(casework.actor.id, operation_of(request), key, b"")
    with in_flight(state, given):
        taken = await casework.put_document(service, kind, request.stream())
        # What is asked for is known once all of it came.
        digest = hashlib.sha256(json.dumps([service, kind, taken.sha256]).encode()).digest()
        kept = None
        try:
            kept = await state.portal.host.remember(given._replace(digest=digest), taken.id)
        finally:
            if kept != taken.id:
                state.portal.documents.remove(taken.id)
    if kept != taken.id:
        response.headers[REPLAYED] = "true"
    name = state.cursors.name_document(casework.actor.centre, taken.model_copy(update={"id": kept}))
    return m.DocumentTaken(document=name, kind=kind, media_type=taken.media_type, bytes=taken.bytes)


@router.get("/applications/{application}/deliverables")
async def list_deliverables(application: ApplicationPath, casework: Work) -> m.RowPage[m.DeliverableListed]:
    """List what the agency issued."""
    rows = [
        m.DeliverableListed(
            kind=one.kind, interim=one.interim, delivery=one.delivery, document=kept.id if kept is not None else None
        )
        for one, kept, _ in await casework.deliverables(application)
    ]
    return m.RowPage(rows=rows)


@router.get("/applications/{application}/documents")
async def list_documents(application: ApplicationPath, casework: Work) -> m.RowPage[m.DocumentListed]:
    """List the documents of an application, those of the agency included, in the order in which they came."""
    rows = [
        m.DocumentListed(
            **one.reference.model_dump(include={"id", "kind", "media_type", "bytes"}),
            source=one.source,
            at=one.at,
            superseded=one.superseded,
        )
        for one in await casework.documents(application)
    ]
    return m.RowPage(rows=rows)


@router.get("/applications/{application}/documents/{document}", response_class=StreamingResponse)
async def download(application: ApplicationPath, document: DocumentPath, casework: Work) -> Response:
    """Download a document of an application, as a file."""
    reference, pieces = await casework.open_document(application, document)
    first = await anext(pieces, b"")  # what cannot be opened is a problem, and no broken file

    async def content() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    name = f"{reference.kind}{guess_extension(reference.media_type) or '.bin'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(reference.bytes)}
    return StreamingResponse(content(), headers=headers, media_type=reference.media_type)
