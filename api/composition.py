"""The composition root: settings become a running server, queue and worker. Nothing else wires things together."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

from celery import Celery

from api.context import Context
from api.copying import register as register_copying
from api.errors import SettingsError
from api.home import Home, load_keys, make_store, open_database
from api.node_client import NodeClient
from api.proofs import protocol_proof
from api.scrubbing import scrub_context
from api.secrets import NO_SECRETS, Secrets, load_secrets
from api.settings import Settings, load_settings
from api.stamps import load_authority
from hardware.clock import SystemClock
from protocol.context import ProtocolContext
from protocol.context import make_context as make_protocol_context
from protocol.cues import load_cues
from protocol.settings import load_protocol_settings
from protocol.tasks import register as register_protocol
from protocol.terms import load_terms
from storage import durable
from storage.backup.restore import interrupted
from storage.canary import CanaryContext, try_store
from storage.canary import register as register_canary
from storage.db.copied import copied_database
from storage.enrolment import node_token
from storage.ledger.rotation import LOG, SERVER
from storage.queue import make_queue
from storage.retention_classes import load_classes
from storage.scrub import register as register_scrub
from storage.stamping import StampContext
from storage.stamping import register as register_stamping
from storage.worm.canary import proof_of
from storage.worm.local import LocalStore
from transcribe.claims import Drain
from transcribe.context import TranscribeContext
from transcribe.diarise.embedding import Embedders
from transcribe.engines.select import Engines
from transcribe.settings import load_transcribe_settings
from transcribe.tasks import register as register_transcribe
from transcribe.voices import settle


def load_all_settings() -> Settings:
    """The server's settings, once those of the worker are usable as well: nothing is begun that would then fail."""
    settings = load_settings()
    load_transcribe_settings()
    protocol = load_protocol_settings()
    load_terms(protocol.profile, protocol.terms)
    load_cues(protocol.cues)
    load_classes(settings.retention_classes)
    return settings


def make_context(settings: Settings, *, destroying: bool = False) -> Context:
    """Opens (or makes) everything under the home and brings the database to the newest schema.

    Raises SettingsError where the home or the database cannot be used, or where the store shall be `destroying` and
    the keys for it are missing; StoreNotWriteOnce for a store that does not keep what it promises.
    """
    home, authority = Home(settings.home), load_authority(settings)
    try:
        durable.make_folder(home.path)
    except OSError as error:
        raise SettingsError(
            f"The folder {home.path} cannot be used ({error.strerror}): set COURTREC_HOME to one that may be written."
        ) from None
    if not settings.database_url and not os.access(home.path, os.W_OK):
        raise SettingsError(
            f"The folder {home.path} is read only for this account: of all commands only `courtrec verify` works there."
        )
    if interrupted(home.path):
        raise SettingsError(
            f"Restoring a backup into {home.path} has not ended: give the same `courtrec backup restore` again."
        )
    for folder in (home.keys, home.out):
        durable.sweep(folder)
    database = open_database(settings.database_address)
    secrets = load_secrets(home.keys)
    store = make_store(settings, destroying=destroying)
    if isinstance(store, LocalStore):
        store.sweep()
    context = Context(
        settings=settings,
        database=database,
        store=store,
        server_keys=load_keys(settings, SERVER),
        log_keys=load_keys(settings, LOG),
        secrets=secrets,
        clock=SystemClock(),
        authority=authority,
        node=_node_client(secrets, settings.node_url, settings.node_key),
        spare=_node_client(secrets, settings.spare_node_url, settings.spare_node_key),
        other_nodes=tuple(_other_nodes(secrets, settings.node_urls)),
    )
    canary = canary_context(context)
    if canary is not None:
        try_store(canary)
    return context


def make_nodes(settings: Settings) -> tuple[list[NodeClient], str]:
    """For the worker for live text: the room's nodes, the first one first, and what it shows the server."""
    secrets = load_secrets(Home(settings.home).keys)
    named = ((settings.node_url, settings.node_key), (settings.spare_node_url, settings.spare_node_key))
    found = (_node_client(secrets, url, key) for url, key in named)
    return [one for one in found if one is not None], secrets.live_token


def _other_nodes(secrets: Secrets, named: Iterable[str]) -> Iterator[NodeClient]:
    for address, _, key_id in (one.partition("#") for one in named):
        client = _node_client(secrets, address, key_id)
        if client is not None:
            yield client


def _node_client(secrets: Secrets, url: str, key_id: str) -> NodeClient | None:
    """To the node at `url`, if there is one: it is shown its own token, one that was never enrolled the server's."""
    if not url:
        return None
    return NodeClient(url, node_token(secrets.node_token, key_id) if key_id else secrets.node_token)


