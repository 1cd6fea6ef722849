"""The commands, and how their errors reach a person: one sentence on standard error and an exit code."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from api.cli.backup_app import backup_app
from api.cli.consoles import plain_console
from api.cli.logs import one_line_logs
from api.cli.node_app import node_app
from api.cli.protocol_app import protocol_app
from api.cli.retention_app import retention_app
from api.cli.speech_apps import jobs_app, models_app, transcribe_app
from court import exit_codes
from court.errors import CourtError, InputError
from court.ids import is_id
from court.one_line import one_line
from storage.verifier_archive import NAME as VERIFIER

app = typer.Typer(
    help="Records court hearings, proves that nothing was altered, and drafts the brief protocol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
user_app = typer.Typer(help="Accounts.", no_args_is_help=True)
keys_app = typer.Typer(help="The court's own keys: the log's and the server's.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(jobs_app, name="jobs")
app.add_typer(transcribe_app, name="transcribe")
app.add_typer(models_app, name="models")
app.add_typer(node_app, name="node")
app.add_typer(user_app, name="user")
app.add_typer(protocol_app, name="protocol")
app.add_typer(retention_app, name="retention")
app.add_typer(backup_app, name="backup")

RoomOption = Annotated[Path | None, typer.Option("--room", help="Room file: inputs, microphones and cameras (TOML).")]


@app.command()
def demo(once: Annotated[bool, typer.Option("--once", help="Exit after the run instead of serving.")] = False) -> None:
    """Records the sample hearing, signs its protocol, verifies everything, and serves the pages."""
    from api.cli.demo import run_demo

    run_demo(once=once)


@app.command()
def serve(room: RoomOption = None) -> None:
    """Serves the pages; with the embedded broker also transcribes; with --room also records that room."""
    from api.cli.serve import run_server

    run_server(room)


@app.command()
def worker() -> None:
    """Runs a transcription and protocol worker on the broker of the settings."""
    from api.cli.serve import run_worker

    run_worker()


@app.command()
def live(ends_with_stdin: Annotated[bool, typer.Option("--ends-with-stdin", hidden=True)] = False) -> None:
    """Recognises what is being said in the room of COURTREC_NODE_URL for the secretary's page, in idle time only."""
    from api.cli.live import run_live

    run_live(ends_with_stdin)


@app.command()
def record(
    case: Annotated[str, typer.Option("--case", help="Case number as on the AIS Court card.")] = "",
    room: RoomOption = None,
    files: Annotated[
        list[str] | None,
        typer.Option("--from", help="File, RTSP address or lavfi:graph; more may follow. Instead of --room."),
    ] = None,
    more: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
    seconds: Annotated[float | None, typer.Option("--for", help="Stop after so many seconds.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the hearing a crash interrupted.")] = False,
) -> None:
    """Records a hearing to its end (live: until Ctrl-C) and leaves its transcript and draft protocol."""
    from api.cli.record import run_record

    run_record(case, room, [*(files or []), *(more or [])], seconds, resume)


@app.command()
def hearings() -> None:
    """Lists the hearings."""
    from api.cli.evidence import list_hearings

    list_hearings()


@app.command()
def verify(
    what: Annotated[
        str,
        typer.Argument(help="Id of a hearing, or file or folder of a bundle or copy; empty: all stored here."),
    ] = "",
    key: Annotated[
        str | None,
        typer.Option(
            "--key", help="For a bundle: the log's key as the court publishes it, the present or an earlier one."
        ),
    ] = None,
    roots: Annotated[
        Path | None,
        typer.Option("--timestamp-roots", help="For a bundle: certificates (PEM) of the authorities you trust."),
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", help="For a bundle: key of a witness you trust; more may follow.")
    ] = None,
) -> None:
    """Recomputes everything from stored bytes; one line per fault.

    Exit codes: 0 whole, 1 faults found, 2 wrongly asked, 3 cannot be read.
    """
    from api.cli.evidence import verify_bundle_file, verify_evidence

    try:
        if what and not is_id(what):
            raise typer.Exit(verify_bundle_file(Path(what), key, roots, witness or []))
        if key is not None or roots is not None or witness:
            raise InputError(
                "--key, --timestamp-roots and --witness are for a bundle: name its file. What is stored here is "
                "verified with the court's own keys and settings."
            )
        raise typer.Exit(verify_evidence(what or None))
    except InputError:
        raise
    except CourtError as error:
        _tell(error, exit_codes.UNREADABLE)


