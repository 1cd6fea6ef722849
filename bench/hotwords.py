"""What words told beforehand gain and cost: names of the case card and terms of court as faster-whisper's hotwords.

    python -m bench.hotwords

The sample hearing in Russian with nothing told, with the names of its own card, and with a court's terms besides; human
speech, in which none of these words is said, shows what they do there. "names" are those words of the card's names
that are said in the hearing, in whatever case: how many of them were recognised.
"""

import tomllib
from collections.abc import Mapping
from functools import partial

from rich.console import Console
from rich.table import Table

from bench.transcript import SAMPLES, Recording, human, measure, sample
from tests.speech import asterisk_ru, festvox_ru
from tests.speech.recogniser import MODEL, models_dir
from transcribe.engines.whisper import WhisperEngine
from transcribe.evaluate import plain
from transcribe.models import ensure

TERMS = "истец, ответчик, ходатайство, расписка, исковое заявление, судебное заседание, отвод, государственная пошлина"
STEM = 5  # letters of a name that all its cases have


def names() -> str:
    """The people of the sample's card."""
    card = tomllib.loads((SAMPLES / "hearing-ru" / "hearing.toml").read_text(encoding="utf-8"))
    return ", ".join([card["judge"], card["secretary"], *(one["name"] for one in card["participant"])])


def said(text: Mapping[str, str], stems: set[str]) -> int:
    return sum(word[:STEM] in stems for one in text.values() for word in plain(one).split())


def row(recording: Recording, hotwords: str, stems: set[str]) -> tuple[str, ...]:
    engine = WhisperEngine(MODEL, models_dir(), device="cpu")
    whisper = engine._model  # the engine itself tells nothing beforehand: this bench is why
    whisper.get_prompt = partial(whisper.get_prompt, hotwords=hotwords or None)
    result, utterances = measure(recording, engine)
    words = result.words
    heard = said({one.track + str(one.start): one.text for one in utterances}, stems)
    return (
        f"{words.rate:.1%}",
        f"{words.substituted}/{words.deleted}/{words.inserted}",
        f"{heard} of {said(recording.text, stems)}",
        str(sum("repetition" in one.flags or "compressible" in one.flags for one in utterances)),
        str(result.calls),
        f"{result.cpu:.1f}",
    )


def main() -> None:
    ensure(MODEL, models_dir())
    stems = {word[:STEM] for word in plain(names()).split() if len(word) >= STEM}
    ways = {"nothing": "", "names": names(), "names and terms": f"{names()}, {TERMS}"}
    recordings = [sample("hearing-ru"), human("human-ru", festvox_ru(12), asterisk_ru(12))]
    console = Console(width=130)
    table = Table("recording", "told", "WER", "S/D/I", "names", "loops", "calls", "processor s")
    for recording in recordings:
        for way, hotwords in ways.items():
            cells = row(recording, hotwords, stems)
            table.add_row(recording.name, way, *cells)
            Console(stderr=True, width=130).print(recording.name, way, *cells)
    console.print(table)


if __name__ == "__main__":
    main()
