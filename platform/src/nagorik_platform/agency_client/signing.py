"""Signing a request with the plugin's own signer, over the bytes that are going to be sent."""

from collections.abc import AsyncIterator
from dataclasses import replace

from pydantic import BaseModel

from nagorik.clock import Clock
from nagorik.errors import NagorikError, PluginFault
from nagorik.http import SignableRequest, Signature, Signer
from nagorik_platform.agency_client.headers import raw_headers, with_headers
from nagorik_platform.agency_client.multipart import MultipartBody
from nagorik_platform.agency_client.transport import OutgoingRequest
from nagorik_platform.contract_errors import known_error
from nagorik_platform.tracebacks import type_name


class RequestSigner:
    """Lets the plugin sign each attempt anew, since a signature often holds the time."""

    def __init__(self, signer: Signer, settings: BaseModel, clock: Clock, *, plugin: str, key_header: str) -> None:
        self._key_header = key_header
        self._signer = signer
        self._settings = settings
        self._clock = clock
        self._plugin = plugin

    async def sign(self, outgoing: OutgoingRequest) -> OutgoingRequest:
        """The request with its signature.

        Raises:
            NagorikError: The signer's own; ``PluginFault`` for whatever else it does. Nothing was sent.
        """
        body = outgoing.body
        request = SignableRequest(
            outgoing.method,
            outgoing.url,
            {name.decode("latin-1"): value.decode("latin-1") for name, value in outgoing.headers},
            body if isinstance(body, bytes) else None,
            body.chunks if isinstance(body, MultipartBody) else lambda: _one_piece(body),
        )
        error: NagorikError
        try:
            # What a manifest names need not keep to the type.
            signature: object = await self._signer(request, self._settings, self._clock)
        except Exception as raised:  # noqa: BLE001 - a plugin's signer may raise anything; its text may hold secrets
            fault = PluginFault("sign-raised", plugin=self._plugin, exception=type_name(raised))
            error = known_error(raised) or fault
        else:
            signed = self._signed(outgoing, signature)
            if signed is not None:
                return signed
            error = PluginFault("sign-wrong-result", plugin=self._plugin)
        raise error

    def _signed(self, outgoing: OutgoingRequest, signature: object) -> OutgoingRequest | None:
        """The request with a signature; ``None`` where it is none, or holds what a signature may not."""
        if not isinstance(signature, Signature) or not isinstance(signature.content, bytes | None):
            return None
        headers = raw_headers(signature.headers, reserved=self._key_header)
        if headers is None:
            return None
        body = outgoing.body
        if signature.content is not None:
            body = signature.content
            headers = [(b"Content-Length", str(len(body)).encode("ascii")), *headers]
        return replace(outgoing, headers=with_headers(outgoing.headers, headers), body=body)


async def _one_piece(body: bytes | None) -> AsyncIterator[bytes]:
    if body:
        yield body
