"""Signing elsewhere: a person's own computer, where the token is, fetches the protocol and brings it back signed.

The program there (`courtrec protocol sign`) proves who it works for by login and password (HTTP basic, RFC 7617).
"""

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from api import schemas
from api.access import NOT_YOUR_ROLE, Action
from api.audit import record_access
from api.auth.sessions import proven
from api.caller import Caller
from api.composition import protocol_context
from api.deps import ContextDep, client_address
from api.errors import Conflict, Forbidden, Unusable
from api.gate import require
from court.people import UserRole
from protocol.errors import ProtocolError
from protocol.signers import SignerRole
from protocol.tasks import protocol_to_sign, take_signed_protocol

router = APIRouter(prefix="/api/hearings", tags=["signing"])
_SIGNING = {UserRole.SECRETARY: SignerRole.SECRETARY, UserRole.JUDGE: SignerRole.JUDGE}


def signing_caller(
    context: ContextDep, request: Request, given: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]
) -> Caller:
    """Whoever's login and password these are, if their role signs protocols; raises Forbidden and as `proven`."""
    address = client_address(request)
    user = proven(context, given.username, given.password, address)
    role = UserRole(user.role)
    if role not in _SIGNING:
        raise Forbidden(NOT_YOUR_ROLE)
    place = context.settings.place_of(address)
    return Caller(user.id, user.login, user.name, role, session_id=0, csrf="", address=address, place=place)


SigningCaller = Annotated[Caller, Depends(signing_caller)]


@router.get("/{hearing_id}/protocol/to-sign")
def to_sign(hearing_id: str, context: ContextDep, caller: SigningCaller) -> schemas.ProtocolToSign:
    """The protocol as the caller signs it, and how."""
    role = _SIGNING[caller.role]
    with context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.SIGN)
        record_access(context, uow, caller, Action.DOWNLOAD, hearing_id=hearing_id, subject="protocol")
    protocols = protocol_context(context)
    try:
        paper = protocol_to_sign(protocols, hearing_id, role)
    except ProtocolError as error:
        raise Conflict(str(error)) from error
    return schemas.ProtocolToSign(
        role=role.value,
        person=caller.name,
        level=protocols.level.value,
        form=paper.form.name,
        language=paper.form.language,
        zone=str(protocols.zone),
        pdf=base64.b64encode(paper.pdf).decode(),
    )


@router.put("/{hearing_id}/protocol/signed")
def take_signed(
    hearing_id: str, brought: schemas.SignedPdf, context: ContextDep, caller: SigningCaller
) -> schemas.SignedProtocol:
    """Enters the signed protocol, once its signature was checked. Bringing the same again changes nothing."""
    try:
        pdf = base64.b64decode(brought.pdf, validate=True)
    except binascii.Error:
        raise Unusable("The signed PDF is not in Base64.") from None
    with context.database.begin() as uow:
        require(uow, caller, hearing_id, Action.SIGN)
        record_access(context, uow, caller, Action.SIGN, hearing_id=hearing_id, subject="protocol")
    try:
        row = take_signed_protocol(protocol_context(context), hearing_id, caller.name, _SIGNING[caller.role], pdf)
    except ProtocolError as error:
        raise Conflict(str(error)) from error
    return schemas.SignedProtocol(revision=row.revision, sha256=row.sha256, signer=row.signer, level=row.level)
