"""`courtrec demo`: the whole chain on the sample hearing, from microphones to a signed protocol, and the pages."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

from rich.progress import Progress

from api.child_live import child_live
from api.child_node import child_node, free_port
from api.cli.consoles import plain_console
from api.cli.evidence import all_is_well, find_faults
from api.cli.models import fetch_live_models, fetch_models
from api.cli.progress import bars
from api.cli.record import is_interrupted, make_order, on_any_port, record, wait_for_protocol
from api.cli.serve import wait_for_end
from api.cli.users import create_user
from api.composition import load_all_settings, make_context, protocol_context
from api.context import Context
from api.errors import ServerError
from api.home import Home
from api.serving import serving
from court.people import UserRole
from hardware.clock import PlayedClock
from protocol.context import DEMO_JUDGE, DEMO_SIGNER
from protocol.demo_key import make_demo_pkcs12
from protocol.signers import SignerRole
from protocol.tasks import sign_protocol
from recorder.settings import load_node_settings
from storage.db.models import Protocol

ROOM = Path(__file__).parents[2] / "rooms" / "demo.toml"
# For trying out only: these accounts exist in no home but the demo's, which listens on loopback.
ACCOUNTS = {
    "secretary": (UserRole.SECRETARY, "Иманова А. К."),
    "judge": (UserRole.JUDGE, "Асанов Б. Т."),
    "party": (UserRole.PARTY, "Садыкова А. М."),
    "admin": (UserRole.ADMIN, "Администратор суда"),
}


def password_of(login: str) -> str:
    return f"demo-{login}"


def run_demo(once: bool) -> None:
    """Records, transcribes, drafts, signs, verifies; then serves until Ctrl-C unless `once`."""
    settings, node_port = load_all_settings(), free_port()
    load_node_settings()
    node = {"node_url": f"http://127.0.0.1:{node_port}"}
    settings = on_any_port(settings) if once else settings.model_copy(update=node)
    context = make_context(settings)
    fetch_models()
    prepare(context)
    with ExitStack() as running:
        address = running.enter_context(serving(context))
        with bars() as progress:
            hearing = record_sample(context, address, progress)
            wait_for_protocol(context, hearing, progress)
            signed = sign(context, hearing, progress)
        faults = find_faults(context, None)
        report(context, hearing, signed, faults, "" if once else address)
        if faults:
            raise ServerError("The verification found faults; they are listed above.")
        if not once:
            running.enter_context(child_node(settings.home, ROOM, address, node_port))
            fetch_live_models()
            running.enter_context(child_live(address, settings.node_url))
            wait_for_end()


def prepare(context: Context) -> None:
    """The demo's accounts and its signers' certificates, made once."""
    for login, (role, name) in ACCOUNTS.items():
        create_user(context, login, name, role, password_of(login))
    keys = Home(context.settings.home).keys
    secretary = make_demo_pkcs12(keys / DEMO_SIGNER, ACCOUNTS["secretary"][1], context.clock)
    make_demo_pkcs12(keys / DEMO_JUDGE, ACCOUNTS["judge"][1], context.clock, beside=secretary)


def record_sample(context: Context, address: str, progress: Progress) -> str:
    """Records the sample hearing; one that was interrupted before goes on instead. Returns the hearing's id."""
    if is_interrupted(context):
        return record(context, None, context.clock, address, progress)
    order = make_order("", ROOM, [], None)
    # The simulated room plays faster than time passes; its clock shows the hearing as ending now.
    clock = PlayedClock(context.clock.now().utc - timedelta(seconds=order.length or 0))
    return record(context, order, clock, address, progress, clock.play_to)


def sign(context: Context, hearing: str, progress: Progress) -> Protocol:
    """Signs as the demo's secretary, then as its judge, and lets the demo's party see the hearing."""
    bar = progress.add_task("Signing", total=None, what="")
    protocols = protocol_context(context)
    sign_protocol(protocols, hearing, ACCOUNTS["secretary"][1])
    signed = sign_protocol(protocols, hearing, ACCOUNTS["judge"][1], SignerRole.JUDGE)
    progress.update(bar, total=1, completed=1, what=signed.signer)
    with context.database.begin() as work:
        party = work.accounts.by_login("party")
        if party is not None:
            work.accounts.grant(party.id, hearing)
    return signed


def report(context: Context, hearing: str, signed: Protocol, faults: list[str], address: str) -> None:
    """What came of it, where it lies, and how to look at it."""
    rows = [
        ("Protocol", str((Home(context.settings.home).out / signed.file_name).absolute())),
        ("Hearing", hearing),
        *(("Verification", line) for line in faults or [all_is_well(context, None)]),
    ]
    if address:
        rows.append(("Web page", f"{address}/hearings/{hearing}"))
        for login, (role, name) in ACCOUNTS.items():
            rows.append((f"Log in as {role.value}", f"{login} / {password_of(login)}  ({name})"))
        rows.append(("New hearing", "the demo room plays the sample (2 min 5 s), then the hearing ends by itself"))
        rows.append(("Ctrl-C", "ends it"))
    console = plain_console()
    for title, value in rows:
        console.print(f"{title:<20}{value}")
