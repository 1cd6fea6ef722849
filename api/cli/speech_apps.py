"""The commands `courtrec models|jobs|transcribe …`; what they do is in models.py and jobs.py."""

from pathlib import Path
from typing import Annotated

import typer

models_app = typer.Typer(help="Speech models: fetched once, checked by SHA-256 before every use.", no_args_is_help=True)
jobs_app = typer.Typer(help="What the queue gave up on.", no_args_is_help=True)
transcribe_app = typer.Typer(help="Versions of transcripts.", no_args_is_help=True)


@models_app.command("fetch")
def models_fetch(name: Annotated[str, typer.Argument(help="Model of `courtrec models list`.")] = "") -> None:
    """Fetches a model; without a name, one for each language that no model here serves."""
    from api.cli.models import fetch_models

    fetch_models(name)


@models_app.command("list")
def models_list() -> None:
    """Lists the models: size, languages, licence, where they come from, whether they are here and whole."""
    from api.cli.models import list_models

    list_models()


@models_app.command("verify")
def models_verify(name: Annotated[str, typer.Argument(help="Model; empty: all that are here.")] = "") -> None:
    """Checks every byte of the models that are here; exits with 1 if one is not what its manifest describes."""
    from api.cli.models import verify_models

    if not verify_models(name):
        raise typer.Exit(1)


@models_app.command("pin")
def models_pin(
    name: Annotated[str, typer.Argument(help="Name of the model from now on.")],
    folder: Annotated[
        Path | None, typer.Argument(help="Folder with its files; without it, they come from its hub.")
    ] = None,
    engine: Annotated[str, typer.Option(help="For a model of the court's own: faster-whisper or onnx-asr.")] = "",
    loader: Annotated[str, typer.Option(help="The engine's name for its kind, as onnx-asr lists them.")] = "",
    language: Annotated[
        list[str] | None, typer.Option(help="Language it recognises; may be given several times.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the weights.")] = "not stated",
    hub: Annotated[str, typer.Option(help="Hub repository, OWNER/NAME.")] = "",
) -> None:
    """States what a model's files hash to, where the program does not know; nothing else is loaded from then on."""
    from api.cli.models import pin_model
    from transcribe.manifest import ModelCard

    languages = tuple(language or ())
    own = ModelCard(name, name, licence, languages, (), hub=hub, engine=engine, loader=loader)
    pin_model(name, folder, own)


@jobs_app.command("list")
def jobs_list() -> None:
    """Lists the parts of hearings that could not be transcribed, and why."""
    from api.cli.jobs import list_jobs

    list_jobs()


@jobs_app.command("retry")
def jobs_retry(hearing: Annotated[str, typer.Argument(help="Id of the hearing; empty: all.")] = "") -> None:
    """Tries again what was given up, once its cause is mended."""
    from api.cli.jobs import retry_jobs

    retry_jobs(hearing)


@transcribe_app.command("again")
def transcribe_again(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
    model: Annotated[
        str, typer.Option("--model", help="Model of `courtrec models list`; else as the settings say.")
    ] = "",
) -> None:
    """Makes another version of a hearing's transcript beside those it has."""
    from api.cli.jobs import transcribe_again as ask

    ask(hearing, model)
