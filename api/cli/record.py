"""`courtrec record`: one hearing from its first to its last sample, then its transcript and draft protocol."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from rich.progress import Progress

from api.cli.capture import capturing, wait_until_delivered
from api.cli.consoles import plain_console
from api.cli.models import fetch_models
from api.cli.progress import bars
from api.composition import load_all_settings, make_context
from api.context import Context
from api.errors import ServerError
from api.serving import serving
from api.settings import Settings
from court.card import HearingCard
from court.case_number import CaseNumber
from court.clock import Clock
from court.errors import InputError
from court.hearing import HearingState
from court.room import Room, SourceKind, parse_room
from court.timeline import clock_text
from hardware.clock import SystemClock
from hardware.devices import AUDIO_RATE
from hardware.inputs import open_input
from recorder.agent import Agent
from recorder.assembly import close_all, open_sources
from recorder.plan import Command
from recorder.rooms import load_room, room_from_files
from recorder.script import Action, Script, load_script
from recorder.settings import NodeSettings, Pace, load_node_settings
from recorder.spool import HearingRow, Spool
from storage.db.models import Protocol

DRAFT_SECONDS = 120
_LOOK_EVERY = 0.2
_LONGEST = 1e6  # seconds, as in a script
_GRID = 8  # samples: what ends on this grid ends at a whole tick of the cameras, too
_SELF_ENDING = (SourceKind.FILE, SourceKind.SIMULATED)


@dataclass(frozen=True, slots=True)
class Order:
    """What to record; `script` plays the secretary."""

    room: Room
    card: HearingCard
    script: Script | None

    @property
    def ends_itself(self) -> bool:
        return self.script is not None or all(one.source in _SELF_ENDING for one in self.room.inputs)

    @property
    def length(self) -> float | None:
        """Seconds the hearing will last, where that is known beforehand."""
        return self.script.actions[-1].at / AUDIO_RATE if self.script else None


def run_record(case: str, room_file: Path | None, sources: list[str], seconds: float | None, resume: bool) -> None:
    """Raises InputError, before anything is written, if there is nothing usable to record."""
    settings = on_any_port(load_all_settings())
    load_node_settings()
    order = None if resume else make_order(case, room_file, sources, seconds)
    context = make_context(settings)
    if order is not None and is_interrupted(context):
        raise InputError("A hearing was interrupted and is not finished: go on with it by courtrec record --resume")
    fetch_models()
    with serving(context) as address, bars() as progress:
        hearing = record(context, order, SystemClock(), address, progress)
        wait_for_protocol(context, hearing, progress)
    plain_console().print(f"Recorded. Hearing {hearing}; see it with: courtrec serve")


def on_any_port(settings: Settings) -> Settings:
    """For a server that only delivers to itself; links still lead to the usual address."""
    return settings.model_copy(update={"port": 0, "public_url": settings.site})


def make_order(case: str, room_file: Path | None, sources: list[str], seconds: float | None) -> Order:
    """What the command line asks for; raises InputError naming what is missing or cannot be used."""
    if (room_file is None) == (not sources):
        raise InputError("Say what to record: either --room FILE or --from FILE…")
    if seconds is not None and not 0 < seconds < _LONGEST:
        raise InputError(f"--for {seconds:g} is no length: give seconds, more than 0 and fewer than a million.")
    room = load_room(room_file) if room_file is not None else room_from_files(sources)
    check_sources(room)
    script = load_script(Path(room.hearing)) if room.hearing else None
    if script is not None and not case:
        return Order(room, script.card, script)
    number = CaseNumber.parse(case)
    if script is not None:
        return Order(room, replace(script.card, case_number=number), script)
    card = HearingCard(number)
    return Order(room, card, None if seconds is None else stop_after(card, seconds))


def check_sources(room: Room) -> None:
    """Says what cannot be opened or holds nothing before anything is written; raises InputError."""
    sources = open_sources(room, open_input)
    try:
        for source in sources.values():
            if not (source.live or source.endless) and next(iter(source.items()), None) is None:
                raise InputError(f"The recording {source.description} holds nothing to record: choose another one.")
    finally:
        close_all(sources)


def stop_after(card: HearingCard, seconds: float) -> Script:
    """The script of a secretary who does nothing but stop."""
    end = max(1, round(seconds * AUDIO_RATE / _GRID)) * _GRID
    return Script(card, (Action(0, Command.START), Action(end, Command.STOP)))


def record(
    context: Context,
    order: Order | None,
    clock: Clock,
    address: str,
    progress: Progress,
    played: Callable[[float], None] = lambda seconds: None,
) -> str:
    """Records to the end and delivers everything; returns the hearing's id. No order: the interrupted hearing goes on.

    Without a script, a room that has no end of its own is stopped by Ctrl-C. `played` is told the seconds recorded.
    """
    room = order.room if order else interrupted_room(context)
    with capturing(context, room, Pace.FAST, clock, address) as (agent, uplink):
        bar = progress.add_task("Recording", total=order.length if order else None, what="")

        def tell(seconds: float) -> None:
            played(seconds)
            progress.update(bar, completed=seconds, what=clock_text(seconds))

        if order is None:
            hearing = agent.recover_to_end(tell)
        elif order.ends_itself:
            hearing = agent.run_to_end(order.card, order.script, tell)
        else:
            hearing = _record_until_interrupted(agent, order.card, tell)
        if hearing is None:
            raise InputError("No hearing was interrupted: there is nothing to resume.")
        progress.update(bar, total=agent.status().seconds, completed=agent.status().seconds)
        bar = progress.add_task("Delivering", total=None, what="")
        for left in wait_until_delivered(agent, uplink):
            progress.update(bar, what=f"{left} unsent")
        progress.update(bar, total=1, completed=1, what="")
    return hearing


def is_interrupted(context: Context) -> bool:
    """Whether a crash left a hearing unfinished."""
    return _unfinished(context) is not None


def interrupted_room(context: Context) -> Room:
    """The room of the hearing that a crash left unfinished; raises InputError if there is none."""
    row = _unfinished(context)
    if row is None:
        raise InputError("No hearing was interrupted: there is nothing to resume.")
    return parse_room(row.room, f"kept with hearing {row.id}")


def _unfinished(context: Context) -> HearingRow | None:
    with closing(Spool(NodeSettings(home=context.settings.home).spool_folder)) as spool:
        return spool.unfinished()


def wait_for_protocol(context: Context, hearing: str, progress: Progress) -> Protocol:
    """Until the draft and its PDF are there; raises ServerError if they do not come although everything is
    transcribed."""
    bar = progress.add_task("Transcribing", total=None, what="")
    drafting = progress.add_task("Drafting the protocol", total=None, what="")
    finished = None
    while True:
        with context.database.read() as work:
            windows = work.windows.of(hearing)
            protocol, unmade = work.protocols.latest(hearing), work.papers.given_up(hearing)
        done = sum(one.state in ("done", "failed") for one in windows)
        progress.update(bar, total=len(windows) or 1, completed=done, what=f"{done} of {len(windows)} windows")
        if unmade:
            raise ServerError(f"The protocol of hearing {hearing} was not drafted: {unmade[0][0].error}")
        if protocol is not None and protocol.sha256 is not None:
            progress.update(drafting, total=1, completed=1, what=f"revision {protocol.revision}")
            return protocol
        if done == len(windows):
            finished = finished or time.monotonic()
            if time.monotonic() - finished > DRAFT_SECONDS:
                raise ServerError(f"The protocol of hearing {hearing} was not drafted: see the messages above.")
        time.sleep(_LOOK_EVERY)


def _record_until_interrupted(agent: Agent, card: HearingCard, tell: Callable[[float], None]) -> str:
    hearing = agent.start(card)
    try:
        while agent.status().state is not HearingState.ENDED:
            agent.wait(timeout=_LOOK_EVERY)
            tell(agent.status().seconds)
    except KeyboardInterrupt:
        agent.stop()
    return hearing
