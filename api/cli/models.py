"""`courtrec models`."""

from dataclasses import replace
from pathlib import Path

import typer

from api.cli.progress import bars
from api.home import Home
from api.settings import load_settings
from transcribe.errors import MissingModel, ModelError, UnknownModel
from transcribe.manifest import ModelCard, known_models, model_card
from transcribe.models import ensure, verify
from transcribe.pins import ENGINES, card_to_pin, pin
from transcribe.settings import TranscribeSettings, load_transcribe_settings


def models_folder(settings: TranscribeSettings) -> Path:
    return settings.models_dir or Home(load_settings().home).models


def fetch_models(name: str = "") -> None:
    """Fetches `name`; without one, for every language that no model here serves the last of those set for it.

    A model that nobody has pinned yet cannot be fetched by itself: its language stays without one.
    """
    settings = load_transcribe_settings()
    folder = models_folder(settings)
    wanted = {
        models[-1]
        for models in settings.engines.values()
        if models and not any(_state(one, folder) == "here" for one in models)
    }
    if settings.voice_model and _state(settings.voice_model, folder) != "here":
        wanted.add(settings.voice_model)
    for one in [name] if name else sorted(one for one in wanted if model_card(one, folder).pinned):
        fetch_model(one, settings)


def fetch_live_models() -> None:
    """The models for live text; where one cannot be had, says so: a hearing goes on without."""
    settings = load_transcribe_settings()
    for one in sorted(set(settings.live_models.values())):
        try:
            fetch_model(one, settings)
        except ModelError as error:
            typer.echo(f"There will be no live text: {error}", err=True)


def fetch_model(name: str, settings: TranscribeSettings) -> Path:
    """The verified model's folder, with a progress bar while it is fetched."""
    with bars() as progress:
        task = progress.add_task(f"Speech model {name}", total=None, what="")

        def tell(done: int, total: int) -> None:
            what = f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
            progress.update(task, completed=done, total=total or 1, what=what)

        folder = ensure(name, models_folder(settings), tell, settings.mirror)
        progress.update(task, completed=1, total=1, what="checked by SHA-256")
    return folder


def list_models() -> None:
    """One line per model known here: size, languages, licence, where it comes from, whether it is here."""
    folder = models_folder(load_transcribe_settings())
    for name, card in sorted(known_models(folder).items()):
        size = f"{card.size / 1e6:.0f} MB" if card.size else "?"
        words = (name, size, ",".join(card.languages) or "-", card.licence, _origin(card), _state(name, folder))
        typer.echo("{:<24} {:>8}  {:<9} {:<11} {:<9} {}".format(*words))


def verify_models(name: str) -> bool:
    """Whether `name`, or every model that lies in the folder, is what its manifest describes; tells each."""
    folder = models_folder(load_transcribe_settings())
    wanted = [name] if name else sorted(one for one in known_models(folder) if (folder / one).is_dir())
    if not wanted:
        typer.echo(f"No models are in {folder}: run `courtrec models fetch`.")
    good = True
    for one in wanted:
        try:
            verify(one, folder)
            typer.echo(f"{one}: every byte is as described, {model_card(one, folder).sha256}")
        except ModelError as error:
            good = False
            typer.echo(f"{one}: {error}", err=True)
    return good


def pin_model(name: str, source: Path | None, own: ModelCard) -> None:
    """Pins `name` from the folder `source` or from its hub; `own` describes a model the program does not know."""
    settings = load_transcribe_settings()
    folder = models_folder(settings)
    card = card_to_pin(name, folder)
    if card is None:
        if own.engine not in ENGINES or not own.languages:
            raise UnknownModel(
                f"The program does not know the model {name!r}: say what it is with --engine {' or '.join(ENGINES)} "
                "and one --language for each that it recognises."
            )
        card = own
    pinned = pin(replace(card, hub=own.hub or card.hub), folder, source)
    for file in pinned.files:
        typer.echo(f"{file.sha256}  {file.name}")
    typer.echo(f"{name} is pinned in {folder}: nothing but these files will be loaded under its name.")


def _origin(card: ModelCard) -> str:
    if card.carriers:
        return card.carriers[0].registry
    return "hub" if card.hub else "court"


def _state(name: str, folder: Path) -> str:
    if not model_card(name, folder).pinned:
        return "not pinned"
    try:
        verify(name, folder)
    except MissingModel:
        return "not here"
    except ModelError:
        return "damaged"
    return "here"
