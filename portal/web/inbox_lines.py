"""The lines of the operator's inbox: one for each thing that needs somebody, with its action; the set-up list."""

from datetime import date, datetime, timedelta
from typing import Any, cast

from flask import url_for
from flask_babel import gettext, ngettext

from portal.flows import order_views
from portal.flows.inbox import EndingLot, Gap, Inbox
from portal.flows.order_views import OrderView
from portal.flows.withholding import WithheldLot
from portal.passports.writer import EXTRA
from portal.replenishment.model import Shipment
from portal.web import chain_words, filters, order_pages, paper_words
from portal.web import stock_words as words
from portal.web.auth import current_viewer
from portal.web.shell import serves
from portal.web.units import reading_level


def items(found: Inbox) -> list[dict[str, Any]]:
    """Return a line for everything that needs the operator, the most urgent first."""
    found_items = [
        *(_unanswered(view) for view in found.unanswered),
        *(_silent(view) for view in found.silent),
        *(_arriving(view) for view in found.arriving),
        *(_differing(view) for view in found.differing),
        *(_short(view) for view in found.short),
        *(_gap(gap) for gap in found.gaps),
        *(_ending(lot) for lot in found.ending),
        *(_withheld(lot) for lot in found.withheld),
        *_system(found),
    ]
    return sorted(found_items, key=lambda item: item["at"])


def _start_of(day: Any) -> datetime:
    return filters.local(filters.now()).replace(
        year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
    )


def _about(view: OrderView) -> str:
    return str(
        gettext(
            "%(product)s, %(cases)s by %(day)s",
            product=order_pages.product_name(view.names),
            cases=order_pages.with_base(view.order.quantity, view),
            day=filters.day(view.order.needed_on),
        )
    )


def _order_line(view: OrderView, **more: Any) -> dict[str, Any]:
    href = url_for("ops.order", number=view.order.number)
    return {"href": href, "text": _about(view), "action": gettext("Open"), "filter": "answer", **more}


def _unanswered(view: OrderView) -> dict[str, Any]:
    left = filters.left(view.order.answer_by, view.order.created_at)
    return _order_line(
        view,
        tone=left.tone or "info",
        icon="clock",
        kind=gettext("Awaiting answer"),
        title=gettext(
            "%(supplier)s has not answered %(number)s",
            supplier=order_pages.supplier_name(view.names),
            number=view.order.number,
        ),
        due=view.order.answer_by,
        since=view.order.created_at,
        at=view.order.answer_by,
    )


def _silent(view: OrderView) -> dict[str, Any]:
    return _order_line(
        view,
        tone="bad",
        icon="clock",
        kind=gettext("Supplier late"),
        title=gettext(
            "%(supplier)s let %(number)s run out",
            supplier=order_pages.supplier_name(view.names),
            number=view.order.number,
        ),
        due=view.order.answer_by,
        at=view.order.answer_by,
        action=gettext("Ask again"),
        action_href=url_for("policies.edit", policy_id=view.order.policy_id),
    )


def _arriving(view: OrderView) -> dict[str, Any]:
    shipment = cast("Shipment", view.shipment)  # whatever is under way has one
    due = _start_of(shipment.due_on)
    return _order_line(
        view,
        filter="receive",
        tone="warn" if due <= filters.now() else "info",
        icon="truck",
        kind=gettext("To receive"),
        title=gettext(
            "%(supplier)s has shipped %(number)s",
            supplier=order_pages.supplier_name(view.names),
            number=view.order.number,
        ),
        text=gettext(
            "%(product)s, lot %(lot)s",
            product=order_pages.product_name(view.names),
            lot=shipment.lot_code,
        ),
        left=order_pages.in_cases(shipment.quantity, view),
        note=gettext(
            "%(amount)s, due %(day)s",
            amount=order_pages.amount(shipment.quantity, view.names),
            day=filters.day(shipment.due_on),
        ),
        at=due,
        action=gettext("Receive"),
        action_href=url_for("ops.receive", shipment_id=shipment.id),
    )


