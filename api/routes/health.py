"""Whether the server works, for the machine that watches it."""

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from api import schemas
from api.deps import ContextDep

router = APIRouter(tags=["operation"])


@router.get("/healthz")
def health(context: ContextDep, response: Response) -> schemas.Health:
    """200 while the database answers, 503 otherwise. The node is not asked: it records with or without us."""
    try:
        with context.database.read() as uow:
            uow.log.head()
    except SQLAlchemyError:
        response.status_code = 503
        return schemas.Health(status="failing", database=False)
    return schemas.Health(status="ok", database=True)
