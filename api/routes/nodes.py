"""Where a node gets the right to deliver: with a one-time code, and from nobody else's network address too often."""

import base64
import binascii
from typing import Any

from fastapi import APIRouter, Request

from api import schemas
from api.deps import ContextDep, client_address
from api.errors import Unusable
from api.nodes import enrol, nodes
from api.routes.ingest import DeliveringNode

_CODE = "node code"

router = APIRouter(prefix="/api/nodes", tags=["ingest"])

_REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": schemas.Problem} for status in (403, 422, 429)}


@router.post("/enrol", responses=_REFUSALS)
def post_enrol(asked: schemas.Enrolment, request: Request, context: ContextDep) -> schemas.EnrolledNode:
    """Enrols the key for the code's room. Repeating the request, with the same key, is harmless.

    `proof` is the key's signature over the three lines "courtrec node enrolment", the SHA-256 (hex) of the code in
    capital letters without signs, and the name, each with a newline.
    """
    address = client_address(request)
    context.throttle.attempt(_CODE, address, context.clock.now().monotonic)
    try:
        public, proof = (base64.b64decode(one, validate=True) for one in (asked.public_key, asked.proof))
    except (binascii.Error, ValueError):
        raise Unusable("The key or the proof is not base64.") from None
    made = enrol(context, asked.code, public, asked.name, proof)
    context.throttle.succeeded(_CODE, address)
    return schemas.EnrolledNode(
        node=made.node.key_id, room=made.node.room, token=made.token, log_key=made.log_key, room_file=made.room_file
    )


@router.get("/me", responses={status: {"model": schemas.Problem} for status in (401, 403)})
def get_me(node: DeliveringNode, context: ContextDep) -> schemas.KnownNode:
    """As whom the node that shows its token is enrolled."""
    known = nodes(context).get(node)
    return schemas.KnownNode(node=node, room=known.room if known is not None else "")
