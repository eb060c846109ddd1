"""Signing a request with the plugin's own signer, over the bytes that are going to be sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial

from pydantic import BaseModel

from nagorik.clock import Clock
from nagorik.errors import NagorikError, PluginFault
from nagorik.http import SignableRequest, Signature, Signer
from nagorik_platform.agency_client.headers import raw_headers, with_headers
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.transport import OutgoingRequest
from nagorik_platform.contract_errors import known_error
from nagorik_platform.tracebacks import type_name


async def sign_request(
    signer: Signer, settings: BaseModel, clock: Clock, plugin: str, key_header: str, outgoing: OutgoingRequest
) -> OutgoingRequest:
    """Let the plugin sign one attempt's request; a signature often holds the time.

    Raises:
        NagorikError: The signer's own; ``PluginFault`` for any other end. Nothing was sent.
    """
    body = outgoing.body
    request = SignableRequest(
        outgoing.method,
        outgoing.url,
        {name.decode("latin-1"): value.decode("latin-1") for name, value in outgoing.headers},
        body if isinstance(body, bytes) else None,
        body.chunks if isinstance(body, MultipartBody) else partial(_one_piece, body),
    )
    error: NagorikError = PluginFault("sign-wrong-result", plugin=plugin)
    try:
        # What a manifest names need not keep to the type.
        signature: object = await signer(request, settings, clock)
    except Exception as raised:  # noqa: BLE001 - a plugin's signer may raise anything; its text may hold secrets
        error = known_error(raised) or PluginFault("sign-raised", plugin=plugin, exception=type_name(raised))
    else:
        headers = raw_headers(signature.headers, reserved=key_header) if isinstance(signature, Signature) else None
        if isinstance(signature, Signature) and headers is not None and isinstance(signature.content, bytes | None):
            if signature.content is not None:
                body = signature.content
                headers = [(b"Content-Length", str(len(body)).encode("ascii")), *headers]
            return replace(outgoing, headers=with_headers(outgoing.headers, headers), body=body)
    raise error


async def _one_piece(body: bytes | None) -> AsyncIterator[bytes]:
    if body:
        yield body
