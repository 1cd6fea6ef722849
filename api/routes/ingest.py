"""Where nodes deliver what they recorded: objects first, then the signed entries that state them."""

import base64
import binascii
import hmac
import tempfile
from contextlib import suppress
from typing import Annotated, Any, BinaryIO, cast

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import ClientDisconnect

from api import schemas
from api.deps import ContextDep
from api.errors import Forbidden, NotLoggedIn, TooLarge, Unusable
from api.ingest import OutOfStep, accept, check_objects, is_stored, keep_object, keep_part, open_batch
from api.nodes import admitted
from storage.durable import write_all
from storage.enrolment import token_owner
from storage.errors import not_written

_bearer = HTTPBearer(auto_error=False, description="The node's token, which it got when it was enrolled.")


def delivering_node(
    context: ContextDep, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> str:
    """The id of the enrolled node's key whose token was shown; '' for the token that this machine's node shares with
    the server. Raises NotLoggedIn, and Forbidden where the key was revoked."""
    token, secret = given.credentials if given else "", context.secrets.node_token
    if hmac.compare_digest(token.encode(), secret.encode()):
        return ""
    owner = token_owner(secret, token)
    if owner is None:
        raise NotLoggedIn("The node token is missing or wrong: enrol the node with `courtrec node enrol`.")
    with context.database.read() as uow:
        admitted(context, uow, owner)
    return owner


DeliveringNode = Annotated[str, Depends(delivering_node)]


Sha256 = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]

router = APIRouter(prefix="/api/ingest", tags=["ingest"], dependencies=[Depends(delivering_node)])

_REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": schemas.Problem} for status in (401, 403, 422, 507)}


@router.put(
    "/objects/{sha256}",
    status_code=201,
    responses={**_REFUSALS, 200: {"model": schemas.StoredObject, "description": "It was stored before."}},
)
async def put_object(
    sha256: Sha256,
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


@router.get("/objects/{sha256}/part", responses=_REFUSALS)
def get_part(sha256: Sha256, context: ContextDep) -> schemas.PartialObject:
    """How much of the object is here, so that a delivery that was cut off goes on from there."""
    stored = is_stored(context, sha256)
    return schemas.PartialObject(received=0 if stored else context.parts.size(sha256), stored=stored)


@router.patch(
    "/objects/{sha256}/part",
    responses={**_REFUSALS, 409: {"model": schemas.PartProblem}},
)
async def patch_part(
    sha256: Sha256,
    request: Request,
    context: ContextDep,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0)],
    size: Annotated[int, Header(alias="Upload-Length", ge=1)],
) -> schemas.PartialObject:
    """Adds the body at `Upload-Offset` to what is here of an object of `Upload-Length` bytes; stores it once whole.

    What arrives before the connection breaks is kept. 409 with `received` where the offset lies beyond that. Whole, it
    is acknowledged as by PUT: every byte read back and hashed; 422 if it hashes to another name, and nothing is kept.
    """
    _check_limit(size, context.settings.object_limit)
    received = await run_in_threadpool(context.parts.size, sha256)
    if offset > received:
        raise OutOfStep(f"Only {received} bytes of object {sha256} are here: go on from there.", received)
    with suppress(ClientDisconnect):  # nobody hears the answer; what came is kept
        async for piece in request.stream():
            if offset + len(piece) > size:
                raise Unusable(f"Object {sha256} came with more than the {size} bytes announced: send it again.")
            await run_in_threadpool(context.parts.write, sha256, offset, piece)
            offset += len(piece)
    stored = offset == size and await run_in_threadpool(keep_part, context, sha256, size)
    return schemas.PartialObject(received=offset, stored=stored)


@router.post("/checks", responses=_REFUSALS)
def post_checks(asked: schemas.CheckRequest, context: ContextDep) -> schemas.CheckedObjects:
    """Reads stored objects back, by version, and hashes them: a node asks before it deletes its own copies."""
    return schemas.CheckedObjects(whole=check_objects(context, asked.objects))


@router.post("/leaves", responses={**_REFUSALS, 409: {"model": schemas.ForkProblem}})
def post_leaves(batch: schemas.LeafBatch, context: ContextDep, node: DeliveringNode) -> schemas.LeavesAccepted:
    """Appends signed entries to the court's log; repeating a batch is harmless.

    409 with `expected_seq` when an entry does not continue its chain: send on from that number.
    """
    entries = [_decoded(one) for one in batch.entries]
    opened = open_batch(entries, _decoded(batch.public_key), batch.given_up)
    if node not in ("", opened.key.key_id):
        raise Forbidden(f"The token is that of the node with key {node}, the entries are of key {opened.key.key_id}.")
    return schemas.LeavesAccepted(next_seq=accept(context, opened))


def _announced_size(request: Request, limit: int) -> int:
    header = request.headers.get("content-length", "")
    if not header.isdecimal():
        raise Unusable("The request does not say how large the object is: send Content-Length.")
    _check_limit(int(header), limit)
    return int(header)


def _check_limit(size: int, limit: int) -> None:
    if size > limit:
        raise TooLarge(f"The object has {size} bytes; this server takes at most {limit} (COURTREC_OBJECT_LIMIT).")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Unusable("An entry or the public key is not base64.") from None
