"""`courtrec models`."""

from pathlib import Path

import typer

from api.cli.progress import bars
from api.composition import Home
from api.settings import load_settings
from transcribe.errors import ModelError
from transcribe.manifest import packaged_models
from transcribe.models import ensure, verify
from transcribe.settings import TranscribeSettings, load_transcribe_settings


def models_folder(settings: TranscribeSettings) -> Path:
    return settings.models_dir or Home(load_settings().home).models


def fetch_models(name: str = "") -> None:
    """Fetches `name`, or every model that the settings name."""
    settings = load_transcribe_settings()
    for one in [name] if name else sorted({*settings.engines.values(), settings.voice_model} - {""}):
        fetch_model(one, settings)


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
    """One line per model of the manifest."""
    folder = models_folder(load_transcribe_settings())
    for name in packaged_models():
        try:
            state = f"here, checked: {verify(name, folder)}"
        except ModelError:
            state = "not here"
        typer.echo(f"{name:<20} {state}")
