"""`courtrec evaluate`: how good transcripts are, measured against what was really said."""

import json
import time
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from api.cli.consoles import plain_console
from api.cli.models import models_folder
from api.composition import existing_context
from api.settings import load_settings
from court.card import names_on
from court.errors import InputError
from transcribe.speech import SAMPLE_RATE, Pcm, Word

if TYPE_CHECKING:
    from transcribe.evaluation import Evaluation, Said

SAMPLES_PER_SECOND = 48_000
_EXTRA = ("jiwer", "meeteval", "pyannote")
_PERCENT = ("wer", "doubtful", "cer", "cp_wer", "tcp_wer", "der", "jer")


def run_evaluate(file: Path, hearings: Sequence[str], language: str, into: Path | None) -> None:
    """One row per transcript: the stored ones of `hearings`, or without any that of the sound beside `file`.

    Raises InputError.
    """
    missing = next((one for one in _EXTRA if find_spec(one) is None), None)
    if missing is not None:
        raise InputError(
            f"To evaluate transcripts install the extra 'evaluate' ({missing} is missing): "
            "pip install 'courtrec[evaluate]'."
        )
    reference = read_reference(file)
    rows = [_stored(one, reference) for one in hearings] or [_recognised(file, reference, language)]
    if into is not None:
        content = [{"what": what, "language": spoken, **found.as_fields()} for what, spoken, found in rows]
        into.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    table = Table(box=None)
    for heading in ("transcript", "language", *rows[0][2].as_fields()):
        table.add_column(heading.replace("_", " "))
    for what, spoken, found in rows:
        table.add_row(what, spoken, *(_cell(name, value) for name, value in found.as_fields().items()))
    plain_console(width=200).print(table)


def read_reference(file: Path) -> "list[Said]":
    """A list of {role, start, end, text} (seconds), as samples/ have it; what was said in a break is not expected."""
    from transcribe.evaluation import Said

    try:
        rows = json.loads(file.read_text(encoding="utf-8"))
        found = [
            Said(str(one["role"]), float(one["start"]), float(one["end"]), str(one["text"]))
            for one in rows
            if not one.get("in_break")
        ]
    except OSError as error:
        raise InputError(f"The reference {file} cannot be read ({error.strerror}).") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        found = []
    if not any(one.text.strip() for one in found):
        raise InputError(f"The reference {file} is no list of utterances with role, start, end and text.")
    return found


def _stored(hearing_id: str, reference: "list[Said]") -> "tuple[str, str, Evaluation]":
    from transcribe.evaluation import Said, evaluate

    with existing_context(load_settings()).database.read() as work:
        hearing = work.hearings.get(hearing_id)
        if hearing is None or hearing.end_sample is None:
            raise InputError(f"There is no ended hearing {hearing_id!r}: see `courtrec hearings`.")
        found = [
            Said(
                row.role,
                row.start_ms / 1000,
                row.end_ms / 1000,
                row.text,
                tuple(map(_word, row.words)),
                bool(row.flags),
            )
            for row in work.utterances.newest(hearing_id)
        ]
        return hearing_id, hearing.card["language"], evaluate(reference, found, hearing.end_sample / SAMPLES_PER_SECOND)


def _recognised(file: Path, reference: "list[Said]", language: str) -> "tuple[str, str, Evaluation]":
    """The microphones' files `ROLE.flac` (or .wav) beside the reference, recognised now by the engines that are set."""
    from transcribe.engines.select import Engines
    from transcribe.evaluation import Said, evaluate
    from transcribe.hotwords import expecting
    from transcribe.pipeline import transcribe_window
    from transcribe.settings import load_transcribe_settings

    card = _card(file.parent)
    spoken = language or str(card.get("language", ""))
    if not spoken:
        raise InputError("Say in which language the hearing is: --language ru.")
    pcm = _sound(file.parent)
    settings = load_transcribe_settings()
    engines = Engines(settings, models_folder(settings))
    names = names_on({**card, "participants": card.get("participant", ())})
    engine, tongues = expecting(engines(spoken), engines.tongues(spoken), spoken, names, settings.glossary)
    seconds = max(map(len, pcm.values())) / SAMPLE_RATE
    moments = [one["at"] for one in card.get("action", []) if one["do"] in ("pause", "resume")]
    edges = [0.0, *moments, seconds]
    began = time.process_time()
    found = [
        Said(one.role, one.start, one.end, one.text, one.words, bool(one.flags))
        for start, end in zip(edges[::2], edges[1::2], strict=False)
        for one in transcribe_window(_between(pcm, start, end), start, spoken, engine, tongues=tongues)
    ]
    return engine.name, spoken, evaluate(reference, found, seconds, time.process_time() - began)


def _card(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "hearing.toml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'hearing.toml'} cannot be read: {error}.") from None


def _sound(folder: Path) -> dict[str, Pcm]:
    import av
    import numpy as np
    from faster_whisper import decode_audio

    files = sorted(one for one in folder.iterdir() if one.suffix in (".flac", ".wav"))
    if not files:
        raise InputError(f"{folder} has no sound (ROLE.flac, one file per microphone): name a hearing instead.")
    try:
        return {
            f"mic-{one.stem}": (decode_audio(str(one)) * 32768).clip(-32768, 32767).astype(np.int16) for one in files
        }
    except av.FFmpegError as error:
        raise InputError(f"The sound in {folder} cannot be read: {error}.") from None


def _between(pcm: dict[str, Pcm], start: float, end: float) -> dict[str, Pcm]:
    return {track: one[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] for track, one in pcm.items()}


def _word(fields: dict[str, Any]) -> Word:
    return Word(fields["text"], fields["start_ms"] / 1000, fields["end_ms"] / 1000, fields["probability"])


def _cell(name: str, value: float | int | None) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if name in _PERCENT else f"{value:g}"
