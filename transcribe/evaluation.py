"""Every measure of one transcript against its reference. Needs what `transcribe.evaluate` needs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles
from typing import Any

import jiwer
import meeteval.wer

from transcribe.evaluate import jaccard_error, speaker_errors, word_errors
from transcribe.speech import SpeechSpan, Word, plain

TCP_COLLAR = 5.0
"""Seconds by which tcpWER lets a word be early or late, as in the CHiME challenges."""
NEAR_SPEECH = 0.5
"""Seconds: a word further from all speech of the reference was made up."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one speaker said during [start, end) seconds; a recogniser's `words` carry their own times, and it may have
    flagged the whole as `doubtful`."""

    speaker: str
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Rates are shares of the reference, times seconds; `words` and `deleted`, `hallucinated` are counts of words.

    `doubtful` is the share of the utterances found that were flagged, None where none were found. cp_wer gives the
    speakers whatever names fit best, tcp_wer lets in addition no word be far from its time. `time_error` and
    `time_error_p95` are of the first and last words of the reference's utterances, None where none of them was
    recognised. `real_time_factor` is processor time by length, None where the transcript was there already.
    """

    words: int
    wer: float
    deleted: int
    hallucinated: int
    doubtful: float | None
    cer: float
    cp_wer: float
    tcp_wer: float
    der: float
    jer: float
    time_error: float | None
    time_error_p95: float | None
    real_time_factor: float | None

    def as_fields(self) -> dict[str, Any]:
        """For JSON, rounded to a hundredth of a percent and a millisecond at most."""
        return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(self).items()}


def evaluate(
    reference: Sequence[Said], found: Sequence[Said], seconds: float, processor: float | None = None
) -> Evaluation:
    """Measures `found` over `seconds` of sound; `processor` is how many seconds of processor time it took to make.

    Raises ValueError where the reference has no words.
    """
    if not any(plain(one.text) for one in reference):
        raise ValueError("the reference has no words")
    meant, heard = _by_speaker(reference), _by_speaker(found)
    errors = word_errors(meant, heard)
    everything = [
        " ".join(plain(one.text) for one in sorted(side, key=lambda one: one.start)) for side in (reference, found)
    ]
    away = time_errors(reference, found)
    speech, spoken = ([SpeechSpan(one.speaker, one.start, one.end) for one in side] for side in (reference, found))
    segments = [[_segment(one) for one in side if plain(one.text)] for side in (reference, found)]
    return Evaluation(
        words=errors.reference,
        wer=errors.rate,
        deleted=errors.deleted,
        hallucinated=hallucinated(reference, found),
        doubtful=sum(one.doubtful for one in found) / len(found) if found else None,
        cer=float(jiwer.cer(everything[0], everything[1])),
        cp_wer=float(meeteval.wer.cp_word_error_rate(*segments).error_rate),
        tcp_wer=float(
            meeteval.wer.time_constrained_minimum_permutation_word_error_rate(*segments, collar=TCP_COLLAR).error_rate
        ),
        der=speaker_errors(speech, spoken, seconds).rate,
        jer=jaccard_error(speech, spoken, seconds),
        time_error=median(away) if away else None,
        time_error_p95=quantiles(away, n=20)[-1] if len(away) > 1 else None,
        real_time_factor=processor / seconds if processor is not None else None,
    )


def hallucinated(reference: Sequence[Said], found: Sequence[Said]) -> int:
    """Words recognised where, by the reference, nobody speaks."""
    moments = [(word.start + word.end) / 2 for one in found for word in one.words if plain(word.text)]
    return sum(
        not any(one.start - NEAR_SPEECH <= moment <= one.end + NEAR_SPEECH for one in reference) for moment in moments
    )


def time_errors(reference: Sequence[Said], found: Sequence[Said]) -> list[float]:
    """How far the times of rightly recognised words are from the edges of the utterances they begin or end."""
    away: list[float] = []
    for speaker in {one.speaker for one in reference}:
        edges = [edge for one in _of(reference, speaker) for edge in _edges(one)]
        times = [
            (token, word) for one in _of(found, speaker) for word in one.words for token in plain(word.text).split()
        ]
        if not edges or not times:
            continue
        aligned = jiwer.process_words(" ".join(token for token, _, _ in edges), " ".join(token for token, _ in times))
        for chunk in aligned.alignments[0]:
            if chunk.type == "equal":
                pairs = zip(
                    edges[chunk.ref_start_idx : chunk.ref_end_idx],
                    times[chunk.hyp_start_idx : chunk.hyp_end_idx],
                    strict=True,
                )
                for (_, start, end), (_, word) in pairs:
                    away += [abs(word.start - start)] if start is not None else []
                    away += [abs(word.end - end)] if end is not None else []
    return away


def _edges(one: Said) -> list[tuple[str, float | None, float | None]]:
    """The utterance's words, with the start of the first and the end of the last."""
    tokens = plain(one.text).split()
    last = len(tokens) - 1
    return [
        (token, one.start if number == 0 else None, one.end if number == last else None)
        for number, token in enumerate(tokens)
    ]


def _of(said: Iterable[Said], speaker: str) -> list[Said]:
    return sorted((one for one in said if one.speaker == speaker), key=lambda one: one.start)


def _by_speaker(said: Sequence[Said]) -> dict[str, str]:
    return {speaker: " ".join(one.text for one in _of(said, speaker)) for speaker in {one.speaker for one in said}}


def _segment(one: Said) -> dict[str, Any]:
    return {
        "session_id": "",
        "speaker": one.speaker,
        "start_time": one.start,
        "end_time": one.end,
        "words": plain(one.text),
    }