def _differing(view: OrderView) -> dict[str, Any]:
    shipment = cast("Shipment", view.shipment)  # whatever was counted has one
    off = shipment.received - shipment.quantity
    return _order_line(
        view,
        filter="receive",
        tone="warn",
        icon="minus" if off < 0 else "plus",
        kind=gettext("Count differs"),
        title=gettext(
            "%(number)s of %(supplier)s was counted differently",
            supplier=order_pages.supplier_name(view.names),
            number=view.order.number,
        ),
        left=order_pages.difference(off, view),
        note=gettext("against the despatch advice"),
        at=view.order.created_at,
        action=gettext("Settle"),
    )


def _short(view: order_views.PolicyView) -> dict[str, Any]:
    return {
        "filter": "stock",
        "href": url_for("policies.edit", policy_id=view.policy.id),
        "tone": "bad",
        "icon": "minus",
        "kind": gettext("Falling short"),
        "title": gettext("%(product)s falls below its minimum", product=order_pages.product_name(view.names)),
        "text": gettext(
            "%(place)s; %(supplier)s is not asked just now",
            place=order_pages.location_name(view.names),
            supplier=order_pages.supplier_name(view.names),
        ),
        "left": order_pages.in_cases(view.projected or 0, view),
        "note": gettext(
            "%(amount)s; minimum %(min)s",
            amount=order_pages.amount(view.projected or 0, view.names),
            min=order_pages.with_base(view.policy.min_quanta, view),
        ),
        "at": filters.now(),
        "action": gettext("Open"),
    }


def _gap(gap: Gap) -> dict[str, Any]:
    found = gap.found
    how = words.measure(found.product, reading_level(current_viewer().read_in), gap.units)
    return {
        "filter": "stock",
        "href": url_for("inventory.product", sku=found.product.sku),
        "tone": "bad",
        "icon": "minus",
        "kind": gettext("Promised beyond stock"),
        "title": gettext(
            "%(product)s, %(day)s: %(amount)s short",
            product=words.product_name(found.product),
            day=filters.day(found.on),
            amount=how.text(found.missing),
        ),
        "text": gettext(
            "%(place)s; %(orders)s",
            place=words.place_name(found.node),
            orders=ngettext("%(num)d order waits for it", "%(num)d orders wait for it", found.documents),
        ),
        "left": "−" + how.text(found.missing),
        "note": gettext("%(amount)s, %(day)s", amount=how.base(found.missing), day=filters.day(found.on)),
        "at": _start_of(found.on),
        "action": gettext("See the gap"),
    }


def _ending(lot: EndingLot) -> dict[str, Any]:
    gone = lot.expires_on < filters.today()
    days = abs((lot.expires_on - filters.today()).days)
    left = ngettext("%(num)d day", "%(num)d days", days)
    product = lot.product
    how = words.measure(product, reading_level(current_viewer().read_in), lot.units)
    return {
        "filter": "expiry",
        "href": f"/ops/stock?q={product.sku}" if serves("/ops/stock") else "/ops?kind=expiry",
        "tone": "bad" if gone else "warn",
        "icon": "hold",
        "kind": gettext("Lot has ended") if gone else gettext("Lot ends soon"),
        "title": gettext(
            "%(product)s, lot %(lot)s",
            product=words.product_name(product),
            lot=lot.lot_code,
        ),
        "text": gettext(
            "%(amount)s on hand; not promised after its last day",
            amount=how.with_base(lot.on_hand),
        ),
        "left": gettext("%(span)s ago", span=left) if gone else gettext("%(span)s left", span=left),
        "note": filters.day(lot.expires_on),
        "at": _start_of(lot.expires_on),
        "action": gettext("See stock"),
    }


def _withheld(lot: WithheldLot) -> dict[str, Any]:
    product = lot.product
    since = lot.reasons[0].get("since")
    return {
        "filter": "papers",
        "href": "/ops/requirements",
        "tone": "bad",
        "icon": "hold",
        "kind": gettext("Withheld: papers"),
        "title": gettext(
            "%(product)s, lot %(lot)s",
            product=words.product_name(product),
            lot=lot.lot_code,
        ),
        "text": paper_words.reasons_text(lot.reasons),
        "left": filters.day(date.fromisoformat(since)) if since else gettext("now"),
        "note": gettext("not promised, not shipped"),
        "at": _start_of(date.fromisoformat(since)) if since else filters.now(),
        "action": gettext("See why"),
    }


