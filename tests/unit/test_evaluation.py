"""The measures of a whole transcript, on one whose errors can be counted by hand; what is wrong with its files."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api.cli.evaluate import read_reference, run_evaluate
from court.errors import InputError
from transcribe.speech import Word


def said(speaker: str, start: float, text: str, late: float = 0.0) -> Any:
    """One word a second, each recognised `late`."""
    evaluation = pytest.importorskip("transcribe.evaluation", exc_type=ImportError)
    words = tuple(
        Word(one, start + number + late, start + number + 1 + late, 0.9) for number, one in enumerate(text.split())
    )
    return evaluation.Said(speaker, start, start + len(words), text, words)


def measured(reference: list[Any], found: list[Any], **options: Any) -> Any:
    from transcribe.evaluation import evaluate

    return evaluate(reference, found, 60.0, **options)


def test_a_perfect_transcript_has_no_errors() -> None:
    reference = [said("judge", 1.0, "суд идет прошу встать"), said("claimant", 7.0, "да")]
    found = measured(reference, reference, processor=6.0)
    assert (found.wer, found.cer, found.cp_wer, found.tcp_wer, found.der, found.jer) == (0, 0, 0, 0, 0, 0)
    assert (found.words, found.deleted, found.hallucinated, found.time_error) == (5, 0, 0, 0)
    assert found.real_time_factor == pytest.approx(0.1)


def test_names_of_speakers_do_not_matter_to_cp_wer() -> None:
    reference = [said("judge", 1.0, "суд идет"), said("claimant", 7.0, "да конечно")]
    found = measured(reference, [said("voice 2", 1.0, "суд идет"), said("voice 1", 7.0, "да конечно")])
    assert (found.wer, found.cp_wer) == (2.0, 0.0), "four words are missing and four are too many"


def test_right_words_at_the_wrong_time_are_errors_of_tcp_wer_only() -> None:
    found = measured([said("judge", 1.0, "суд идет")], [said("judge", 40.0, "суд идет")])
    assert (found.cp_wer, found.tcp_wer) == (0.0, 2.0)
    assert found.hallucinated == 2, "nobody speaks there"


def test_times_are_compared_at_the_edges_of_utterances() -> None:
    reference = [said("judge", 1.0, "суд идет прошу встать")]
    assert measured(reference, [said("judge", 1.0, "суд идет прошу встать", late=0.2)]).time_error == pytest.approx(0.2)
    assert measured(reference, [said("judge", 1.0, "совсем другие слова")]).time_error is None


def test_how_many_utterances_were_flagged_is_told() -> None:
    reference = [said("judge", 1.0, "суд идет"), said("claimant", 7.0, "да")]
    assert measured(reference, [replace(reference[0], doubtful=True), reference[1]]).doubtful == 0.5
    assert measured(reference, []).doubtful is None


def test_without_the_extra_one_sentence_names_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("api.cli.evaluate.find_spec", lambda name: None if name == "meeteval" else object())
    with pytest.raises(InputError, match=r"install the extra 'evaluate' \(meeteval is missing\)"):
        run_evaluate(tmp_path / "reference.json", [], "ru", None)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '[{"role": "judge"}]', "[1]", '[{"role":"a","start":"x","end":1,"text":"b"}]']
)
def test_what_is_no_reference_is_named(tmp_path: Path, content: str) -> None:
    pytest.importorskip("transcribe.evaluation", exc_type=ImportError)
    file = tmp_path / "reference.json"
    file.write_text(content)
    with pytest.raises(InputError, match="is no list of utterances"):
        read_reference(file)