@app.command()
def completeness(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
) -> None:
    """Says of every stretch without recording why, and what keeps the protocol from being signed; exit code 1 then."""
    from api.cli.completeness import print_completeness

    raise typer.Exit(print_completeness(hearing))


@app.command()
def export(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
    file: Annotated[Path, typer.Argument(help="Archive to write (ZIP); it must not exist.")],
    recipient: Annotated[str, typer.Option("--to", help="Who gets it.")],
    ground: Annotated[str, typer.Option("--ground", help="On what ground: an application, a court's request.")],
    tracks: Annotated[list[str] | None, typer.Option("--track", help="Only this track; more may follow.")] = None,
    without_media: Annotated[bool, typer.Option("--without-media", help="Entries and protocol only.")] = False,
    with_journal: Annotated[bool, typer.Option("--with-journal", help="Also who viewed and copied it.")] = False,
) -> None:
    """Writes a hearing with its proof as one file that anybody can verify without the court."""
    from api.cli.evidence import export_hearing

    export_hearing(
        hearing, file, recipient, ground, frozenset(tracks or ()), media=not without_media, journal=with_journal
    )


@app.command("copy")
def copy_(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
    file: Annotated[Path, typer.Argument(help="Archive to write (ZIP); it must not exist.")],
    recipient: Annotated[str, typer.Option("--to", help="Who gets it.")],
    ground: Annotated[str, typer.Option("--ground", help="On what ground: a motion and its date.")],
    tracks: Annotated[
        list[str] | None,
        typer.Option("--track", help="Microphone, mix or camera; more may follow. Else the mix and the first camera."),
    ] = None,
    marked: Annotated[bool, typer.Option("--marked", help="Recipient in every picture; encodes them anew.")] = False,
    originals: Annotated[bool, typer.Option("--originals", help="Also the segments as they were recorded.")] = False,
    sound_marked: Annotated[
        bool, typer.Option("--marked-sound", help="Inaudible mark in the sound, which `courtrec trace` finds.")
    ] = False,
) -> None:
    """Makes a copy for a party: what was open, with chapters, subtitles, protocol, proof and verifier."""
    from api.cli.copies import copy_hearing
    from api.copy_orders import Wish

    copy_hearing(hearing, file, Wish(recipient, ground, frozenset(tracks or ()), marked, originals, sound_marked))


@app.command()
def trace(
    file: Annotated[Path, typer.Argument(help="Sound or film that got out, or a piece of it.")],
    what: Annotated[str, typer.Argument(metavar="HEARING", help="Id of the hearing, or number of the case.")],
) -> None:
    """Says whose copy a recording was, by the mark in its sound (`courtrec copy --marked-sound`).

    Exit codes: 0 a copy is named, 1 none is, 2 wrongly asked.
    """
    from api.cli.copies import trace_file

    raise typer.Exit(trace_file(file, what))


@app.command("export-file")
def export_file(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
    file: Annotated[Path, typer.Argument(help="File to write: .docx or .json protocol, .vtt or .rttm transcript.")],
) -> None:
    """Writes the protocol for Word or as data, or the open lines of the transcript."""
    from api.cli.exports import export_file

    export_file(hearing, file)


@app.command()
def verifier(file: Annotated[Path, typer.Argument(help="File to write.")] = Path(VERIFIER)) -> None:
    """Writes the offline verifier: one file that needs nothing but Python and `cryptography`."""
    from api.cli.evidence import write_verifier

    write_verifier(file)


