"""Words that recognisers are told beforehand: the names on the case card and the court's own terms. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from transcribe.engines.port import Engine, HotwordEngine
from transcribe.pipeline import Tongues

Glossary = Mapping[str, Sequence[str]]
"""Terms of the court by language."""


def hotwords(names: Sequence[str], terms: Sequence[str]) -> tuple[str, ...]:
    """Names first, for a recogniser takes only so many; each word once."""
    return tuple(dict.fromkeys((*names, *terms)))


def expecting(
    engine: Engine, tongues: Tongues | None, language: str, names: Sequence[str], glossary: Glossary
) -> tuple[Engine, Tongues | None]:
    """The `engine` of a hearing in `language`, and those of the other languages that may be heard in it, told the
    `names` and each its language's terms; an engine that cannot be told any stays as it is.
    """

    def told(one: Engine, spoken: str) -> Engine:
        words = hotwords(names, glossary.get(spoken, ()))
        return one.with_hotwords(words) if words and isinstance(one, HotwordEngine) else one

    if tongues is not None:
        engines = {spoken: one and told(one, spoken) for spoken, one in tongues.engines.items()}
        tongues = replace(tongues, engines=engines)
    return told(engine, language), tongues
