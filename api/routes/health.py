"""Whether the server works, for the machine that watches it."""

from fastapi import APIRouter, Response
from sqlalchemy.exc import SQLAlchemyError

from api import schemas
from api.deps import ContextDep
from api.store_alarm import store_alarm
from storage.db.unit_of_work import UnitOfWork

router = APIRouter(tags=["operation"])

NOT_TRIED, NOT_WRITE_ONCE = "not tried", "not write-once"


@router.get("/healthz")
def health(context: ContextDep, response: Response) -> schemas.Health:
    """200 while the database answers, 503 otherwise. The node is not asked: it records with or without us.

    A store that failed its canary is told of with 200: recordings under way must still be delivered.
    """
    try:
        with context.database.read() as uow:
            uow.log.head()
            store = _store_state(uow)
    except SQLAlchemyError:
        response.status_code = 503
        return schemas.Health(status="failing", database=False, store=NOT_TRIED)
    return schemas.Health(status="alarm" if store == NOT_WRITE_ONCE else "ok", database=True, store=store)


def _store_state(uow: UnitOfWork) -> str:
    alarm = store_alarm(uow)
    if alarm is None:
        return NOT_TRIED if uow.canaries.newest() is None else "write-once"
    return NOT_WRITE_ONCE if alarm.failed else "not reached"
