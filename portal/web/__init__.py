"""The HTML doors: one file per room, plain forms that work without JavaScript."""

from flask import Flask

from portal.web import (
    account,
    agreements,
    audit_pages,
    audited,
    auth,
    board,
    documents,
    healthz,
    home,
    imports,
    inventory,
    ops,
    orders,
    passports,
    picking,
    places,
    policies,
    pools,
    product_units,
    public,
    questions,
    request_log,
    reservations,
    shell,
    styleguide,
    trace,
    viewing,
    vmi,
)


def register(app: Flask) -> None:
    """Hang every page of the portal into ``app``; each module has a ``register(app)`` of its own."""
    request_log.register(app)
    shell.register(app)
    audited.register(app)
    styleguide.register(app)
    auth.register(app)
    viewing.register(app)
    healthz.register(app)
    home.register(app)
    account.register(app)
    ops.register(app)
    policies.register(app)
    pools.register(app)
    reservations.register(app)
    product_units.register(app)
    agreements.register(app)
    audit_pages.register(app)
    trace.register(app)
    picking.register(app)
    places.register(app)
    vmi.register(app)
    inventory.register(app)
    questions.register(app)
    orders.register(app)
    board.register(app)
    imports.register(app)
    public.register(app)
    documents.register(app)
    passports.register(app)
