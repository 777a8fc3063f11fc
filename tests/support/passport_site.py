"""A portal of this process on a port of its own, with one anchored passport, whose chain can be taken away."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page
from werkzeug.serving import make_server

from portal import wiring
from portal.passports.model import code_hash
from portal.platform.clock import HandClock, SystemClock
from portal.platform.db import Database
from portal.platform.postgres import EmbeddedPostgres
from support import cluster
from support.passporting import PATH, Scene, anchored, made_scene
from support.people import browser


@dataclass
class Site:
    """A portal whose chain can be taken away.

    Attributes:
        url: Where it is.
        scene: What it holds.
        app: What answers now.
        code: The printed address of its lot's anchored passport.
    """

    url: str
    scene: Scene
    app: Flask
    code: str

    def sign_in(self, page: Page, kind: str) -> None:
        """Let somebody of the company sit at a window."""
        client = browser(self.app, self.scene.company, kind)
        cookie = client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        assert cookie is not None
        host = urlsplit(self.url).hostname or ""
        page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "domain": host, "path": "/"}])


@contextmanager
def opened_site(test_cluster: EmbeddedPostgres, folder: Path, serials: tuple[str, ...] = ()) -> Iterator[Site]:
    """Open the site; its lot is of pieces with these serial numbers, if any."""
    now = SystemClock().now() - timedelta(minutes=10)
    holder: list[Site] = []

    def answer(environ: dict[str, Any], start: Any) -> Any:
        return holder[0].app(environ, start)

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    url = f"http://127.0.0.1:{server.port}"
    with cluster.migrated_database(test_cluster) as database_url:
        database = Database(database_url, pool_size=4)
        scene = made_scene(
            database, home=folder / "home", clock=HandClock(now), now=now, serials=serials, base_url=url
        )
        with anchored(scene, folder / "chain.sqlite") as (here, _):
            code = f"{PATH}#h={code_hash(here.passport().digest)}"
            holder.append(Site(url=url, scene=here, app=wiring.build_web(here.services), code=code))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield holder[0]
            server.shutdown()
            thread.join()
        database.close()
    server.server_close()
