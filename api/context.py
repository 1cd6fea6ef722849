"""What every request works with; made once by the entry point (`api.cli`) and handed to `api.app.create_app`."""

from dataclasses import dataclass, field
from pathlib import Path

from api.auth.throttle import LoginThrottle
from api.live_text import LiveTexts
from api.node_client import NodeClient
from api.recent import RecentViews
from api.room_nodes import RoomNodes
from api.secrets import Secrets
from api.settings import Settings
from court.clock import Clock
from storage.db.sealer import LogSealer
from storage.db.unit_of_work import Database
from storage.keyring import KeyRing
from storage.keys import SigningKey
from storage.parts import Parts
from storage.stamping import Authority
from storage.worm.port import WormStore


@dataclass(frozen=True, slots=True)
class Context:
    """`server_keys` sign the server's own ledger entries, `log_keys` the log's checkpoints.

    The `database` signs the log with the latter in every transaction that appended to it (`database.sealer`); the
    newest checkpoint also lies in `log_checkpoint`. `node` is the control client of the room's recording node, None
    where none is attached, `spare` that of a second node in the same room, and `nodes` are both as one; `other_nodes`
    are those of the court's other rooms. `authority` time-stamps the log, None where none is set. Tasks are put into
    the outbox of a unit of work; `database.after_commit` hands them to the queue.
    """

    settings: Settings
    database: Database
    store: WormStore
    server_keys: KeyRing
    log_keys: KeyRing
    secrets: Secrets
    clock: Clock
    node: NodeClient | None = None
    spare: NodeClient | None = None
    other_nodes: tuple[NodeClient, ...] = ()
    authority: Authority | None = None
    throttle: LoginThrottle = field(init=False)
    nodes: RoomNodes | None = field(init=False)
    recent_views: RecentViews = field(init=False)
    parts: Parts = field(init=False)
    live_texts: LiveTexts = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        throttle = LoginThrottle(settings.login_attempts, settings.login_pause_minutes * 60)
        object.__setattr__(self, "throttle", throttle)
        object.__setattr__(self, "nodes", RoomNodes(self.node, self.spare) if self.node else None)
        object.__setattr__(self, "parts", Parts(settings.home / "parts"))
        object.__setattr__(self, "live_texts", LiveTexts())
        self.database.sealer = LogSealer(self.log_keys, settings.log_origin, self.clock, self.log_checkpoint)
        object.__setattr__(self, "recent_views", RecentViews(settings.journal_minutes * 60))

    @property
    def all_nodes(self) -> tuple[NodeClient, ...]:
        """Of all rooms, the spare one included."""
        return (*(one for one in (self.node, self.spare) if one is not None), *self.other_nodes)

    @property
    def server_key(self) -> SigningKey:
        """The one that signs entries now."""
        return self.server_keys.key

    @property
    def log_checkpoint(self) -> Path:
        """The file with the log's newest checkpoint: outside the database, so that it outlives what is cut there."""
        return self.settings.home / "keys" / "log.checkpoint"
