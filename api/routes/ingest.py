"""Where nodes deliver what they recorded: objects first, then the signed entries that state them."""

import base64
import binascii
import hmac
import tempfile
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api import schemas
from api.deps import ContextDep
from api.errors import NotLoggedIn, TooLarge, Unusable
from api.ingest import accept, keep_object, open_batch
from storage.durable import write_all
from storage.errors import not_written

_bearer = HTTPBearer(auto_error=False, description="The node's token, shared with the server at set-up.")


def node_only(context: ContextDep, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
    token = given.credentials if given else ""
    if not hmac.compare_digest(token.encode(), context.secrets.node_token.encode()):
        raise NotLoggedIn("The node token is missing or wrong: give the node the server's keys/node.token.")


router = APIRouter(prefix="/api/ingest", tags=["ingest"], dependencies=[Depends(node_only)])

_REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": schemas.Problem} for status in (401, 422, 507)}


@router.put(
    "/objects/{sha256}",
    status_code=201,
    responses={**_REFUSALS, 200: {"model": schemas.StoredObject, "description": "It was stored before."}},
)
async def put_object(
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
    request: Request,
    response: Response,
    context: ContextDep,
) -> schemas.StoredObject:
    """Stores the body write-once under its SHA-256 and answers once every byte was read back and hashed."""
    size = _announced_size(request, context.settings.object_limit)
    with tempfile.TemporaryFile(buffering=0) as body:
        received = 0
        async for piece in request.stream():
            received += len(piece)
            if received > size:
                raise Unusable(f"Object {sha256} came with more than the {size} bytes announced: send it again.")
            try:
                write_all(body.fileno(), piece)
            except OSError as error:
                raise not_written(f"The server's temporary folder {tempfile.gettempdir()}", error) from error
        body.seek(0)
        known, stored = await run_in_threadpool(keep_object, context, sha256, cast(BinaryIO, body), size)
    response.status_code = 200 if known else 201
    return schemas.StoredObject(sha256=sha256, size=stored.size, key=stored.key, version=stored.version)


@router.post("/leaves", responses={**_REFUSALS, 409: {"model": schemas.ForkProblem}})
def post_leaves(batch: schemas.LeafBatch, context: ContextDep) -> schemas.LeavesAccepted:
    """Appends signed entries to the court's log; repeating a batch is harmless.

    409 with `expected_seq` when an entry does not continue its chain: send on from that number.
    """
    entries = [_decoded(one) for one in batch.entries]
    return schemas.LeavesAccepted(next_seq=accept(context, open_batch(entries, _decoded(batch.public_key))))


def _announced_size(request: Request, limit: int) -> int:
    header = request.headers.get("content-length", "")
    if not header.isdecimal():
        raise Unusable("The request does not say how large the object is: send Content-Length.")
    if int(header) > limit:
        raise TooLarge(f"The object has {header} bytes; this server takes at most {limit} (COURTREC_OBJECT_LIMIT).")
    return int(header)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unusable("An entry or the public key is not base64.") from None
