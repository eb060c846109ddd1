"""What agencies and gateways send. Anybody may send; a message counts once its plugin has proved where it is from."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from nagorik_host.engine.inbox import LARGEST_BODY
from nagorik_portal.api.calls import ServicePath, State
from nagorik_portal.api.models import OFFER
from nagorik_portal.api.problems import RequestRefused

router = APIRouter(tags=["messages"])
GatewayPath = Annotated[str, Path(pattern=OFFER, max_length=80, description="The gateway's id.")]
PaymentPath = Annotated[str, Path(alias="payment", min_length=1, max_length=200, description="The payment's id.")]


async def _keep(state: State, offer: str, request: Request) -> None:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise RequestRefused("too-large", 413)
    await state.portal.host.inbox.receive(offer, headers=dict(request.headers), body=bytes(body))


@router.post("/callbacks/{service}", status_code=202)
async def receive_callback(service: ServicePath, state: State, request: Request) -> None:
    """Keep a message of an agency; its plugin reads and proves it later."""
    await _keep(state, service, request)


@router.post("/notices/{gateway}/{payment}", status_code=202)
async def receive_notice(gateway: GatewayPath, _payment: PaymentPath, state: State, request: Request) -> None:
    """Keep a gateway's notice, which is only a hint to ask the gateway."""
    await _keep(state, gateway, request)
