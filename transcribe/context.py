"""What the worker transcribes with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from court.clock import Clock
from storage.db.unit_of_work import Database
from storage.keys import SigningKey
from storage.worm.port import WormStore
from transcribe.claims import Drain
from transcribe.diarise.embedding import Embedder
from transcribe.engines.port import Engine
from transcribe.hotwords import Glossary
from transcribe.pipeline import Tongues


class EngineFor(Protocol):
    """Gives the engine of a language; with `model` that one and no other. Raises NoEngine."""

    def __call__(self, language: str, model: str = "") -> Engine: ...


class TonguesFor(Protocol):
    """Gives the languages that may be heard beside a hearing's own, None where nothing tells them apart."""

    def __call__(self, language: str) -> Tongues | None: ...


def _no_tongues(language: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class TranscribeContext:
    """What the task works with; made once by the worker's composition root. `key` signs the server's ledger entries.

    `embedder` gives the model that tells voices at shared microphones apart, None where there is none. `glossary` are
    terms of the court, by language.
    """

    database: Database
    store: WormStore
    key: SigningKey
    clock: Clock
    engine_for: EngineFor
    tongues_for: TonguesFor = _no_tongues
    embedder: Callable[[], Embedder | None] = lambda: None
    glossary: Glossary = field(default_factory=lambda: MappingProxyType({}))
    drain: Drain = field(default_factory=Drain)
