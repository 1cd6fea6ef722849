"""Settings of the protocol service, read once at its composition root."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from court.card import Procedure
from protocol.errors import ProtocolSettingsError
from protocol.form import PROFILES
from protocol.signers.port import Level

_PREFIX = "COURTREC_PROTOCOL_"


class ProtocolSettings(BaseSettings):
    """Environment `COURTREC_PROTOCOL_*`.

    `base_url` is where the links and QR codes of a protocol lead (empty: the server's own address); `zone` the time
    zone its clock times are printed in; `forms` a folder whose files (`civil_brief.toml`, …) overrule entries of the
    packaged forms (docs/forms.md), `terms` a file that overrules entries of the packaged terms (protocol/terms.toml).
    `profile` is the country whose rules they follow, `procedure` the kind of hearings whose card names none.

    `signers` is the file that says with which keys this court signs (docs/operations.md, *Signing*), `trust_roots` the
    certificates (PEM) signatures must lead to; where neither is set, the demo signers' are used. `level` is the
    PAdES level that signatures must have, B-B, B-T or B-LT; without it they are time-stamped where the server knows
    an authority (COURTREC_TIMESTAMP_URL). `check_names`: a certificate must bear the name of the account that signs.
    """

    model_config = SettingsConfigDict(env_prefix=_PREFIX)

    base_url: str = ""
    zone: str = "Asia/Bishkek"
    forms: Path | None = None
    terms: Path | None = None
    profile: str = PROFILES[0]
    procedure: Procedure = Procedure.CIVIL
    signers: Path | None = None
    trust_roots: Path | None = None
    level: Level | None = None
    check_names: bool = True

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError(f"the address {value!r} must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("profile")
    @classmethod
    def _profile(cls, value: str) -> str:
        if value not in PROFILES:
            raise ValueError(f"the profile {value!r} is unknown: use one of {', '.join(PROFILES)}")
        return value

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"the time zone {value!r} is unknown: give a name like Asia/Bishkek") from None
        return value


def load_protocol_settings() -> ProtocolSettings:
    """Settings from the environment; raises ProtocolSettingsError, one sentence naming what to correct."""
    try:
        return ProtocolSettings()
    except ValidationError as error:
        complaints = "; ".join(
            f"{_PREFIX}{str(one['loc'][0]).upper()}: {one['msg'].removeprefix('Value error, ')}"
            for one in error.errors()
        )
        raise ProtocolSettingsError(f"The settings cannot be used: {complaints}.") from None
