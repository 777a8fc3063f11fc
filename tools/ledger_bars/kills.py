"""Batches lost, doubled or out of order while parts are killed and the network fails, counted from the contract.

100 random SIGKILLs (quick: 12; ``CRASH_KILLS`` for another number) of node, PostgreSQL and two workers that
compete for one stream, while 40 in 100 sends are lost before, lost after or sent twice. Batches are sealed all the
time. At the end the contract's list must be the database's, batch by batch, with every sealing that was
acknowledged in it. ``CRASH_SEED`` plays a run again.
"""

import os
import random
import sys
import tempfile
import threading
from pathlib import Path

from ledger_bars.anchoring_site import VICTIMS, Site, anchoring_site, waited

BARS = {"anchors_lost_or_doubled_by_kills": ("==", 0), "anchors_unfinished": ("==", 0)}
NOTES: dict[str, object] = {}
"""What the report says of this run besides its bars."""
KILLS, QUICK_KILLS = 100, 12
SETTLE_S = 300.0


def measure(*, quick: bool) -> dict[str, float]:
    """Kill, let it settle, count."""
    seed = int(os.environ.get("CRASH_SEED") or random.SystemRandom().randrange(10**6))
    kills = int(os.environ.get("CRASH_KILLS") or (QUICK_KILLS if quick else KILLS))
    with tempfile.TemporaryDirectory() as folder, anchoring_site(Path(folder) / "home", seed=seed) as site:
        over = threading.Event()
        sealing = threading.Thread(target=site.seal_until, args=(over,))
        sealing.start()
        try:
            killed = _kill(site, kills, random.Random(seed))  # noqa: S311 - chance, not secrecy
        finally:
            over.set()
            sealing.join()
        site.proxy.honest = True
        waited(lambda: not site.unfinished(), timeout_s=SETTLE_S)
        found = {
            "anchors_lost_or_doubled_by_kills": site.wrong(),
            "anchors_unfinished": site.unfinished(),
        }
        NOTES.update(seed=seed, kills=killed, batches_final=site.final(), faults=dict(site.proxy.counted))
    return found


def _kill(site: Site, kills: int, dice: random.Random) -> int:
    """Kill parts at random; between two kills a batch becomes final, or nothing does for some seconds."""
    if not waited(lambda: site.final() > 0, timeout_s=180):
        raise TimeoutError("no batch was anchored before the first kill")
    for number in range(kills):
        if number % 10 == 0:
            print(f"{number} of {kills} kills, {site.final()} batches final", file=sys.stderr)
        before = site.final()
        waited(lambda b=before: site.final() > b, timeout_s=3)  # type: ignore[misc]
        threading.Event().wait(dice.random() / 2)
        site.kill(dice.choice(VICTIMS))
    return kills
