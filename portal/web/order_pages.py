"""What the supplier's and the operator's pages of a replenishment order share: words, drawing, history, table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

from flask import Flask
from flask_babel import gettext
from flask_babel import lazy_gettext as _l

from portal.flows.order_views import Names, OrderView, PolicyView, counts
from portal.flows.replenishing import WORKER
from portal.kernel.disclosure import Role
from portal.kernel.quantity import in_packs, to_text
from portal.kernel.units import Level
from portal.passports.fitness.reads import unread
from portal.replenishment.model import MOQ, Order, State, Step
from portal.web import charts, filters
from portal.web.auth import session_viewer
from portal.web.context import reading
from portal.web.i18n import language
from portal.web.shell import Who, who
from portal.web.stock_words import in_brackets
from portal.web.units import case_name, number, own_name, reading_level, unit_name

_LONGEST_TAIL_DAYS = 7

WORDS: Mapping[State, tuple[str, Any]] = {
    State.PROPOSED: ("info", _l("Being prepared")),
    State.SENT: ("warn", _l("To answer")),
    State.ACCEPTED: ("good", _l("Accepted")),
    State.REJECTED: ("off", _l("Cannot supply")),
    State.EXPIRED: ("bad", _l("No answer in time")),
    State.CANCELLED: ("off", _l("Withdrawn")),
    State.SHIPPED: ("info", _l("On its way")),
    State.RECEIVED: ("warn", _l("Received, to settle")),
    State.CLOSED: ("good", _l("Closed")),
}
"""Tone and word of each state, for chips."""

UNDER_WAY = (State.PROPOSED, State.SENT, State.ACCEPTED, State.SHIPPED, State.RECEIVED)
"""States in which an order still needs somebody."""

REASONS: Mapping[str, Any] = {
    "below_min": _l("The projection fell below the minimum."),
    "published": _l("The supplier can answer now."),
    "silent": _l("The time to answer ran out."),
    "complete": _l("Counted as announced."),
    "sold_out": _l("Sold out"),
    "too_late": _l("Cannot be there in time"),
    "price": _l("The price has changed"),
    "other": _l("Another reason"),
}
"""Sentence by code of a reason; what people wrote is shown as it is."""


def register(app: Flask) -> None:
    """Give the templates the words, and the side list its numbers."""
    app.extensions["tally_shell"].counts = _counts
    app.jinja_env.filters.update(
        in_cases=in_cases, amount=amount, with_base=with_base, moq_text=moq_text, difference=difference
    )
    app.jinja_env.globals.update(
        order_word=order_word,
        order_tone=lambda state: WORDS[state][0],
        reason_word=reason_word,
        product_name=product_name,
        location_name=location_name,
        supplier_name=supplier_name,
        either=either,
        unit_name=unit_name,
        case_name=case_name,
        receipt_number=receipt_number,
    )


def _counts(person: Who) -> dict[str, int]:
    """Return the numbers beside the side list: what waits for the person who is here."""
    viewer = session_viewer()
    if viewer is None or person.role == Role.AUDITOR:
        return {}
    with reading() as connection:
        if person.role == Role.CUSTOMER:
            mine = viewer.partner and unread(connection, org_id=viewer.org.id, partner_id=viewer.partner.id)
            return {"/recalls": mine} if mine else {}
        found = counts(connection, org_id=viewer.org.id, supplier_id=viewer.actor.partner_id)
    if person.role == Role.SUPPLIER:
        return {"/vmi": found[State.SENT]}
    return {"/ops/replenishment": sum(found[state] for state in UNDER_WAY)}


def order_word(state: State) -> str:
    """Return the word of a state; what the supplier must answer, the others await."""
    person = who()
    if state is State.SENT and person is not None and person.role != Role.SUPPLIER:
        return str(gettext("Awaiting answer"))
    return str(WORDS[state][1])


def either(zh: str, en: str) -> str:
    """Return the name in the reader's language, or the other when it is empty."""
    return (en or zh) if language() == "en" else (zh or en)


def product_name(names: Names) -> str:
    """Return the product's name in the reader's language."""
    return either(names.product_zh, names.product_en)


def location_name(names: Names) -> str:
    """Return the place's name in the reader's language."""
    return either(names.location_zh, names.location_en)


def supplier_name(names: Names) -> str:
    """Return the supplier's name in the reader's language."""
    return either(names.supplier_zh, names.supplier_en)


def reason_word(code: str) -> str:
    """Return the sentence of a reason's code, with what was added after it; other texts as they are."""
    head, colon, words = code.partition(": ")
    if head not in REASONS:
        return code
    return str(REASONS[head]) + (f"{colon}{words}" if words else "")


def in_cases(quanta: int, view: OrderView | PolicyView) -> str:
    """Write a quantity as the deal packs it: ``8 cs``, ``5 cs + 17 pcs``; ``1 plt + 2 cs`` for pallets' readers.

    The base unit stands beside it on every page, so who reads in pieces sees theirs too.
    """
    names = view.names
    pack = view.order.pack_quanta if isinstance(view, OrderView) else view.policy.pack_quanta
    viewer = session_viewer()
    if viewer is not None and reading_level(viewer.read_in) is Level.PALLET:
        pallets = _in_pallets(quanta, pack, names)
        if pallets:
            return pallets
    packs = in_packs(quanta, pack_quanta=pack)
    if pack == 1 or not packs.packs:
        return amount(quanta, names)
    whole = f"{filters.quantity(packs.packs)} {case_name()}"
    if not packs.remainder:
        return whole
    return f"{whole} {'+' if quanta > 0 else '−'} {amount(abs(packs.remainder), names)}"


