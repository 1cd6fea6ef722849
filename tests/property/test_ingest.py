"""However a node's deliveries are doubled, reordered or lost on the way, the server ends in the same state."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.context import Context
from api.errors import ApiError
from api.ingest import accept, keep_object, open_batch
from storage.db.migrate import upgrade
from storage.db.models import Gap, Hearing, LogEntry, NoteRow, OutboxRow, Segment, StateChange, Window
from storage.db.unit_of_work import Database
from storage.ledger.delivery import expected as expected_objects
from storage.ledger.leaf import LeafKind, parse
from tests.factories.hearing_log import HEARING, NODE, made_hearing
from tests.factories.server import make_server, node_entries

LOG = made_hearing()
ENTRIES = node_entries(LOG)
OBJECTS = list(LOG.objects)
LEAVES = [parse(entry) for entry in ENTRIES]
PICTURES = {one.body["sha256"] for one in LEAVES if one.kind is LeafKind.SEGMENT and one.body["track"] == "cam-hall"}
SOUNDS = [one.body["sha256"] for one in LEAVES if one.kind is LeafKind.SEGMENT and one.body["track"] == "mic-judge"]
TABLES = (Hearing, Segment, Gap, NoteRow, StateChange, LogEntry, Window, OutboxRow)

deliveries = st.lists(
    st.one_of(
        st.tuples(st.just("object"), st.sampled_from(OBJECTS)),
        st.tuples(st.just("batch"), st.lists(st.integers(0, len(ENTRIES) - 1), min_size=1, max_size=6)),
        st.tuples(st.just("run"), st.tuples(st.integers(0, len(ENTRIES) - 1), st.integers(1, len(ENTRIES)))),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "courtrec.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database.engine)
    database.dispose()
    return path


@contextmanager
def fresh(template: Path) -> Iterator[Context]:
    with TemporaryDirectory() as folder:
        shutil.copy(template, folder)
        database = Database(f"sqlite:///{folder}/{template.name}")
        yield make_server(database, Path(folder)).context
        database.dispose()


def deliver(context: Context, kind: str, what: Any) -> None:
    if kind == "object":
        keep_object(context, what, BytesIO(LOG.objects[what]), len(LOG.objects[what]))
        return
    numbers = what if kind == "batch" else range(what[0], min(len(ENTRIES), sum(what)))
    accept(context, open_batch([ENTRIES[number] for number in numbers], NODE.public))


def deliver_all(context: Context) -> None:
    for sha256 in OBJECTS:
        deliver(context, "object", sha256)
    assert accept(context, open_batch(ENTRIES, NODE.public)) == {HEARING: len(ENTRIES)}


def state(context: Context) -> dict[str, Any]:
    with context.database.read() as work:
        head = work.log.head()
        rows = {
            model.__tablename__: [
                {c.name: getattr(row, c.name) for c in model.__table__.columns if c.name != "id" or model is Hearing}
                for row in work.session.query(model).order_by(*model.__table__.primary_key)
            ]
            for model in TABLES
        }
        return {**rows, "head": (head.size, head.root)}


@pytest.fixture(scope="module")
def expected(template: Path) -> dict[str, Any]:
    with fresh(template) as context:
        deliver_all(context)
        return state(context)


@given(deliveries)
@settings(max_examples=15, deadline=None)
def test_doubled_reordered_and_lost_deliveries_converge(
    template: Path, expected: dict[str, Any], before: list[tuple[str, Any]]
) -> None:
    with fresh(template) as context:
        for sha256 in PICTURES:
            deliver(context, "object", sha256)  # else the log also says that they were late
        for kind, what in before:
            with suppress(ApiError):
                deliver(context, kind, what)
        deliver_all(context)
        deliver_all(context)
        assert state(context) == expected


@given(deliveries)
@settings(max_examples=15, deadline=None)
def test_of_each_picture_the_log_says_whether_it_was_late_and_when_it_came(
    template: Path, before: list[tuple[str, Any]]
) -> None:
    with fresh(template) as context:
        for kind, what in [("object", one) for one in SOUNDS] + before:
            with suppress(ApiError):
                deliver(context, kind, what)
            with context.database.read() as work:
                leaves = [parse(row.entry) for row in work.log.entries(HEARING)]
                late = {row.sha256 for row in work.hearings.undelivered(HEARING)}
            assert late == {*expected_objects(leaves, context.server_keys.key_ids)}
            assert late <= PICTURES


@given(st.integers(0, len(ENTRIES)), st.integers(1, len(ENTRIES)))
@settings(max_examples=25, deadline=None)
def test_a_refused_batch_leaves_no_trace_and_names_the_entry_due(template: Path, kept: int, skipped: int) -> None:
    if kept + skipped >= len(ENTRIES):
        return
    with fresh(template) as context:
        for sha256 in OBJECTS:
            deliver(context, "object", sha256)
        if kept:
            accept(context, open_batch(ENTRIES[:kept], NODE.public))
        before = state(context)
        with pytest.raises(ApiError) as caught:
            accept(context, open_batch(ENTRIES[kept + skipped :], NODE.public))
        assert getattr(caught.value, "expected_seq", None) == kept
        assert state(context) == before