def _system(found: Inbox) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    late = filters.now() - timedelta(minutes=5)
    if found.anchors.waiting and found.anchors.oldest is not None and found.anchors.oldest < late:
        items.append(
            {
                "filter": "system",
                "href": "/ops/passports" if serves("/ops/passports") else "/ops?kind=system",
                "tone": "info",
                "icon": "chain",
                "kind": gettext("Waiting for the chain"),
                "title": ngettext(
                    "%(num)d credential in the queue",
                    "%(num)d credentials in the queue",
                    found.anchors.waiting,
                ),
                "text": gettext("They are anchored by themselves as soon as the chain answers."),
                "left": filters.quantity(found.anchors.waiting),
                "note": gettext("oldest %(ago)s", ago=filters.ago(found.anchors.oldest)),
                "at": filters.now() + timedelta(hours=12),
            }
        )
    if found.failed_jobs:
        items.append(
            {
                "filter": "system",
                "href": "/ops?kind=system",
                "tone": "bad",
                "icon": "warn",
                "kind": gettext("Given up"),
                "title": ngettext("%(num)d job was given up", "%(num)d jobs were given up", found.failed_jobs),
                "text": gettext("The worker's log names the cause; nothing acknowledged is lost."),
                "left": filters.quantity(found.failed_jobs),
                "note": "",
                "at": filters.now(),
            }
        )
    return items + _chains(found) + _drifts(found)


def _chains(found: Inbox) -> list[dict[str, Any]]:
    """Say what about the chains needs a person: a writer that stopped, a list that was rewritten."""
    line = {"filter": "system", "href": "/passports", "tone": "bad", "icon": "chain", "at": filters.now()}
    items = [
        line
        | {
            "kind": gettext("Anchoring has stopped"),
            "title": chain_words.trouble(one),
            "text": gettext("Nothing is written until you have looked: `tally ledger status` says more."),
            "left": filters.ago(one.since),
            "note": gettext("the extra chain") if one.role == EXTRA else "",
        }
        for one in found.stopped
    ]
    if found.rewritten:
        items.append(
            line
            | {
                "kind": gettext("List of batches rewritten"),
                "title": ngettext(
                    "%(num)d partner saw another list of batches",
                    "%(num)d partners saw another list of batches",
                    found.rewritten,
                ),
                "text": gettext("`tally ledger resync` compares the list with the chain."),
                "left": filters.quantity(found.rewritten),
                "note": "",
            }
        )
    return items


def _drifts(found: Inbox) -> list[dict[str, Any]]:
    if not found.drifts:
        return []
    return [
        {
            "filter": "system",
            "href": "/ops?kind=system",
            "tone": "bad",
            "icon": "warn",
            "kind": gettext("Books drift"),
            "title": ngettext(
                "%(num)d balance is not the sum of its moves",
                "%(num)d balances are not the sum of their moves",
                found.drifts,
            ),
            "text": gettext("`tally reconcile` names them. Nothing is repaired by itself."),
            "left": filters.quantity(found.drifts),
            "note": "",
            "at": filters.now(),
        }
    ]


def setup(found: Inbox) -> list[dict[str, Any]]:
    """Return the set-up checklist; a step whose page is not there yet has no link."""
    count = found.setup
    steps = (
        (ngettext("%(num)d product", "%(num)d products", count.products), count.products, "/ops/import"),
        (
            ngettext("stock of %(num)d place", "stock of %(num)d places", count.stock),
            count.stock,
            "/ops/import",
        ),
        (
            ngettext("%(num)d supplier", "%(num)d suppliers", count.suppliers),
            count.suppliers,
            "/ops/partners",
        ),
        (
            ngettext("%(num)d agreement with a customer", "%(num)d agreements with customers", count.agreements),
            count.agreements,
            "/ops/partners",
        ),
        (
            ngettext("%(num)d replenishment policy", "%(num)d replenishment policies", count.policies),
            count.policies,
            "/ops/policies",
        ),
        (gettext("a replenishment from policy to shelf"), count.orders, "/ops/replenishment"),
        (gettext("a passport anchored on the chain"), count.anchored, "/ops/passports"),
    )
    return [{"text": text, "done": bool(done), "href": href if serves(href) else ""} for text, done, href in steps]