def with_base(quanta: int, view: OrderView | PolicyView) -> str:
    """Write a quantity as the deal packs it, with the base unit in brackets: ``8 cs (192 pcs)``."""
    return in_brackets(in_cases(quanta, view), amount(quanta, view.names))


def moq_text(moq: MOQ, names: Names) -> str:
    """Write a smallest order as it was agreed, with the base unit in brackets: ``10 cs (240 pcs)``."""
    own = next((unit for unit in names.units if unit.code == moq.unit), None)
    name = own_name(own) if own else unit_name(moq.unit)
    return in_brackets(f"{number(moq.quantity)} {name}", amount(moq.quanta, names))


def difference(quanta: int, view: OrderView) -> str:
    """Write a difference with its sign, as the deal packs it and in the base unit: ``+1 cs (+24 pcs)``."""
    sign = "+" if quanta > 0 else ""
    return in_brackets(sign + in_cases(quanta, view), sign + amount(quanta, view.names))


def _in_pallets(quanta: int, pack: int, names: Names) -> str:
    """Write a quantity in whole pallets and the deal's cases; empty where there is no whole pallet in it."""
    today = filters.today()
    pallet = next((unit for unit in names.units if unit.level is Level.PALLET and unit.holds_on(today)), None)
    size = pallet.per_base * 10**names.decimals if pallet else Fraction(0)
    if pallet is None or size.denominator != 1 or abs(quanta) < size:
        return ""
    whole = in_packs(quanta, pack_quanta=size.numerator)
    rest = in_packs(whole.remainder, pack_quanta=pack)
    parts = [f"{filters.quantity(whole.packs)} {own_name(pallet)}"]
    if rest.packs:
        parts.append(f"{filters.quantity(rest.packs)} {case_name()}" if pack > 1 else amount(rest.packs, names))
    if rest.remainder:
        parts.append(amount(rest.remainder, names))
    return " + ".join(parts)


def amount(quanta: int, names: Names) -> str:
    """Write a quantity in the base unit: ``192 pcs``."""
    return f"{filters.quantity(quanta, names.decimals)} {unit_name(names.base_unit)}"


def receipt_number(number: str, step: Step) -> str:
    """Return the number of the receipt for a step, for example R-26118-3."""
    return f"{number}-{step.version}"


@dataclass(frozen=True, slots=True)
class Why:
    """The drawing of an order's reason, and the figures of the sentence beneath.

    Attributes:
        drawing: Stock to come with and without the order.
        daily: Expected sales a day, in quanta, rounded.
        afterwards: Stock projected with the order.
    """

    drawing: charts.ProjectionDrawing
    daily: int
    afterwards: int


def why(order: Order) -> Why:
    """Draw why an order was proposed, from the figures it was proposed with."""
    start = filters.local(order.created_at).date()
    lead = order.lead_time_days
    incoming = order.in_transit + order.confirmed
    comes = min(max(order.incoming_on or start, start), order.needed_on)

    def level(days: int) -> int:
        here = order.on_hand + (incoming if start + timedelta(days=days) >= comes else 0)
        return here - order.demand_in_lead_time * days // max(lead, 1)

    tail = range(min(max(lead, 2), _LONGEST_TAIL_DAYS))
    daily = round(order.demand_in_lead_time / lead) if lead else 0
    later = [(order.needed_on + timedelta(days=day), order.projected - daily * day) for day in tail]
    drawing = charts.projection(
        before=[charts.Point(start + timedelta(days=day), level(day)) for day in range(max(lead, 1))],
        without=[charts.Point(on, value) for on, value in later],
        replenished=[charts.Point(on, value + order.quantity) for on, value in later],
        limits=(order.min_quanta, order.max_quanta),
        end=order.needed_on + timedelta(days=len(tail)),
    )
    return Why(drawing=drawing, daily=daily, afterwards=order.projected + order.quantity)


def timeline(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return an order's history for the timeline, newest first."""
    shown = [
        {
            "text": order_word(step.to_state),
            "small": " · ".join(filter(None, (_actor(step.actor), reason_word(step.reason)))),
            "at": step.at,
        }
        for step in steps
    ]
    shown[-1]["now"] = True
    return shown[::-1]


def _actor(label: str) -> str:
    return gettext("the portal") if label == WORKER else label


def table(views: Iterable[OrderView]) -> tuple[list[str], list[list[object]]]:
    """Return the heads and rows of a list of orders, for a file."""
    heads = [
        gettext("Replenishment order"),
        gettext("Item"),
        gettext("Product"),
        gettext("Supplier"),
        gettext("Place"),
        gettext("Quantity"),
        gettext("Unit"),
        gettext("Needed by"),
        gettext("State"),
        gettext("Answer by"),
        gettext("Shipment"),
        gettext("Received"),
        gettext("Quantity in packs"),
        gettext("Received in packs"),
    ]
    rows: list[list[object]] = []
    for view in views:
        order, names, shipment = view.order, view.names, view.shipment
        counted = shipment is not None and shipment.received_at is not None
        rows.append(
            [
                order.number,
                names.sku,
                product_name(names),
                supplier_name(names),
                location_name(names),
                to_text(order.quantity, decimals=names.decimals),
                unit_name(names.base_unit),
                order.needed_on.isoformat(),
                order_word(order.state),
                filters.local(order.answer_by).isoformat(timespec="minutes"),
                shipment.number if shipment else None,
                to_text(shipment.received, decimals=names.decimals) if shipment and counted else None,
                in_cases(order.quantity, view),
                in_cases(shipment.received, view) if shipment and counted else None,
            ]
        )
    return heads, rows
