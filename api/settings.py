"""All settings of the server, in one place. Each is an environment variable with the prefix `COURTREC_`."""

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from api.access import Place
from api.errors import SettingsError
from court.card import LANGUAGES
from storage.backup.archive import recipients
from storage.errors import BackupError, LedgerError
from storage.ledger.witness import Witness, parse_witness
from storage.retention import MAX_YEARS
from storage.worm.sealing import Sealing

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


_KEY_ID = re.compile(r"[0-9a-f]{16}")


class Settings(BaseSettings):
    """Read once, by the program's entry point. The defaults run everything embedded in one process.

    Passwords and tokens are not settings: they are files under `home`/keys, made by `api.secrets`.
    """

    model_config = SettingsConfigDict(env_prefix="COURTREC_", frozen=True, extra="ignore")

    home: Path = Field(Path("var"), description="Folder of all state: objects, database, keys, protocols, models.")
    database_url: str = Field("", description="SQLAlchemy address; empty: SQLite at home/courtrec.db.")
    broker_url: str = Field("memory://", description="Celery broker; memory:// runs the worker in this process.")

    host: str = Field("127.0.0.1", description="Address the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port the server listens on; 0 picks a free one.")
    public_url: str = Field("", description="Address printed in protocols and QR codes; empty: http://host:port.")
    language: str = Field("ru", description="Language of pages until a person chooses another.")
    on_site_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")),
        description="Networks inside the court, comma-separated: closed content is shown there only. Behind a "
        "reverse proxy it must send X-Forwarded-For, and uvicorn's FORWARDED_ALLOW_IPS must name it.",
    )

    store: Literal["local", "s3"] = Field("local", description="Where objects go: home/objects or an S3 bucket.")
    store_sealing: Sealing = Field(
        Sealing.OFF,
        description="Immutable flag and fs-verity on files of the local store: off, auto (where possible) or require.",
    )
    s3_endpoint: str = Field("", description="host:port of the S3 server; its keys are files, see api.secrets.")
    s3_bucket: str = Field("courtrec", description="Bucket with object lock.")
    s3_secure: bool = Field(True, description="Speak TLS to the S3 server.")
    replica_folder: Path | None = Field(
        None, description="Copy of home/objects on another disk, read for repairs (courtrec fsck --repair)."
    )
    replica_s3_endpoint: str = Field(
        "", description="host:port of a second S3 server, read for repairs; its keys are files, see api.secrets."
    )
    replica_s3_bucket: str = Field("courtrec", description="Bucket of the second S3 server.")
    replica_s3_secure: bool = Field(True, description="Speak TLS to the second S3 server.")
    scrub_rate: float = Field(16, gt=0, le=1 << 20, description="Stored bytes read back for checking, in MiB/s.")
    scrub_days: int = Field(30, ge=1, le=36_500, description="Every stored object is read back once in so many days.")
    retention_years: int = Field(
        10,
        ge=1,
        le=MAX_YEARS,
        description="Least time objects are kept. Pending legal confirmation of the national term.",
    )
    retention_classes: Path | None = Field(
        None, description="The court's own retention terms (TOML), over those in storage/retention_classes.toml."
    )

    copy_days: int = Field(
        60,
        ge=1,
        le=36_500,
        description="Files of copies are cleared away so many days after they were made and last fetched.",
    )

    node_url: str = Field("", description="Control address of the recording node; empty: no node is attached.")
    node_key: str = Field(
        "",
        pattern=r"^([0-9a-f]{16})?$",
        description="Key id of that node, as `courtrec node list` shows it; empty: it is this machine's own.",
    )
    spare_node_url: str = Field(
        "", description="Control address of a second node that records the same room beside it; empty: there is none."
    )
    spare_node_key: str = Field(
        "",
        pattern=r"^([0-9a-f]{16})?$",
        description="Key id of the second node, as `courtrec node list` shows it.",
    )
    node_urls: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="The court's other nodes for the situation centre, comma-separated: ADDRESS#KEY each, with the "
        "control address and the key id that `courtrec node list` shows.",
    )
    live_server_url: str = Field(
        "", description="Where `courtrec live` reports what it recognises; empty: http://host:port."
    )
    object_limit: int = Field(1 << 30, ge=1 << 20, description="Largest object a node may deliver, in bytes.")

    session_hours: int = Field(10, ge=1, le=72, description="A log-in ends after so many hours.")
    login_attempts: int = Field(5, ge=1, description="Failed log-ins per login and address before a pause.")
    login_pause_minutes: int = Field(5, ge=1, description="How long that pause is.")
    log_origin: str = Field(
        "courtrec",
        min_length=1,
        pattern=r"^[^\s+]+$",
        description="Name of this evidence log in its checkpoints.",
    )
    key_overlap_days: int = Field(
        30, ge=0, description="How long checkpoints bear the signature of a replaced log key beside the new one's."
    )
    timestamp_url: str = Field(
        "",
        max_length=300,
        description="RFC 3161 authority that stamps the log and the protocols' signatures; empty: none does.",
    )
    timestamp_roots: Path | None = Field(
        None, description="Certificates (PEM) a time-stamp must lead to; also for tokens of an authority no longer set."
    )
    witnesses: Annotated[tuple[Witness, ...], NoDecode] = Field(
        (), description="Verifier keys (name+hash+key) of the log's trusted witnesses, comma-separated."
    )
    backup_recipients: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Public age keys (age1…) that can read backups, comma-separated: see courtrec backup key."
    )
    journal_minutes: int = Field(
        15,
        ge=1,
        description="Seeing or playing the same again within this time is one entry of the journal.",
    )

    @field_validator("on_site_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("witnesses", mode="before")
    @classmethod
    def _witnesses(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(parse_witness(part.strip()) for part in value.split(",") if part.strip())
        except LedgerError as error:
            raise ValueError(str(error).rstrip(".")) from None

    @field_validator("backup_recipients", mode="before")
    @classmethod
    def _recipients(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        keys = tuple(part.strip() for part in value.split(",") if part.strip())
        try:
            recipients(keys)
        except BackupError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return keys

    @field_validator("language")
    @classmethod
    def _language(cls, value: str) -> str:
        if value not in LANGUAGES:
            raise ValueError(f"use one of {', '.join(LANGUAGES)}")
        return value

    @field_validator("node_urls", mode="before")
    @classmethod
    def _urls(cls, value: object) -> object:
        found = [one.strip() for one in value.split(",")] if isinstance(value, str) else value
        return tuple(cls._node(one) for one in found if one) if isinstance(found, list | tuple) else value

    @classmethod
    def _node(cls, value: str) -> str:
        address, sign, key = value.partition("#")
        if sign and not _KEY_ID.fullmatch(key):
            raise ValueError(f"{key!a} is no key id: give the 16 digits that courtrec node list shows, or none")
        return f"{cls._url(address)}{sign}{key}"

    @field_validator("public_url", "node_url", "spare_node_url", "timestamp_url", "live_server_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        if self.store == "s3" and not self.s3_endpoint:
            raise ValueError("COURTREC_STORE=s3 needs COURTREC_S3_ENDPOINT")
        if self.replica_folder is not None and self.replica_s3_endpoint:
            raise ValueError("give one second store: COURTREC_REPLICA_FOLDER or COURTREC_REPLICA_S3_ENDPOINT")
        if self.spare_node_url and not self.node_url:
            raise ValueError("COURTREC_SPARE_NODE_URL needs the first node in COURTREC_NODE_URL")
        if self.timestamp_url and self.timestamp_roots is None:
            raise ValueError("COURTREC_TIMESTAMP_URL needs the authority's certificates in COURTREC_TIMESTAMP_ROOTS")
        return self

    @property
    def scrub_after(self) -> timedelta:
        return timedelta(days=self.scrub_days)

    @property
    def copies_kept(self) -> timedelta:
        return timedelta(days=self.copy_days)

    @property
    def database_address(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'courtrec.db').absolute()}"

    @property
    def site(self) -> str:
        """The address people reach the server under, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def https(self) -> bool:
        return self.site.startswith("https://")

    def place_of(self, address: str) -> Place:
        """Whether a client at this network address sits inside the court; anything unreadable does not."""
        try:
            client = ipaddress.ip_address(address)
        except ValueError:
            return Place.ELSEWHERE
        if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
            client = client.ipv4_mapped
        inside = any(client in network for network in self.on_site_networks)
        return Place.ON_SITE if inside else Place.ELSEWHERE


def load_settings(**overrides: Any) -> Settings:
    """Settings from the environment; raises SettingsError, one sentence naming each variable to correct."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        complaints = "; ".join(
            f"COURTREC_{'_'.join(str(part) for part in one['loc'][:1]).upper()}: {one['msg']}"
            if one["loc"]
            else one["msg"]
            for one in error.errors()
        )
        raise SettingsError(f"The settings cannot be used: {complaints}.") from None
