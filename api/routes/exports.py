"""Protocol and transcript as files for other programs, for whoever may download them."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from api import page_content
from api.access import Action
from api.audit import journalled
from api.deps import ContextDep, CurrentUser, protect_forms
from api.errors import Conflict
from api.exporting import MEDIA_TYPES, Exported, Kind, protocol_file, transcript_file
from api.gate import enter, require, require_kept
from protocol.errors import ProtocolError
from protocol.machine import SCHEMA, SCHEMA_NAME

router = APIRouter(dependencies=[Depends(protect_forms)], include_in_schema=False)


@router.get(f"/api/{SCHEMA_NAME}")
def schema() -> dict[str, Any]:
    """Public: what the machine-readable protocol looks like (JSON Schema 2020-12)."""
    return SCHEMA


@router.get("/hearings/{hearing_id}/export.{kind}")
def export(
    hearing_id: str,
    kind: Kind,
    context: ContextDep,
    caller: CurrentUser,
    revision: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """The newest revision that the caller may have, or the one asked for; or the open lines of the transcript."""
    with journalled(context, caller, Action.DOWNLOAD, hearing_id, f"export.{kind}") as uow:
        if kind.of_protocol:
            require_kept(require(uow, caller, hearing_id, Action.DOWNLOAD))
            rows = page_content.visible_revisions(uow, caller, hearing_id)
            row = next((one for one in reversed(rows) if revision in (None, one.revision)), None)
            try:
                made = protocol_file(context, row, kind)
            except ProtocolError as error:
                raise Conflict(str(error)) from error
        else:
            made = transcript_file(context, uow, enter(uow, caller, hearing_id, Action.DOWNLOAD), kind)
    return _answer(made, kind)


def _answer(made: Exported, kind: Kind) -> Response:
    name = f"attachment; filename=\"export.{kind}\"; filename*=UTF-8''{quote(made.name)}"
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(made.content, media_type=MEDIA_TYPES[kind], headers=headers)
