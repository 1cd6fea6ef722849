"""The scripted hearings, and how proposals are counted against them."""

from dataclasses import replace

import pytest

from bench.stages import NEAR_SECONDS, SETS, Counts, Script, found_in, judged, measured, misheard, scripts
from court.people import CourtRole
from court.stages import StageKind
from protocol.facts import Stage, Standing, Utterance

GOLD = ((StageKind.MOTION, 100.0), (StageKind.MOTION, 120.0), (StageKind.RULING, 200.0))
SCRIPT = Script("made-up", "ru", "civil", (), GOLD)


def proposal(kind: StageKind, at: float) -> Stage:
    return Stage(kind, at, "utterance:1", "…", Standing.PROPOSED)


def test_each_stage_is_right_once_and_only_near_by() -> None:
    found = [proposal(StageKind.MOTION, at) for at in (101.0, 102.0, 103.0)]
    found.append(proposal(StageKind.RULING, 201.0 + NEAR_SECONDS))
    counts, wrong = judged(SCRIPT, found)
    assert counts[StageKind.MOTION] == Counts(found=3, right=2, there=2)
    assert counts[StageKind.RULING] == Counts(found=1, right=0, there=1)
    assert wrong[0].startswith("made-up 103 s: no motion there: ")
    assert wrong[-1] == "made-up 200 s: ruling missed"


def test_every_language_has_hearings_of_several_kinds_in_both_sets() -> None:
    for which in SETS:
        known = scripts(which)
        assert {one.language for one in known} == {"ru", "ky", "kk", "en"}
        for language in ("ru", "ky", "kk", "en"):
            assert len({one.procedure for one in known if one.language == language}) >= 2, (which, language)


@pytest.mark.parametrize("which", SETS)
def test_what_is_proposed_is_a_stage_and_most_stages_are_proposed(which: str) -> None:
    """Below what is published in bench/README.md: a change of the cues that costs more is seen here."""
    total = Counts()
    for one in measured(scripts(which), 0.0).values():
        total.add(one)
    assert total.right / total.found >= 0.97
    assert total.right / total.there >= {"development": 0.97, "held_out": 0.88}[which]


def test_every_proposal_quotes_what_was_said() -> None:
    for which in SETS:
        for script in scripts(which):
            for one in found_in(script):
                number = int(one.evidence.removeprefix("utterance:"))
                assert one.quote in script.said[number - 1].text, (script.name, one)


def test_errors_are_the_same_for_the_same_seed_and_as_many_as_asked_for() -> None:
    words = " ".join(f"слово{n}" for n in range(1000))
    script = replace(SCRIPT, said=(Utterance("mic", CourtRole.JUDGE, 0.0, 1.0, words),))
    [heard] = misheard(script, 0.25, 1).said
    assert misheard(script, 0.25, 1).said == (heard,)
    assert misheard(script, 0.25, 2).said != (heard,)
    kept = len(set(words.split()) & set(heard.text.split()))
    assert 700 < kept < 870, "a quarter is changed; those said twice are still there"
    assert misheard(script, 0.0, 1).said == script.said
