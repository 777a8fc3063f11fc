"""``/styleguide``: every component on one page, in debug mode and tests only.

The figures here are invented and shown nowhere else; axe and the screenshots look at this page.
"""

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, abort, g, render_template, request

from portal.kernel.errors import Refused
from portal.web import charts, filters, shell

blueprint = Blueprint("styleguide", __name__)

_PROMISE_STEPS = ((0, 42, ""), (10, 58, "PO-4471"), (24, 88, "PO-4502"), (52, 136, "PO-4519"))
_KNOWN_WEEKS = 2
_FLOWS = ((4, -20), (10, 80), (18, -64), (24, 60), (46, -30), (52, 48))
_STOCK = ((0, 62), (4, 42), (10, 122), (18, 58), (24, 118), (46, 88), (52, 136))
_WEEKS = (118, 126, 158, 171, 92, 74, 98, 112, 116, 118, 118, 119, 120)


@blueprint.before_request
def pretend() -> None:
    """Show the page as a key-tier buyer of an invented host sees it."""
    if request.args.get("as") != "stranger":
        g.who = shell.Who(
            name="Leila Okafor",
            role="customer",
            firm="Meridian Stores",
            tier="key",
            agreement="AG-0112",
            agreement_until=date(2027, 3, 31),
        )


@blueprint.get("/styleguide")
def page() -> str:
    """Show every component of a signed-in page."""
    now = filters.now()
    return render_template("styleguide/page.html", **_samples(now))


@blueprint.get("/styleguide/public")
def public() -> str:
    """Show the verdict band and the components of public pages."""
    verdict = request.args.get("verdict", "good")
    return render_template("styleguide/public.html", verdict=verdict, **_samples(filters.now()))


@blueprint.get("/styleguide/phone")
def phone() -> str:
    """Show a supplier's answer page."""
    return render_template("styleguide/phone.html", **_samples(filters.now()))


@blueprint.get("/styleguide/error/<int:status>")
def error(status: int) -> str:
    """Raise an error page; 422 is a refusal, the others are HTTP errors."""
    if status == 422:  # noqa: PLR2004 - the status of a refusal
        raise Refused("40 kg asked, 30 kg there.", asked="40 kg", there="30 kg")
    abort(status)


def _samples(now: datetime) -> dict[str, Any]:
    start = filters.local(now).date()

    def on(days: int) -> date:
        return start + timedelta(days=days)

    promise = charts.promise(
        [charts.Step(on(d), v, source) for d, v, source in _PROMISE_STEPS],
        stock=[charts.Point(on(d), v) for d, v in _STOCK],
        flows=[charts.Flow(on(d), v) for d, v in _FLOWS],
        end=on(69),
    )
    projection = charts.projection(
        before=[charts.Point(on(d), v) for d, v in ((0, 120), (1, 104), (2, 128), (3, 112))],
        without=[charts.Point(on(4 + d), 96 - 16 * d) for d in range(5)],
        replenished=[charts.Point(on(4 + d), 288 - 16 * d) for d in range(5)],
        limits=(100, 300),
        end=on(9),
    )
    columns = charts.demand(
        [
            charts.Week(
                label=f"W{n + 1:02d}",
                on=on(7 * (n - 2)),
                demand=v if n < _KNOWN_WEEKS else None,
                expected=v,
                low=v - v // 6,
                high=v + v // 6,
                theirs=v + (9 if n % 2 else -6),
                agreed=v + 2,
            )
            for n, v in enumerate(_WEEKS)
        ],
        here=2,
    )
    return {
        "promise": promise,
        "projection": projection,
        "columns": columns,
        "soon": now + timedelta(hours=3, minutes=10),
        "later": now + timedelta(hours=19, minutes=10),
        "calm": now + timedelta(days=9),
        "past": now - timedelta(days=3),
        "since": now - timedelta(hours=45),
        "fresh": now - timedelta(minutes=2),
        "late_feed": now - timedelta(hours=7),
    }


def register(app: Flask) -> None:
    """Hang the style guide into ``app`` when it is being debugged or tested, and only then."""
    if app.extensions["tally"].settings.debug or app.testing:
        app.register_blueprint(blueprint)
