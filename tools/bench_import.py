"""Import the real order file into a fresh home and print what it took, as one JSON line.

Bars (all must hold for exit status 0): 60 seconds, 500 MB, and 300 ms for the availability page afterwards.
Usage: python tools/bench_import.py [FILE]; FILE defaults to the order file of ../shared/data beside the checkout.
"""

import re
import resource
import sys
import tempfile
import time
from pathlib import Path

from bars import report

from portal.cli.environment import installation
from portal.flows.imports.run import run_import
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.partners import service as partners
from portal.platform.config import Settings
from portal.platform.migrate import bring_up
from portal.platform.services import Services
from portal.wiring import build_services, build_web

BARS = {"seconds": ("<=", 60.0), "peak_rss_mb": ("<=", 500.0), "availability_page_ms": ("<=", 300.0)}
FILE = Path(__file__).parents[2] / "shared" / "data" / "online_retail_2010-12_to_2011-08.csv.gz"
PAGE = "/ops/stock"
WHO = {"email": "bench@tally.example", "password": "bench-only-here"}
TRIES = 5


def page_ms(services: Services) -> float:
    """Return the median time of the availability page for an operator, in milliseconds."""
    client = build_web(services).test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/login").text)
    client.post("/login", data={**WHO, "csrf_token": token[1] if token else ""})
    times = []
    for _ in range(TRIES):
        begin = time.perf_counter()
        answer = client.get(PAGE)
        times.append((time.perf_counter() - begin) * 1000)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP
            raise SystemExit(f"{PAGE} answered {answer.status_code}")
    return sorted(times)[TRIES // 2]


def main() -> None:
    """Run the bench."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    if not file.exists():
        raise SystemExit(f"{file} is not there. Name the order file: python tools/bench_import.py FILE")
    with tempfile.TemporaryDirectory() as folder, installation(Settings(home=Path(folder) / "home")) as ready:
        bring_up(ready.database_url, home=ready.home)
        services = build_services(ready)
        now = services.clock.now()
        with services.database.transaction() as connection:
            org_id = partners.save_company(connection, name_zh="测", name_en="Bench", is_demo=False, now=now)
            actor = Actor(org_id=org_id, label="bench")
            partners.add_person(
                connection,
                actor=actor,
                name="Bench",
                role=Role.OPERATOR,
                partner_id=None,
                language=None,
                now=now,
                **WHO,
            )
        begin = time.perf_counter()
        outcome = run_import(services, kind="orders", path=file)
        seconds = time.perf_counter() - begin
        measured = {
            "seconds": round(seconds, 1),
            "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "availability_page_ms": round(page_ms(services), 1),
        }
        services.database.close()
    raise SystemExit(report(measured, BARS, rows=outcome.rows, orders=outcome.new))


if __name__ == "__main__":
    main()
