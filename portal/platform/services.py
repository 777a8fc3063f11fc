"""What every door and command is handed: settings, database, clock and bus, built once by ``portal.wiring``."""

from dataclasses import dataclass

from portal.platform.bus import Bus
from portal.platform.clock import Clock
from portal.platform.config import Settings
from portal.platform.db import Database


@dataclass(frozen=True, slots=True)
class Services:
    """What doors and commands share.

    Attributes:
        settings: The settings in force.
        database: Connections to PostgreSQL.
        clock: Where the time comes from.
        bus: Handlers of messages between rooms.
    """

    settings: Settings
    database: Database
    clock: Clock
    bus: Bus
