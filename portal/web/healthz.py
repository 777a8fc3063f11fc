"""Two plain answers for machines that watch: the process lives; the database answers."""

from flask import Blueprint, Flask
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from portal.kernel.errors import Unavailable
from portal.web.context import reading

blueprint = Blueprint("healthz", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Say that the process lives."""
    return {"ok": True}


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Say whether requests can be served: the database answers."""
    try:
        with reading() as connection:
            connection.execute(text("SELECT 1"))
    except Unavailable:
        return {"ok": False, "database": False}, 503
    return {"ok": True, "database": True}


def register(app: Flask) -> None:
    """Hang the answers into ``app``."""
    app.register_blueprint(blueprint)
