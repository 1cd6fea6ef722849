"""What the pages show: rows, the woven transcript, gaps and completeness."""

from datetime import UTC, datetime

from api import schemas, views
from court.hearing import HearingState
from court.openness import Openness

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


def gap(name: str, start: float, end: float, cause: str) -> schemas.GapView:
    return schemas.GapView(track=name, start=start, end=end, cause=cause, declared=cause == "break")


def said(number: int, role: str, start: float, *words: tuple[str, float]) -> schemas.UtteranceView:
    return schemas.UtteranceView(
        id=number,
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
        "gaps": [gap(name, 10, 20, "break") for name in TRACKS],
        "notes": [schemas.NoteView(at=1.0, template="opening", text="")],
        "utterances": [said(1, "judge", 1.0, ("Суд", 0.9)), said(2, "judge", 4.0, ("идёт", 0.3))],
    }
    return schemas.Timeline.model_validate(fields | changes)


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
    view = views.transcript_view(timeline(), complete=True, windows_done=2, windows_total=2)
    assert [(one.kind, one.start) for one in view.entries] == [
        ("note", 1.0),
        ("utterance", 1.0),
        ("utterance", 4.0),
        ("gap", 10.0),
    ]
    assert view.count == 2


def test_a_speaker_who_goes_on_is_named_once() -> None:
    view = views.transcript_view(timeline(), complete=True, windows_done=2, windows_total=2)
    assert [one.same_speaker for one in view.entries if one.kind == "utterance"] == [False, True]
    other = timeline(utterances=[said(1, "judge", 1.0, ("Суд", 1)), said(2, "claimant", 4.0, ("Да", 1))])
    view = views.transcript_view(other, complete=True, windows_done=2, windows_total=2)
    assert not any(one.same_speaker for one in view.entries)


def test_a_doubtful_word_is_marked_with_its_certainty() -> None:
    view = views.transcript_view(timeline(), complete=True, windows_done=2, windows_total=2)
    marks = [(word.text, word.unsure, word.percent) for entry in view.entries for word in entry.words]
    assert marks == [("Суд", False, 90), ("идёт", True, 30)]


def test_the_version_changes_with_everything_a_reader_would_see() -> None:
    versions = {
        views.transcript_view(timeline(), complete=False, windows_done=1, windows_total=2).version,
        views.transcript_view(timeline(), complete=False, windows_done=2, windows_total=2).version,
        views.transcript_view(timeline(), complete=True, windows_done=2, windows_total=2).version,
        views.transcript_view(timeline(notes=[]), complete=True, windows_done=2, windows_total=2).version,
    }
    assert len(versions) == 4


def test_a_break_of_all_tracks_is_one_line_and_a_lost_device_names_its_track() -> None:
    lost = timeline(gaps=[*(gap(name, 10, 20, "break") for name in TRACKS), gap("mic-claimant", 5, 8, "device_lost")])
    found = views.gaps_view(lost)
    assert [(one.start, one.cause, one.everywhere) for one in found] == [
        (5, "device_lost", False),
        (10, "break", True),
    ]
    assert found[0].tracks == ("mic-claimant",)
    assert found[1].length == 10


def test_completeness_is_arithmetic_over_every_track() -> None:
    whole = views.completeness(timeline())
    assert whole.accounted
    assert whole.faultless
    short = views.completeness(timeline(tracks=[track(name, (0, 10), (20, 29)) for name in TRACKS]))
    assert not short.accounted
    missing_cause = views.completeness(timeline(gaps=[gap(name, 10, 20, "break") for name in TRACKS[:2]]))
    assert not missing_cause.accounted
    fault = timeline(
        tracks=[
            track("mic-judge", (0, 10), (20, 30)),
            track("mic-claimant", (0, 10), (20, 25)),
            track("cam-hall", (0, 10), (20, 30)),
        ],
        gaps=[*(gap(name, 10, 20, "break") for name in TRACKS), gap("mic-claimant", 25, 30, "device_lost")],
    )
    assert views.completeness(fault).accounted
    assert not views.completeness(fault).faultless


def test_the_nodes_answer_becomes_a_view() -> None:
    status = {
        "room": "Зал № 1",
        "message": "",
        "tracks": [{"track": "mic-judge", "role": "judge", "kind": "audio"}],
        "unsent": {"count": 2, "bytes": 1000, "oldest_seconds": None},
    }
    node = views.node_view(status)
    assert (node.unsent_count, node.unsent_bytes, node.unsent_seconds) == (2, 1000, 0.0)
