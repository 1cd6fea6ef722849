"""The public face of the evidence log: its signed checkpoint and proofs between checkpoints."""

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from api import schemas
from api.context import Context
from api.deps import ContextDep
from api.errors import TooLarge, Unusable
from api.witnesses import MAX_COSIGNED, served, take_cosignatures
from storage.ledger.checkpoint import parse_checkpoint, verifier_key
from storage.ledger.merkle import consistency_proof

router = APIRouter(prefix="/api/log", tags=["evidence log"])

_NOTE_BODY = {"requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}}
_REFUSALS: dict[int | str, dict[str, Any]] = {413: {"model": schemas.Problem}, 422: {"model": schemas.Problem}}


@router.get("/checkpoint")
def checkpoint(context: ContextDep) -> schemas.CheckpointView:
    """The newest signed statement of the log's size and root; anyone may keep it and compare later."""
    with context.database.begin() as uow:
        return _view(context, served(context, uow))


@router.get("/keys")
def keys(context: ContextDep) -> list[schemas.LogKey]:
    """The keys that signed this log, the present one first, each with the statement by which the next replaced it."""
    statements = ["", *(one.rotation.note for one in context.log_keys.former)]
    return [
        schemas.LogKey(key=verifier_key(context.settings.log_origin, raw), replaced=note)
        for raw, note in zip(context.log_keys.public, statements, strict=True)
    ]


@router.post("/cosignatures", openapi_extra=_NOTE_BODY, responses=_REFUSALS)
async def cosignatures(request: Request, context: ContextDep) -> schemas.CheckpointView:
    """Takes a checkpoint of this log with the signature lines of witnesses (C2SP tlog-cosignature, Ed25519).

    Kept are the lines of witnesses this court trusts, of each the first; repeating it is harmless.
    """
    note = bytearray()
    async for piece in request.stream():
        note += piece
        if len(note) > MAX_COSIGNED:
            raise TooLarge(f"A cosigned checkpoint has at most {MAX_COSIGNED} bytes: send fewer signature lines.")
    return _view(context, await run_in_threadpool(take_cosignatures, context, bytes(note)))


@router.get("/consistency")
def consistency(context: ContextDep, old: Annotated[int, Query(ge=0)], new: Annotated[int, Query(ge=0)]) -> list[str]:
    """Hashes (hex) that show the log of `new` entries to begin with that of `old` entries (RFC 6962 §2.1.2)."""
    with context.database.read() as uow:
        size = uow.log.head().size
        if not old <= new <= size:
            raise Unusable(f"The log has {size} entries: ask for old <= new <= {size}.")
        return [one.hex() for one in consistency_proof(old, new, uow.log.node)]


def _view(context: Context, note: str) -> schemas.CheckpointView:
    told = parse_checkpoint(note)
    return schemas.CheckpointView(
        size=told.size,
        root=told.root.hex(),
        checkpoint=note,
        log_key=base64.b64encode(context.log_keys.key.public).decode(),
    )
