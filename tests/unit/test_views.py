"""What the pages show: rows, the woven transcript, gaps and completeness."""

from datetime import UTC, datetime

from api import schemas, views
from api.transcript_view import TranscriptView, transcript_view
from court.hearing import HearingState
from court.openness import Openness
from court.timeline import GapCause
from protocol.completeness import Outage
from storage.db.models import Window
from storage.db.work import NO_RECOGNISER

HEARING = "019ab000-0000-7000-8000-000000000001"
TRACKS = ("mic-judge", "mic-claimant", "cam-hall")


def segment(start: float, end: float) -> schemas.SegmentView:
    return schemas.SegmentView(sequence=0, start=start, end=end, partial=False, playable=True)


def track(name: str, *spans: tuple[float, float]) -> schemas.TrackView:
    kind, _, role = name.partition("-")
    return schemas.TrackView(
        track=name,
        kind="video" if kind == "cam" else "audio",
        role="" if kind == "cam" else role,
        derived=False,
        segments=[segment(*span) for span in spans],
    )


BREAK = Outage(10.0, 20.0, GapCause.BREAK, TRACKS, "", 1)
LOST = Outage(5.0, 8.0, GapCause.DEVICE_LOST, ("mic-claimant",), "", 2)
HOLE = Outage(3.0, 4.0, None, ("mic-judge",), "", 0)


def said(number: int, role: str, start: float, *words: tuple[str, float]) -> schemas.UtteranceView:
    return schemas.UtteranceView(
        id=str(number),
        start=start,
        end=start + 2,
        track=f"mic-{role}",
        role=role,
        text=" ".join(text for text, _ in words),
        words=[schemas.Word(text=f" {text}", start=start, end=start + 1, probability=sure) for text, sure in words],
        language="ru",
        flags=[],
    )


def timeline(**changes: object) -> schemas.Timeline:
    """30 s of three tracks with a break from 10 to 20."""
    fields: dict[str, object] = {
        "hearing": HEARING,
        "state": HearingState.ENDED,
        "duration": 30.0,
        "tracks": [track(name, (0, 10), (20, 30)) for name in TRACKS],
        "gaps": [],
        "mutes": [],
        "notes": [schemas.NoteView(at=1.0, template="opening", text="")],
        "utterances": [said(1, "judge", 1.0, ("Суд", 0.9)), said(2, "judge", 4.0, ("идёт", 0.3))],
    }
    return schemas.Timeline.model_validate(fields | changes)


def shown(timeline: schemas.Timeline, *windows: str, ended: bool = True) -> TranscriptView:
    """The page's transcript with a break of all tracks; `windows` are the states of the transcription windows."""
    gaps = views.completeness([BREAK], TRACKS, live=False).gaps
    rows = [
        Window(sequence=number, state=state, error="" if state == "done" else "The recogniser is out of memory.")
        for number, state in enumerate(windows or ["done"])
    ]
    return transcript_view(timeline, gaps, rows, ended)


def test_the_transcript_tells_of_every_gap_of_all_microphones_also_where_a_camera_recorded() -> None:
    silent = Outage(22.0, 25.0, GapCause.UNDELIVERED, ("mic-claimant", "mic-judge"), "", 3)
    gaps = views.completeness([LOST, silent], TRACKS, live=False).gaps
    view = transcript_view(timeline(), gaps, [Window(sequence=0, state="done")], ended=True)
    assert [(one.cause, one.start, one.fault) for one in view.entries if one.kind == "gap"] == [
        ("undelivered", 22, True)
    ]


def summary(state: HearingState = HearingState.ENDED) -> schemas.HearingSummary:
    return schemas.HearingSummary(
        id=HEARING,
        case_number="05-354/26-ГД",
        case_title="О взыскании долга",
        court="",
        room="Зал № 1",
        judge="Асанов Б. Т.",
        secretary="",
        language="ru",
        state=state,
        started_at=datetime(2026, 3, 12, 8, 3, tzinfo=UTC),
        ended_at=None,
        duration=0.0,
        openness=Openness.OPEN,
    )


def test_a_live_hearing_leads_the_secretary_to_the_console_and_others_to_the_recording() -> None:
    live = summary(HearingState.RECORDING)
    assert views.hearing_row(live, "", may_record=True).address == f"/hearings/{HEARING}/console"
    assert views.hearing_row(live, "", may_record=False).address == f"/hearings/{HEARING}"
    assert views.hearing_row(summary(), "draft", may_record=True).address == f"/hearings/{HEARING}"
    assert views.hearing_row(summary(), "", may_record=True).seconds is None


