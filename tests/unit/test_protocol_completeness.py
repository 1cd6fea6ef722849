"""Completeness is arithmetic over ranges: one event is told once, a frame is no hole, nothing is counted twice."""

from dataclasses import replace

from court.timeline import GapCause
from protocol.completeness import Doubt, Unsettled, missing_seconds, outages
from protocol.facts import Cover, GapFact
from protocol.readiness import doubts
from tests.factories.protocol import BREAK, LENGTH, TRACKS, facts, ticks, with_outage


def test_a_break_of_all_tracks_is_one_declared_outage() -> None:
    [found] = outages(facts())
    assert found.declared
    assert (found.start, found.end) == BREAK
    assert found.tracks == tuple(name for name, *_ in TRACKS)
    assert missing_seconds([found]) == 0.0


def test_a_camera_cut_at_a_frame_boundary_leaves_no_hole() -> None:
    judge, claimant, camera = facts().tracks
    early = replace(camera, segments=(camera.segments[0], ticks(BREAK[1], LENGTH - 0.04, 90_000)))
    assert len(outages(replace(facts(), tracks=(judge, claimant, early)))) == 1


def test_a_track_that_never_recorded_is_missing_from_beginning_to_end() -> None:
    judge, claimant, camera = facts().tracks
    dead = replace(claimant, segments=())
    gaps = tuple(gap for gap in facts().gaps if gap.track != claimant.track)
    found = outages(replace(facts(), tracks=(judge, dead, camera), gaps=gaps))
    assert (found[0].cause, found[0].start, found[0].end) == (None, 0.0, LENGTH)
    assert missing_seconds(found) == LENGTH


def test_a_mix_made_of_other_tracks_is_not_evidence_of_its_own() -> None:
    judge, claimant, camera = facts().tracks
    mix = replace(judge, track="mix", role=None, derived=True, segments=())
    assert len(outages(replace(facts(), tracks=(judge, claimant, camera, mix)))) == 1


def test_overlapping_faults_of_two_tracks_count_once() -> None:
    broken = with_outage(40.0, 44.0, GapCause.DEVICE_LOST)
    camera = GapFact("cam-hall", ticks(42.0, 50.0, 90_000), GapCause.OVERRUN, "")
    found = outages(replace(broken, gaps=(*broken.gaps, camera)))
    assert [one.cause for one in found] == [GapCause.DEVICE_LOST, GapCause.OVERRUN, GapCause.BREAK]
    assert missing_seconds(found) == 10.0


def test_two_losses_of_one_microphone_stay_two() -> None:
    broken = with_outage(40.0, 40.5, GapCause.DEVICE_LOST)
    again = GapFact("mic-claimant", ticks(40.6, 41.0), GapCause.DEVICE_LOST, "")
    found = [one for one in outages(replace(broken, gaps=(*broken.gaps, again))) if not one.declared]
    assert [(one.start, one.end) for one in found] == [(40.0, 40.5), (40.6, 41.0)]


def test_what_no_cause_names_and_what_is_awaited_is_unsettled() -> None:
    named, silent = with_outage(40.0, 44.0, GapCause.DEVICE_LOST), with_outage(40.0, 44.0, None)
    assert doubts(facts()) == doubts(named) == []
    assert doubts(silent) == [Unsettled(40.0, 44.0, ("mic-claimant",), Doubt.UNEXPLAINED)]
    pieces = (("cam-hall", ticks(70, 80, 90_000)), ("cam-hall", ticks(80, 90, 90_000)), ("mix", ticks(0, 9)))
    late = replace(silent, awaited=(*pieces, ("mic-judge", ticks(0, 10))))
    assert [(one.start, one.end, one.tracks, one.doubt) for one in doubts(late)] == [
        (0.0, 10.0, ("mic-judge",), Doubt.AWAITED),
        (40.0, 44.0, ("mic-claimant",), Doubt.UNEXPLAINED),
        (70.0, 90.0, ("cam-hall",), Doubt.AWAITED),
    ]


def test_what_the_spare_node_has_of_an_awaited_segment_keeps_nothing_waiting() -> None:
    gap = GapFact("mic-judge", ticks(10, 30), GapCause.UNDELIVERED, "")
    late = replace(facts(), gaps=(*facts().gaps, gap), awaited=(("mic-judge", ticks(10, 30)),))
    assert [one.doubt for one in doubts(late)] == [Doubt.AWAITED]
    assert doubts(replace(late, covers=(Cover("mic-judge", 10, 30, 0.1, None),))) == []


def test_what_a_spare_recording_has_is_named_and_not_missing() -> None:
    gap = GapFact("mic-judge", ticks(10, 30), GapCause.RESTART, "The recorder stopped.")
    lost = replace(facts(), gaps=(gap,), tracks=tuple(replace(one, segments=()) for one in facts().tracks[:1]))
    lost = replace(lost, length=30.0, tracks=(replace(lost.tracks[0], segments=(ticks(0, 10),)),))
    covers = (
        Cover("mic-judge", 10.2, 15, 0.3, None),
        Cover("mic-judge", 15, 20, 0.3, GapCause.BREAK),
        Cover("mic-judge", 22, 29.8, 0.3, None),
        Cover("mic-claimant", 20, 22, 0.3, None),
    )
    found = outages(replace(lost, covers=covers))
    told = [(one.start, one.end, one.cause, one.spare, one.missing) for one in found]
    assert told == [
        (10, 15, GapCause.RESTART, True, False),
        (15, 20, GapCause.BREAK, False, False),
        (20, 22, GapCause.RESTART, False, True),
        (22, 30, GapCause.RESTART, True, False),
    ]
    assert missing_seconds(found) == 2.0
    assert missing_seconds(outages(lost)) == 20.0
