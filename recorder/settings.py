"""Settings of a capture node, from the environment (COURTREC_NODE_…), read once where the program is put together."""

import socket
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx
from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from court.errors import InputError
from hardware.ups import UpsAddress, parse_ups_address
from recorder.line import UploadLimits, parse_limits
from storage.regular import read_regular

Network = IPv4Network | IPv6Network


class Pace(StrEnum):
    """How fast recordings and simulated rooms are read. Devices have their own pace."""

    REAL_TIME = "realtime"
    FAST = "fast"


class NodeSettings(BaseSettings):
    """`home` holds the spool and the keys; `server_url` is empty on a node without a server.

    `ends_with_stdin`: whoever started the node holds its standard input open, and it ends when that closes.
    `upload_limits` say how fast segments may be sent at which time of day in `zone`, as recorder/line.py reads them.
    `keep_local_days`: how long segments stay on the node's disk at least, whatever the server has.
    `page_networks`: where the node's own page may be opened from, if a password was set; `language` is the page's.
    `planned_hours`: a hearing of that length must fit on the disk one and a half times, or none is begun;
    `sound_minutes`: with room for less sound than that, pictures are not recorded.
    `ups`: the UPS that feeds the node, as NUT names it (`ups@127.0.0.1:3493`).
    """

    model_config = SettingsConfigDict(env_prefix="COURTREC_NODE_", populate_by_name=True, arbitrary_types_allowed=True)

    home: Path = Field(
        default=Path("var"), validation_alias=AliasChoices("COURTREC_NODE_HOME", "COURTREC_HOME", "home")
    )
    name: str = Field(default_factory=socket.gethostname)
    pace: Pace = Pace.REAL_TIME
    server_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8090, ge=0, le=65535)
    ends_with_stdin: bool = False
    language: Literal["ru", "ky", "kk", "en"] = "ru"
    page_networks: Annotated[tuple[Network, ...], NoDecode] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    zone: Annotated[ZoneInfo, NoDecode] = ZoneInfo("Asia/Bishkek")
    upload_limits: Annotated[UploadLimits, NoDecode] = UploadLimits()
    keep_local_days: int = Field(default=30, ge=0, le=36_500)
    planned_hours: float = Field(default=3, ge=0, le=24)
    sound_minutes: float = Field(default=60, ge=0, le=1440)
    ups: Annotated[UpsAddress | None, NoDecode] = None

    @field_validator("server_url")
    @classmethod
    def _server(cls, value: str) -> str:
        return server_address(value) if value else value

    @field_validator("zone", mode="before")
    @classmethod
    def _zone(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"the time zone {value!r} is unknown: give a name like Asia/Bishkek") from None

    @field_validator("page_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("upload_limits", mode="before")
    @classmethod
    def _limits(cls, value: object) -> object:
        return parse_limits(value) if isinstance(value, str) else value

    @field_validator("ups", mode="before")
    @classmethod
    def _ups(cls, value: object) -> object:
        return (parse_ups_address(value) if value else None) if isinstance(value, str) else value

    @property
    def spool_folder(self) -> Path:
        return self.home / "spool"

    @property
    def key_file(self) -> Path:
        return self.home / "keys" / "node.ed25519"

    @property
    def password_file(self) -> Path:
        return self.home / "keys" / "node.password"

    @property
    def token_file(self) -> Path:
        return self.home / "keys" / "node.token"

    def read_token(self) -> str:
        """What node and server show each other, from home/keys/node.token; raises NodeSettingsError."""
        path = self.token_file
        try:
            token = read_regular(path).decode().strip()
        except (OSError, UnicodeDecodeError):
            token = ""
        if not token:
            raise NodeSettingsError(f"The node's token {path} cannot be read or is empty: run courtrec node enrol.")
        return token


class NodeSettingsError(InputError):
    """A setting of the node cannot be used."""


def server_address(text: str) -> str:
    """The address of a court's server as it was given; raises ValueError, saying why, if it is none."""
    if not text.startswith(("https://", "http://")):
        raise ValueError("it must begin with https:// (or http://)")
    try:
        host = httpx.URL(text).host
    except httpx.InvalidURL:
        host = ""
    if not host:
        raise ValueError("it names no host: write it as https://court.example")
    return text


def load_node_settings() -> NodeSettings:
    """Settings from the environment; raises NodeSettingsError, one sentence naming what to correct."""
    try:
        return NodeSettings()
    except ValidationError as error:
        complaints = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise NodeSettingsError(f"The settings COURTREC_NODE_… cannot be used: {complaints}.") from None
