"""`courtrec jobs` and `courtrec transcribe` as a person types them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.app import create_app
from api.cli.main import app
from api.composition import make_context
from api.nodes import enrol_own
from api.settings import Settings
from storage.db.unit_of_work import Database
from storage.ledger.leaf import LeafKind, parse
from storage.worm.local import LocalStore
from tests.factories.hearing_log import HEARING, NODE, made_hearing
from tests.factories.server import NODE_TOKEN, Server, SetClock


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one hearing of three windows, of which one was given up."""
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    (keys / "node.token").write_text(NODE_TOKEN)
    (keys / "node.token").chmod(0o600)
    monkeypatch.setenv("COURTREC_HOME", str(tmp_path))
    context = make_context(Settings(home=tmp_path))
    assert isinstance(context.store, LocalStore)
    server = Server(context, SetClock(), context.store, create_app(context))
    enrol_own(context, NODE.public)
    server.receive(made_hearing())
    with context.database.begin() as work:
        work.windows.failed(HEARING, 1, "The GPU is on fire.", for_good=True)
        for sequence in (0, 2):
            work.windows.done(HEARING, sequence)
    context.database.dispose()
    return tmp_path


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    found = Database(f"sqlite:///{home}/courtrec.db")
    yield found
    found.dispose()


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_what_was_given_up_is_listed_and_tried_again(database: Database) -> None:
    listed = typed("jobs", "list").output
    assert HEARING in listed
    assert "The GPU is on fire." in listed
    assert "00:01:10" in listed
    assert typed("jobs", "retry", HEARING).output == "Tried again: 1 parts.\n"
    assert typed("jobs", "list").output == "Nothing was given up.\n"
    with database.read() as work:
        assert [one.state for one in work.windows.of(HEARING)] == ["done", "pending", "done"]
        told = [parse(one.entry) for one in work.log.entries(HEARING)]
    assert [leaf.body["action"] for leaf in told if leaf.kind is LeafKind.ACCESS] == ["manage_jobs"]


def test_another_version_is_asked_for(database: Database) -> None:
    assert "Version 2" in typed("transcribe", "again", HEARING, "--model", "whisper-small").output
    with database.read() as work:
        assert [(one.number, one.model) for one in work.runs.asked(HEARING)] == [(2, "whisper-small")]
        assert [one.state for one in work.windows.of(HEARING, 2)] == ["pending"] * 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("jobs", "retry", HEARING[:-1] + "9"), "no such hearing"),
        (("transcribe", "again", HEARING[:-1] + "9"), "no such hearing"),
        (("transcribe", "again", HEARING, "--model", "nonesuch"), "nonesuch"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(home: Path, arguments: tuple[str, ...], said: str) -> None:
    result = typed(*arguments)
    assert result.exit_code != 0
    assert said in str(result.exception)