@app.command()
def evaluate(
    reference: Annotated[Path, typer.Argument(help="What was really said (JSON, as samples/*/reference.json).")],
    hearings: Annotated[
        list[str] | None,
        typer.Argument(help="Ids of hearings; without any, the sound beside the reference is recognised now."),
    ] = None,
    language: Annotated[str, typer.Option("--language", help="Of that sound; else as hearing.toml says.")] = "",
    into: Annotated[Path | None, typer.Option("--json", help="Write the measures to this file, too.")] = None,
) -> None:
    """Measures transcripts against a reference: words, speakers, times, speed. Needs the extra 'evaluate'."""
    from api.cli.evaluate import run_evaluate

    run_evaluate(reference, hearings or [], language, into)


@app.command("write-off")
def write_off(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
    by: Annotated[str, typer.Option("--by", help="Login of the administrator who decides.")],
    reason: Annotated[str, typer.Option("--reason", help="Why nothing of it can come any more; in the ledger.")],
) -> None:
    """Gives up what a node recorded and can never deliver: a named gap then, and no longer awaited."""
    from api.cli.write_off import write_segments_off

    write_segments_off(hearing, by, reason)


@app.command()
def end(
    hearing: Annotated[str, typer.Argument(help="Id of the hearing (see `courtrec hearings`).")],
    by: Annotated[str, typer.Option("--by", help="Login of the administrator who decides.")],
    reason: Annotated[str, typer.Option("--reason", help="Why its node never comes back; in the ledger.")],
    at: Annotated[
        datetime | None,
        typer.Option("--at", help="When it ended, the court's time; else where the last that has arrived ends."),
    ] = None,
) -> None:
    """Ends a hearing whose node never comes back: what it did not deliver is a named gap."""
    from api.cli.write_off import end_lost_hearing

    end_lost_hearing(hearing, by, reason, at)


@app.command()
def fsck(
    hearing: Annotated[str, typer.Option("--hearing", help="Only the objects of this hearing.")] = "",
    rate: Annotated[float | None, typer.Option("--rate", help="MiB read per second; else COURTREC_SCRUB_RATE.")] = None,
    older_than: Annotated[
        float | None, typer.Option("--older-than", help="Only objects not checked for so many days.")
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Bring the right bytes back from the second store or the spool.")
    ] = False,
    report: Annotated[bool, typer.Option("--report", help="Show what the last checks found; read nothing.")] = False,
) -> None:
    """Reads every stored object back; one line per fault, exit code 1 if there is any."""
    from api.cli.fsck import Order, report_checks, run_fsck

    if report and (hearing or repair or rate is not None or older_than is not None):
        raise InputError("--report only tells of the last checks: give it alone.")
    raise typer.Exit(report_checks() if report else run_fsck(Order(hearing, rate, older_than, repair)))


@keys_app.command("list")
def keys_list() -> None:
    """Lists the keys that sign now and those before them."""
    from api.cli.keys import list_keys

    list_keys()


@keys_app.command("rotate")
def keys_rotate(purpose: Annotated[str, typer.Argument(help="log or server.")]) -> None:
    """Puts a new key in a key's place; both state it. Restart server and worker afterwards."""
    from api.cli.keys import rotate_key

    rotate_key(purpose)


@user_app.command("add")
def user_add(
    login: str,
    name: Annotated[str, typer.Option("--name", help="Name as it shall be printed.")],
    role: Annotated[str, typer.Option("--role", help="secretary, judge, party or admin.")],
) -> None:
    """Adds an account; the password is asked for (or read from standard input)."""
    from api.cli.users import add_user

    add_user(login, name, role)


def main() -> None:
    """Entry point of `courtrec`: turns every deliberate error into one sentence and an exit code."""
    one_line_logs()
    try:
        app()
    except InputError as error:
        _tell(error, exit_codes.UNUSABLE_INPUT)
    except CourtError as error:
        _tell(error, exit_codes.FAULT_FOUND)
    except KeyboardInterrupt:
        sys.exit(exit_codes.INTERRUPTED)


def _tell(error: CourtError, code: int) -> None:
    plain_console(stderr=True).print(f"courtrec: {one_line(str(error))}")
    sys.exit(code)
