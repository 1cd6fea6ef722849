"""What every request works with; made once by the entry point (`api.cli`) and handed to `api.app.create_app`."""

from dataclasses import dataclass, field

from api.auth.throttle import LoginThrottle
from api.node_client import NodeClient
from api.recent import RecentViews
from api.secrets import Secrets
from api.settings import Settings
from court.clock import Clock
from storage.db.unit_of_work import Database
from storage.keys import SigningKey
from storage.worm.port import WormStore


@dataclass(frozen=True, slots=True)
class Context:
    """`server_key` signs the server's own ledger entries, `log_key` the log's checkpoints.

    `node` is the control client of the room's recording node, None where none is attached. Tasks are put into the
    outbox of a unit of work; `database.after_commit` hands them to the queue.
    """

    settings: Settings
    database: Database
    store: WormStore
    server_key: SigningKey
    log_key: SigningKey
    secrets: Secrets
    clock: Clock
    node: NodeClient | None = None
    throttle: LoginThrottle = field(init=False)
    recent_views: RecentViews = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        throttle = LoginThrottle(settings.login_attempts, settings.login_pause_minutes * 60)
        object.__setattr__(self, "throttle", throttle)
        object.__setattr__(self, "recent_views", RecentViews(settings.journal_minutes * 60))
