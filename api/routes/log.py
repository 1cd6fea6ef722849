"""The public face of the evidence log: its signed checkpoint and proofs between checkpoints."""

import base64
from typing import Annotated

from fastapi import APIRouter, Query

from api import schemas
from api.deps import ContextDep
from api.errors import Unusable
from storage.ledger.merkle import consistency_proof

router = APIRouter(prefix="/api/log", tags=["evidence log"])


@router.get("/checkpoint")
def checkpoint(context: ContextDep) -> schemas.CheckpointView:
    """The newest signed statement of the log's size and root; anyone may keep it and compare later."""
    with context.database.begin() as uow:
        made = uow.log.checkpoint(context.clock.now().utc, context.log_key, context.settings.log_origin)
        return schemas.CheckpointView(
            size=made.size,
            root=made.root.hex(),
            checkpoint=made.note,
            log_key=base64.b64encode(context.log_key.public).decode(),
        )


@router.get("/consistency")
def consistency(context: ContextDep, old: Annotated[int, Query(ge=0)], new: Annotated[int, Query(ge=0)]) -> list[str]:
    """Hashes (hex) that show the log of `new` entries to begin with that of `old` entries (RFC 6962 §2.1.2)."""
    with context.database.read() as uow:
        size = uow.log.head().size
        if not old <= new <= size:
            raise Unusable(f"The log has {size} entries: ask for old <= new <= {size}.")
        return [one.hex() for one in consistency_proof(old, new, uow.log.node)]
