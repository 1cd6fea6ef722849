"""Another version of a transcript: made beside the first, compared, chosen, drafted from, verified."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api import versions
from api.made import transcript_faults
from api.schemas import UtteranceView
from court.openness import Openness
from court.people import UserRole
from storage.db.models import Utterance
from storage.db.unit_of_work import Database
from storage.db.work import MAX_ATTEMPTS
from storage.ledger.leaf import LeafKind, parse
from storage.queue import DRAFT_PROTOCOL, Sweeper, make_queue, offer_window
from tests.factories.hearing_log import HEARING as SERVED
from tests.factories.hearing_log import made_hearing
from tests.factories.ledger import HEARING, MOMENT
from tests.factories.server import ELSEWHERE, Server, make_server
from tests.factories.transcription import Court, OneWord, spoken
from transcribe.context import TranscribeContext
from transcribe.engines.port import Engine
from transcribe.tasks import transcribe, transcribe_next

HTML = {"Accept": "text/html"}


class Better(OneWord):
    """Another model; counts what it is asked."""

    name, model_sha256 = "better", "ef" * 32
    calls = 0

    def __init__(self) -> None:
        super().__init__()
        self.before = self.count

    def count(self) -> None:
        self.calls += 1


@pytest.fixture
def court(database: Database, tmp_path: Path) -> Court:
    made = Court(database, tmp_path)
    made.open(windows=2)
    for sequence in range(2):
        made.record(spoken(seconds=1.0 + sequence / 10), sequence=sequence, start=sequence * 48_000 * 20)
        assert transcribe(made.context, HEARING, sequence)
    return made


def asked(court: Court, model: str = "better") -> int:
    with court.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        run = work.runs.add(hearing, model, "secretary", MOMENT)
        for sequence in range(2):
            offer_window(work, HEARING, sequence, run.number, MOMENT)
    return run.number


def with_better(court: Court, better: OneWord) -> TranscribeContext:
    def engine_for(language: str, model: str = "") -> Engine:
        return better if model else court.engine

    return replace(court.context, engine_for=engine_for)


def shown(court: Court) -> int:
    with court.database.read() as work:
        return work.runs.shown(HEARING)


def engines(court: Court, run: int | None = None) -> list[str]:
    with court.database.read() as work:
        return [one.engine for one in work.utterances.newest(HEARING, run)]


def test_another_version_stands_beside_the_first_and_is_shown_once_it_is_complete(court: Court) -> None:
    better = Better()
    assert asked(court) == 2
    before = court.offered().count((DRAFT_PROTOCOL, [HEARING]))
    assert transcribe(with_better(court, better), HEARING, 0, 2)
    assert (shown(court), engines(court)) == (1, ["one-word"] * 2), "half a version is not shown"
    assert court.offered().count((DRAFT_PROTOCOL, [HEARING])) == before
    assert transcribe_next(with_better(court, better))
    assert not transcribe_next(with_better(court, better))
    assert (shown(court), engines(court)) == (2, ["better"] * 2)
    assert engines(court, 1) == ["one-word"] * 2, "the first stays readable"
    assert [(one["run"], one["engine"]) for one in court.transcripts()] == [(1, "one-word")] * 2 + [(2, "better")] * 2
    assert court.offered().count((DRAFT_PROTOCOL, [HEARING])) == before + 1
    assert faults(court) == []


def faults(court: Court) -> list[str]:
    with court.database.read() as work:
        leaves = {row.index: parse(row.entry) for row in work.log.entries(HEARING)}
        return list(transcript_faults(work, HEARING, leaves))


def test_an_utterance_moved_to_another_version_is_named(court: Court) -> None:
    asked(court)
    better = Better()
    assert transcribe_next(with_better(court, better))
    with court.database.begin() as work:
        row = work.session.query(Utterance).filter(Utterance.run == 2).first()
        assert row is not None
        row.run, row.position = 1, 7
    told = faults(court)
    assert any("in version 2 of the transcript" in one for one in told)
    assert any("no entry of the log states" in one for one in told)


def test_the_same_model_over_the_same_sound_is_not_asked_twice(court: Court) -> None:
    better = Better()
    context = with_better(court, better)
    asked(court)
    asked(court)
    while transcribe_next(context):
        pass
    assert better.calls == 2, "once for each window, not for each version"
    assert engines(court, 2) == engines(court, 3) == ["better"] * 2
    assert faults(court) == []


def test_a_version_that_loses_text_is_not_shown_unless_it_is_chosen(court: Court) -> None:
    asked(court)
    failing = Better()

    def fail() -> None:
        raise RuntimeError("CUDA out of memory")

    failing.before = fail
    sweeper = Sweeper(court.database, make_queue())
    for _ in range(1 + 2 * (MAX_ATTEMPTS - 1)):  # both windows together, and then each alone
        with pytest.raises(RuntimeError):
            transcribe_next(with_better(court, failing))
        court.moment += timedelta(seconds=11)
        sweeper.sweep(court.moment)
    assert not transcribe_next(with_better(court, failing))
    assert shown(court) == 1
    with court.database.begin() as work:
        hearing = work.hearings.lock(HEARING)
        assert hearing is not None
        hearing.chosen_run = 2
    assert shown(court) == 2


def test_live_work_comes_before_another_version(court: Court) -> None:
    asked(court)
    other = HEARING[:-1] + "e"
    court.open(other, windows=1, state="recording")
    court.record(spoken(), other)
    with court.database.read() as work:
        assert work.windows.next_turn(court.moment) == (other, 0, 1)


def test_two_versions_are_laid_side_by_side_where_both_pause() -> None:
    def said(start: float, end: float, text: str) -> UtteranceView:
        return UtteranceView(
            id="1", start=start, end=end, track="mic-judge", role="judge", text=text, words=[], language="ru",
            other_language="", other_text="", flags=[],
        )  # fmt: skip

    left = [said(0, 4, "а"), said(5, 9, "б"), said(20, 21, "д")]
    right = [said(0, 2, "а"), said(2, 6, "в"), said(20, 21, "д"), said(30, 31, "е")]
    found = versions.side_by_side(left, right)
    told = [([one.text for one in each.left], [one.text for one in each.right], each.same) for each in found]
    assert told == [(["а", "б"], ["а", "в"], False), (["д"], ["д"], True), ([], ["е"], False)]
    assert [each.start for each in found] == [0, 20, 30]


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Server:
    """A hearing with one version by two models, the first part secret."""
    made = make_server(database, tmp_path)
    made.receive(made_hearing())
    with database.begin() as work:
        for sequence in range(3):
            work.windows.done(SERVED, sequence)
    made.transcribe([row(1, "первая версия")])
    return made


def row(run: int, text: str) -> Utterance:
    return Utterance(
        hearing_id=SERVED, run=run, sequence=1, track="mic-judge", role="judge", start_ms=71_000, end_ms=73_000,
        text=text, words=[], language="ru", flags=[], engine=f"engine-{run}", model="m", parameters_key="ab" * 32,
        segment_sha256="0" * 64, position=0,
    )  # fmt: skip


def second_version(server: Server) -> None:
    with server.context.database.begin() as work:
        hearing = work.hearings.lock(SERVED)
        assert hearing is not None
        number = work.runs.add(hearing, "better", "Secretary", server.clock.utc).number
        for window in work.windows.of(SERVED, 1):
            work.windows.add(SERVED, window.sequence, run=number)
            work.windows.done(SERVED, window.sequence, number)
    server.transcribe([row(2, "вторая версия")])


VERSIONS = f"/hearings/{SERVED}/versions"


def test_the_page_compares_two_versions_and_lets_one_choose(server: Server) -> None:
    second_version(server)
    secretary = server.user(UserRole.SECRETARY)
    page = secretary.get(VERSIONS, headers=HTML).text
    assert "первая версия" in page
    assert "вторая версия" in page
    assert "Использовать эту версию" in page
    assert "вторая версия" in secretary.get(f"/hearings/{SERVED}", headers=HTML).text
    answer = secretary.post(f"{VERSIONS}/1/choose", data={"csrf": csrf(secretary)})
    assert answer.status_code == 303
    page = secretary.get(f"/hearings/{SERVED}", headers=HTML).text
    assert "первая версия" in page
    assert "вторая версия" not in page
    subjects = [one["object"] for one in journal(server)]
    assert "transcript version 1 chosen" in subjects


def csrf(browser: object) -> str:
    page = browser.get("/jobs", headers=HTML).text  # type: ignore[attr-defined]
    return str(page.split('"X-CSRF-Token": "')[1].split('"')[0])


def journal(server: Server) -> list[dict[str, str]]:
    with server.context.database.read() as work:
        leaves = [parse(one.entry) for one in work.log.entries(SERVED)]
    return [dict(leaf.body) for leaf in leaves if leaf.kind is LeafKind.ACCESS]


def test_asking_twice_makes_one_version_and_is_journalled(server: Server) -> None:
    secretary = server.user(UserRole.SECRETARY)
    for _ in range(2):
        answer = secretary.post(VERSIONS, data={"csrf": csrf(secretary), "model": "whisper-small"})
        assert answer.status_code == 303, answer.text
    with server.context.database.read() as work:
        assert [(one.number, one.model) for one in work.runs.asked(SERVED)] == [(2, "whisper-small")]
        assert {one.sequence for one in work.windows.of(SERVED, 2)} == {
            one.sequence for one in work.windows.of(SERVED, 1)
        }
    assert [one["object"] for one in journal(server)].count("transcript version 2 with whisper-small") == 1


@pytest.mark.parametrize("model", ["no-such-model", "wespeaker-resnet34"])
def test_a_model_that_cannot_do_it_is_refused_in_a_sentence(server: Server, model: str) -> None:
    secretary = server.user(UserRole.SECRETARY)
    answer = secretary.post(VERSIONS, data={"csrf": csrf(secretary), "model": model})
    assert answer.status_code == 422
    assert model in answer.json()["detail"]
    with server.context.database.read() as work:
        assert work.runs.asked(SERVED) == []


def test_a_version_that_is_not_complete_cannot_be_chosen(server: Server) -> None:
    secretary = server.user(UserRole.SECRETARY)
    secretary.post(VERSIONS, data={"csrf": csrf(secretary)})
    answer = secretary.post(f"{VERSIONS}/2/choose", data={"csrf": csrf(secretary)})
    assert (answer.status_code, answer.json()["detail"]) == (409, versions.NOT_COMPLETE)
    assert secretary.post(f"{VERSIONS}/9/choose", data={"csrf": csrf(secretary)}).status_code == 404


def test_whoever_may_not_gets_neither_versions_nor_their_text(server: Server) -> None:
    second_version(server)
    server.order(SERVED, Openness.CLOSED)
    outside = server.user(UserRole.SECRETARY, ELSEWHERE).get(VERSIONS, headers=HTML).text
    assert "версия</p>" not in outside
    assert "первая версия" not in outside
    for role in (UserRole.ADMIN, UserRole.PARTY):
        assert server.user(role).get(VERSIONS).status_code == 403
    admin = server.user(UserRole.ADMIN)
    assert admin.post(f"{VERSIONS}/1/choose", data={"csrf": csrf(admin)}).status_code == 403
