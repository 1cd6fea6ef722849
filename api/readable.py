"""Rows whose columns hold what their type does not allow: damage that would stop every other check."""

from collections.abc import Iterator

from sqlalchemy import inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from storage.db.base import Base
from storage.db.unit_of_work import UnitOfWork
from storage.errors import DatabaseDamaged, LedgerError

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, SQLAlchemyError, LedgerError, DatabaseDamaged)
"""What reading or comparing such a row raises: broken JSON, a text that is no time, a word for a number, no key at all
(for which there is no row object), an entry that is no leaf."""

_TOLD = 10
"""How many of SQLite's own complaints are passed on."""


def file_faults(uow: UnitOfWork) -> Iterator[str]:
    """What SQLite finds wrong with the structure of its file, indices included, by which all else is looked up."""
    if uow.session.get_bind().dialect.name == "sqlite":
        for (complaint,) in uow.session.execute(text(f"PRAGMA integrity_check({_TOLD})")):
            if complaint != "ok":
                yield f"The database's file is damaged: {' '.join(complaint.split())}."


def unreadable_rows(uow: UnitOfWork) -> Iterator[str]:
    """One sentence per row of any table that cannot be read, naming table and key."""
    for mapper in sorted(Base.registry.mappers, key=lambda one: one.class_.__tablename__):
        model = mapper.class_
        keys = list(inspect(model).primary_key)
        try:
            for _ in uow.session.execute(select(model).execution_options(yield_per=500)):
                pass
        except UNREADABLE:
            uow.session.expunge_all()
            for key in uow.session.execute(select(*keys)).all():
                try:
                    uow.session.get(model, tuple(key), populate_existing=True)
                except UNREADABLE as error:
                    named = ", ".join(f"{column.name} {value}" for column, value in zip(keys, key, strict=True))
                    reason = str(error).splitlines()[0]
                    yield f"The row {named} of the table {model.__tablename__} is damaged and unreadable ({reason})."
        uow.session.expunge_all()


def to_the_end(what: str, faults: Iterator[str]) -> Iterator[str]:
    """`faults`; where damage stops the search, one more that says so, for what was not looked at is not whole."""
    try:
        yield from faults
    except UNREADABLE as error:
        yield f"{what} could not be checked to the end: {str(error).splitlines()[0]}."
