"""The HTML doors: one file per room, plain forms that work without JavaScript."""

from flask import Flask

from portal.web import (
    account,
    agreements,
    audit_pages,
    audited,
    auth,
    board,
    deeds,
    documents,
    healthz,
    home,
    imports,
    inventory,
    lots,
    moves,
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
    recalls,
    request_log,
    required_papers,
    reservations,
    scan,
    shell,
    styleguide,
    trace,
    viewing,
    vmi,
)

PAGES = (
    request_log,
    shell,
    audited,
    styleguide,
    auth,
    viewing,
    healthz,
    home,
    scan,
    account,
    ops,
    policies,
    pools,
    reservations,
    product_units,
    agreements,
    audit_pages,
    trace,
    required_papers,
    recalls,
    picking,
    places,
    deeds,
    lots,
    moves,
    vmi,
    inventory,
    questions,
    orders,
    board,
    imports,
    public,
    documents,
    passports,
)
"""Every module with pages. What logs a request and what shells it come first: their hooks see all the others."""


def register(app: Flask) -> None:
    """Hang every page of the portal into ``app``; each module has a ``register(app)`` of its own."""
    for module in PAGES:
        module.register(app)