def test_the_transcript_weaves_notes_words_and_breaks_by_time() -> None:
    view = shown(timeline())
    assert [(one.kind, one.start) for one in view.entries] == [
        ("note", 1.0),
        ("utterance", 1.0),
        ("utterance", 4.0),
        ("gap", 10.0),
    ]
    assert view.count == 2


def test_a_speaker_who_goes_on_is_named_once() -> None:
    assert [one.same_speaker for one in shown(timeline()).entries if one.kind == "utterance"] == [False, True]
    other = timeline(utterances=[said(1, "judge", 1.0, ("Суд", 1)), said(2, "claimant", 4.0, ("Да", 1))])
    assert not any(one.same_speaker for one in shown(other).entries)


def test_a_doubtful_word_is_marked_with_its_certainty() -> None:
    marks = [(word.text, word.unsure, word.percent) for entry in shown(timeline()).entries for word in entry.words]
    assert marks == [("Суд", False, 90), ("идёт", True, 30)]


def test_the_version_changes_with_everything_a_reader_would_see() -> None:
    versions = {
        shown(timeline(), "done", "pending").version,
        shown(timeline(), "done", "pending", ended=False).version,
        shown(timeline(), "done", "done").version,
        shown(timeline(), "done", "failed").version,
        shown(timeline(notes=[]), "done", "done").version,
    }
    assert len(versions) == 4, "only the end of a hearing with windows to do changes nothing"


def test_why_a_part_has_no_transcript_is_said_once_and_only_when_it_is_given_up() -> None:
    assert shown(timeline(), "failed", "failed", "done").failures == ("The recogniser is out of memory.",)
    assert shown(timeline(), "pending", "done").failures == ()


def test_a_language_nothing_recognises_is_a_state_and_no_sentence_of_the_program() -> None:
    row = Window(sequence=0, state="failed", error="No recogniser is set.", reason=NO_RECOGNISER)
    view = transcript_view(timeline(), [], [row], ended=True)
    assert (view.no_recogniser, view.failures) == (True, ())
    assert view.version != transcript_view(timeline(), [], [Window(sequence=0, state="done")], ended=True).version


def test_the_interpreter_leads_to_what_was_interpreted() -> None:
    witness = said(1, "witness", 1.0, ("Ооба", 0.9)).model_copy(update={"language": "ky", "other_language": "kk"})
    entries = shown(timeline(utterances=[witness, said(2, "interpreter", 4.0, ("Да", 0.9))])).entries
    found = {one.role: one for one in entries if one.kind == "utterance"}
    assert (found["witness"].renders, found["interpreter"].renders) == (None, 1.0)
    assert (found["witness"].language, found["witness"].other_language) == ("ky", "kk")


def test_a_break_of_all_tracks_is_one_line_and_a_lost_device_names_its_track() -> None:
    found = views.completeness([LOST, BREAK], TRACKS, live=False).gaps
    assert [(one.start, one.cause, one.everywhere) for one in found] == [
        (5, "device_lost", False),
        (10, "break", True),
    ]
    assert found[0].tracks == ("mic-claimant",)
    assert found[1].length == 10


def test_a_break_is_no_fault_a_lost_device_is_and_a_hole_is_not_accounted_for() -> None:
    whole, fault, hole = (views.completeness(found, TRACKS, live=False) for found in ([BREAK], [LOST], [HOLE, BREAK]))
    assert (whole.accounted, whole.faultless) == (True, True)
    assert (fault.accounted, fault.faultless) == (True, False)
    assert (hole.accounted, hole.faultless, hole.gaps[0].cause) == (False, False, "unexplained")


def test_what_a_live_hearing_still_lacks_is_on_its_way_and_no_fault() -> None:
    live = views.completeness([BREAK, HOLE], TRACKS, live=True)
    assert (live.accounted, live.faultless, len(live.gaps)) == (False, True, 1)


def test_the_nodes_answer_becomes_a_view() -> None:
    status = {
        "room": "Зал № 1",
        "message": "",
        "tracks": [{"track": "mic-judge", "role": "judge", "kind": "audio"}],
        "unsent": {"count": 2, "bytes": 1000, "oldest_seconds": None},
    }
    node = views.node_view(status)
    assert (node.unsent, node.own, node.short_of_room) == (views.Unsent(2, 1000, 0.0), views.Unsent(), False)
