"""Which keys sign for this court: the file that COURTREC_PROTOCOL_SIGNERS names, one [[signer]] for each."""

from collections.abc import Sequence
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from court.toml import parse_toml
from protocol.errors import ProtocolSettingsError, SealError
from protocol.signers.names import same_person
from protocol.signers.port import SignerRole


class _Signer(BaseModel):
    """`person` is who alone may sign with it, as the account is called; empty: whoever has the role."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: SignerRole
    person: str = ""


class FileSigner(_Signer):
    """A key in a PKCS#12 file."""

    kind: Literal["pkcs12"] = "pkcs12"
    file: Path
    passphrase_file: Path


class TokenSigner(_Signer):
    """A key in a token or an HSM; `module` is its maker's PKCS#11 library, `token` and `key` are labels on it.

    Certificate and key bear the same label. Without `pin_file` the PIN is asked for where somebody can answer.
    """

    kind: Literal["pkcs11"]
    module: Path
    token: str
    key: str
    pin_file: Path | None = None


class CloudSigner(_Signer):
    """A key that a service keeps, reached by the API of the Cloud Signature Consortium, version 2.

    `url` is all before `/credentials/info`, `access_token_file` holds the bearer token, `pin_file` what the service
    wants before it signs, if it wants anything.
    """

    kind: Literal["csc"]
    url: Annotated[str, Field(pattern=r"^https?://")]
    credential: str
    access_token_file: Path
    pin_file: Path | None = None


SignerSettings = Annotated[FileSigner | TokenSigner | CloudSigner, Field(discriminator="kind")]
_SIGNERS: TypeAdapter[tuple[FileSigner | TokenSigner | CloudSigner, ...]] = TypeAdapter(tuple[SignerSettings, ...])


def load_signers(path: Path) -> tuple[FileSigner | TokenSigner | CloudSigner, ...]:
    """Raises ProtocolSettingsError, one sentence naming the file and the entry to correct."""
    try:
        document = parse_toml(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, TOMLDecodeError) as error:
        raise ProtocolSettingsError(f"The signers' file {path} cannot be read ({error}): correct it.") from None
    if unknown := set(document) - {"signer"}:
        raise ProtocolSettingsError(f"The signers' file {path} has {min(unknown)!r}: use [[signer]] only.")
    try:
        return _SIGNERS.validate_python(document.get("signer", []))
    except ValidationError as error:
        first = error.errors()[0]
        number, *where = first["loc"] or (0,)
        entry = f"signer {int(number) + 1}" + "".join(f", {one}" for one in where)
        raise ProtocolSettingsError(f"The signers' file {path} cannot be used ({entry}: {first['msg']}).") from None


def choose_signer(
    signers: Sequence[FileSigner | TokenSigner | CloudSigner], role: SignerRole, person: str
) -> FileSigner | TokenSigner | CloudSigner:
    """The key by which `person` signs as `role`: their own, else the one of the role; raises SealError."""
    fitting = [one for one in signers if one.role is role]
    own = [one for one in fitting if one.person and same_person(one.person, person)]
    for one in (*own, *(each for each in fitting if not each.person)):
        return one
    raise SealError(
        f"No key is set here by which {person} could sign as {role.value}: sign at the computer with your token, or "
        "have the key set in COURTREC_PROTOCOL_SIGNERS."
    )
