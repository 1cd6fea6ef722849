"""A court that signs for good: a certification authority, a time-stamp authority, a hearing with a draft."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from protocol.context import ProtocolContext
from protocol.signers import CloudSigner, FileSigner, SignerRole, SignerSettings, TokenSigner
from protocol.signers.port import Level
from storage.db.models import Protocol
from storage.ledger.leaf import LeafKind
from tests.factories.evidence import OTHER, protocols_of
from tests.factories.protocol import StoppedClock
from tests.factories.server import Server
from tests.services.authority import CertificateAuthority, Issued
from tests.services.csc import CREDENTIAL, PIN, TOKEN, SignatureService, signature_service
from tests.services.timestamps import TimestampServer
from tests.services.tokens import KEY, Token
from tests.services.tokens import PIN as TOKEN_PIN

HEARING = OTHER
"""It has a draft."""
SECRETARY, JUDGE = "Иманова Айжамал Кенешовна", "Асанов Бакыт Токтогулович"
CERTIFIED = {SignerRole.SECRETARY: "ИМАНОВА АЙЖАМАЛ", SignerRole.JUDGE: "Асанов Б. Т."}


@dataclass
class Court:
    context: ProtocolContext
    server: Server
    authority: CertificateAuthority
    folder: Path

    def gets(self, *signers: SignerSettings) -> None:
        self.context = replace(self.context, signers=(*self.context.signers, *signers))

    def file(self, role: SignerRole, issued: Issued | None = None) -> FileSigner:
        made = issued or self.authority.issue(CERTIFIED[role])
        return FileSigner(role=role, file=made.pkcs12, passphrase_file=made.passphrase)

    def on_token(self, token: Token, role: SignerRole, issued: Issued | None = None) -> TokenSigner:
        token.hold(issued or self.authority.issue(CERTIFIED[role]))
        pin = self.secret("token.pin", TOKEN_PIN)
        return TokenSigner(role=role, kind="pkcs11", module=token.module, token=token.label, key=KEY, pin_file=pin)

    def secret(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.write_text(content + "\n")
        return path

    @contextmanager
    def cloud(self, role: SignerRole, kind: str = "rsa:2048") -> Iterator[tuple[SignatureService, CloudSigner]]:
        with signature_service(self.authority.issue(CERTIFIED[role], kind=kind)) as service:
            yield (
                service,
                CloudSigner(
                    role=role,
                    kind="csc",
                    url=service.url,
                    credential=CREDENTIAL,
                    access_token_file=self.secret("access", TOKEN),
                    pin_file=self.secret("cloud.pin", PIN),
                ),
            )

    def revisions(self) -> list[Protocol]:
        with self.context.database.read() as work:
            return list(work.protocols.of(HEARING))

    def signatures(self) -> int:
        """Entries of signatures on the hearing in the log."""
        with self.context.database.read() as work:
            return sum(row.kind == LeafKind.SIGNATURE.value for row in work.log.entries(HEARING))


def signing_court(server: Server, folder: Path, authority: CertificateAuthority, timestamps: TimestampServer) -> Court:
    """Revocations are asked of the authority as of now, so the court's clock shows the real time."""
    made = protocols_of(server, folder)
    context = replace(
        made,
        clock=StoppedClock(datetime.now(UTC)),
        signer=replace(made.signer, trust_roots=authority.roots, timestamp_roots=timestamps.roots),
        signers=(),
        check_names=True,
        level=Level.LONG_TERM,
        timestamp_url=timestamps.url,
    )
    return Court(context, server, authority, folder)
