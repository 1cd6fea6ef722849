"""Anyone may ask whether a hash is that of a recording or protocol of this court. No content is given out."""

from typing import Annotated

from fastapi import APIRouter, Path

from api import schemas
from api.attest import NO_PROTOCOL, PROTOCOL_NUMBER, attest, protocol_sha256
from api.deps import ContextDep
from api.errors import NotFound

router = APIRouter(prefix="/api/verify", tags=["verification"])


@router.get("/{sha256}")
def verify(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the file, hex.")],
    context: ContextDep,
) -> schemas.Verdict:
    """What the ledger says about a file's hash, with the proof that it stands in the signed log."""
    return attest(context, sha256)


@router.get("/protocol/{number}")
def verify_protocol(
    number: Annotated[str, Path(pattern=PROTOCOL_NUMBER, description="As printed at the foot of each page.")],
    context: ContextDep,
) -> schemas.Verdict:
    """The same of the protocol with that number, as it is signed now; raises NotFound where there is none."""
    sha256 = protocol_sha256(context, number)
    if sha256 is None:
        raise NotFound(NO_PROTOCOL)
    return attest(context, sha256)
