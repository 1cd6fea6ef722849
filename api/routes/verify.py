"""Anyone may ask whether a hash is that of a recording or protocol of this court. No content is given out."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import schemas
from api.attest import attest
from api.deps import ContextDep

router = APIRouter(prefix="/api/verify", tags=["verification"])


@router.get("/{sha256}")
def verify(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, hex.")],
    context: ContextDep,
) -> schemas.Verdict:
    """What the ledger says about a file's hash, with the proof that it stands in the signed log."""
    return attest(context, sha256)
