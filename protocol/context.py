"""What the protocol's tasks and services work with; made once by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from court.card import Procedure
from court.clock import Clock
from protocol.demo_key import SignerFiles, demo_files
from protocol.errors import ProtocolSettingsError
from protocol.form import PROFILES
from protocol.settings import ProtocolSettings
from protocol.signers import FileSigner, SignerRole, SignerSettings, load_signers
from protocol.signers.port import Level
from storage.db.unit_of_work import Database
from storage.keys import SigningKey
from storage.worm.port import WormStore

DEMO_SIGNER, DEMO_JUDGE = "demo-secretary.p12", "demo-judge.p12"


def _nothing(hearing_id: str) -> None:
    """Where nobody's voice was told apart."""


@dataclass(frozen=True, slots=True)
class ProtocolContext:
    """`key` signs the server's ledger entries, `former_keys` (raw) are those that did before it.

    `out` is the folder that gets a copy of each signed protocol.

    `base_url` is where links lead, `keep` how long a PDF may not be destroyed, `forms` the court's own forms, `profile`
    the country whose rules they follow, `procedure` the kind of hearings whose card names none.

    `signers` are the keys that sign, `signer` the demo's files and the certificates that are trusted. Signatures have
    the PAdES `level`; time-stamps are had from `timestamp_url` (RFC 3161), and `timestamp_login` is what that wants.
    `check_names`: a certificate must bear the name of whoever signs.

    `settle_voices` is called with a hearing before it is drafted: who of those that share a microphone is whom is told
    best from all of them together.
    """

    database: Database
    store: WormStore
    key: SigningKey
    clock: Clock
    out: Path
    base_url: str
    keep: timedelta
    zone: tzinfo
    signer: SignerFiles
    forms: Path | None = None
    profile: str = PROFILES[0]
    procedure: Procedure = Procedure.CIVIL
    timestamp_url: str = ""
    timestamp_login: tuple[str, str] | None = field(default=None, repr=False)
    former_keys: tuple[bytes, ...] = ()
    signers: tuple[SignerSettings, ...] = ()
    level: Level = Level.BASIC
    check_names: bool = True
    settle_voices: Callable[[str], None] = _nothing

    def local_now(self) -> datetime:
        return self.clock.now().utc.astimezone(self.zone)


def signer_files(settings: ProtocolSettings, keys: Path, timestamp_roots: Path | None = None) -> SignerFiles:
    """The demo secretary's files in the folder `keys`, with the certificates that are trusted as set."""
    demo = demo_files(keys / DEMO_SIGNER)
    return SignerFiles(demo.pkcs12, demo.passphrase, settings.trust_roots or demo.trust_roots, timestamp_roots)


def demo_signers(files: SignerFiles) -> tuple[SignerSettings, ...]:
    """The demo's keys: the secretary's in `files`, the judge's beside it."""
    judge = demo_files(files.pkcs12.with_name(DEMO_JUDGE))
    return (
        FileSigner(role=SignerRole.SECRETARY, file=files.pkcs12, passphrase_file=files.passphrase),
        FileSigner(role=SignerRole.JUDGE, file=judge.pkcs12, passphrase_file=judge.passphrase),
    )


def _level(settings: ProtocolSettings, timestamp_url: str) -> Level:
    usual = Level.TIMESTAMPED if timestamp_url else Level.BASIC
    level = settings.level or usual
    if level is not Level.BASIC and not timestamp_url:
        raise ProtocolSettingsError(
            f"COURTREC_PROTOCOL_LEVEL: the level {level} needs a time-stamp authority: set COURTREC_TIMESTAMP_URL."
        )
    return level


def make_context(
    settings: ProtocolSettings,
    *,
    database: Database,
    store: WormStore,
    key: SigningKey,
    clock: Clock,
    home: Path,
    site: str,
    keep: timedelta,
    timestamp_url: str = "",
    timestamp_login: tuple[str, str] | None = None,
    timestamp_roots: Path | None = None,
    former_keys: tuple[bytes, ...] = (),
    settle_voices: Callable[[str], None] = _nothing,
) -> ProtocolContext:
    """The context for the server under `home` that people reach at `site`; raises ProtocolSettingsError."""
    files = signer_files(settings, home / "keys", timestamp_roots)
    demo = settings.signers is None and settings.trust_roots is None
    return ProtocolContext(
        database=database,
        store=store,
        key=key,
        clock=clock,
        out=home / "out",
        base_url=settings.base_url or site,
        keep=keep,
        zone=ZoneInfo(settings.zone),
        signer=files,
        signers=load_signers(settings.signers) if settings.signers else demo_signers(files) if demo else (),
        level=_level(settings, timestamp_url),
        # The demo's certificates bear the demo's names, whoever is logged in.
        check_names=settings.check_names and not demo,
        forms=settings.forms,
        profile=settings.profile,
        procedure=settings.procedure,
        timestamp_url=timestamp_url,
        timestamp_login=timestamp_login,
        former_keys=former_keys,
        settle_voices=settle_voices,
    )
