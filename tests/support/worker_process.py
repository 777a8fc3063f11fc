"""A real worker process for tests; it tells what it does on the database's channel ``probe``."""

import sys
import threading
from pathlib import Path

import procrastinate
import psycopg

from portal import wiring, worker
from portal.platform.config import Settings
from portal.platform.logging import set_up_logging
from portal.platform.roles import let_in
from portal.platform.services import Services


def tell(url: str, word: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_notify('probe', %s)", [word])


def register_probes(app: procrastinate.App, services: Services) -> None:
    url = services.database.url

    @app.task(name="probe.first_hangs")
    def first_hangs(path: str) -> None:
        """Hang for ever the first time, end the second time."""
        if Path(path).exists():
            tell(url, "ended")
            return
        Path(path).touch()
        tell(url, "hangs")
        threading.Event().wait()

    @app.task(name="probe.fails_once", retry=worker.Backoff())
    def fails_once(path: str) -> None:
        if Path(path).exists():
            tell(url, "ended")
            return
        Path(path).touch()
        raise RuntimeError(path)


def main() -> None:
    set_up_logging("json")
    settings = Settings(database_url=sys.argv[1], home=Path(sys.argv[2]))
    let_in(settings.database_url, home=settings.home)
    services = wiring.build_services(settings)
    worker.run(services, registrars=[*worker.REGISTRARS, register_probes])
    services.database.close()


if __name__ == "__main__":
    main()