def existing_context(settings: Settings, keys: bool = False) -> Context:
    """As `make_context`, for what only looks at a court: raises SettingsError where there is none, and makes nothing.

    With `keys` also where the log's key is missing: another one made in its place would hide that it is lost.
    """
    _require_court(settings, keys)
    return make_context(settings)


@contextmanager
def verifying(settings: Settings) -> Iterator[tuple[Context, str]]:
    """A court's context to verify it with, and a note on how it is read, '' where there is nothing to tell.

    A home that may not be written, such as a disk mounted read-only, is left as it is: the database is read from a
    copy, and the store is not tried. Raises as `existing_context`, StorageError where the database cannot be copied.
    """
    _require_court(settings, keys=True)
    home, database = settings.home, settings.home / "courtrec.db"
    if all(os.access(path, os.W_OK) for path in (home, database) if path.exists()):
        yield existing_context(settings, keys=True), ""
        return
    note = f"The home {home} is read only, and nothing was written there."
    with ExitStack() as opened:
        address = settings.database_url
        if not address:
            copy = opened.enter_context(copied_database(database))
            address = f"sqlite:///{copy.path}"
            note += f" A copy of its database was read{', with' if copy.log else ''}"
            note += f" the {copy.log} bytes of changes that a crash left beside it." if copy.log else "."
        context = Context(
            settings=settings,
            database=open_database(address),
            store=make_store(settings),
            server_keys=load_keys(settings, SERVER, make=False),
            log_keys=load_keys(settings, LOG, make=False),
            secrets=NO_SECRETS,
            clock=SystemClock(),
            authority=load_authority(settings),
        )
        opened.callback(context.database.dispose)
        yield context, note


def _require_court(settings: Settings, keys: bool) -> None:
    home = Home(settings.home)
    try:
        if not settings.database_url and not (home.path / "courtrec.db").exists():
            raise SettingsError(f"There is no court in {home.path}: set COURTREC_HOME, or restore a backup into it.")
        if keys and not home.own_key(LOG).exists():
            raise SettingsError(f"The log's key {home.own_key(LOG)} is missing: restore it from the backup.")
    except PermissionError as error:
        raise SettingsError(
            f"{error.filename} cannot be looked for by this account: use one that may read {home.path} and its keys."
        ) from None


def models_folder(settings: Settings) -> Path:
    """Where models are kept, or would be."""
    return load_transcribe_settings().models_dir or Home(settings.home).models


def make_worker_queue(context: Context, drain: Drain) -> Celery:
    """The queue with all tasks registered, for whoever runs a worker; `drain` tells its task that the worker ends."""
    settings, home = context.settings, Home(context.settings.home)
    transcription = load_transcribe_settings()
    queue = make_queue(settings.broker_url)
    engines = Engines(transcription, home.models)
    register_transcribe(
        queue,
        TranscribeContext(
            database=context.database,
            store=context.store,
            key=context.server_key,
            clock=context.clock,
            engine_for=engines,
            tongues_for=engines.tongues,
            embedder=Embedders(transcription.voice_model, transcription.models_dir or home.models),
            glossary=transcription.glossary,
            drain=drain,
        ),
    )
    register_protocol(queue, protocol_context(context))
    register_copying(queue, context)
    register_scrub(queue, scrub_context(context))
    register_stamping(queue, stamp_context(context))
    canary = canary_context(context)
    if canary is not None:
        register_canary(queue, canary)
    return queue


def canary_context(context: Context) -> CanaryContext | None:
    """What trying the store works with; None where the store promises nothing that could be tried."""
    proof = proof_of(context.store)
    return None if proof is None else CanaryContext(context.database, context.clock, proof)


def stamp_context(context: Context) -> StampContext:
    """What time-stamping works with, on the same database and log."""
    return StampContext(context.database, context.settings.log_origin, context.log_keys.public, context.authority)


def protocol_context(context: Context) -> ProtocolContext:
    """What drafting and signing work with, on the same database, store and key."""
    settings = context.settings
    return make_protocol_context(
        load_protocol_settings(),
        database=context.database,
        store=context.store,
        key=context.server_key,
        former_keys=context.server_keys.public[1:],
        clock=context.clock,
        home=settings.home,
        site=settings.site,
        keep=timedelta(days=366 * settings.retention_years),
        timestamp_url=settings.timestamp_url,
        timestamp_login=context.authority.login if context.authority else None,
        timestamp_roots=settings.timestamp_roots,
        settle_voices=partial(settle, context.database),
        proof=partial(protocol_proof, context),
    )
