"""Planning sales orders: lines are gathered into orders, compared with what stands, and their needs are named.

A line of the retail profile is first asked whether it is a sale of goods (``retail``). What the file knows of its
products (a description) and customers (a country) is enough to make those that are missing; without such a column
an unknown number is a fault.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from portal.flows.imports import present, retail
from portal.flows.imports.cells import quanta
from portal.flows.imports.check import Findings, Record
from portal.flows.imports.faults import BadCell
from portal.inventory.model import ProductDraft
from portal.kernel.quantity import to_text
from portal.partners.model import PartnerDraft

_LINE = ("sku", "description", "quantity", "ordered_at", "unit_price", "customer", "country")
"""What makes two lines of one invoice the same line in the retail profile."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it will be written: number in the order, SKU, node code, quanta and price."""

    line_no: int
    sku: str
    location: str
    quantity: int
    unit_price: Decimal | None


@dataclass(slots=True)
class Gathered:
    """One order, as its rows tell it; the first row speaks for the whole.

    Attributes:
        row: Its first row.
        customer: Partner code; empty for an unnamed customer.
        ordered_at: Instant of the first row.
        needed_on: Day the goods are needed.
        state: ``open`` with a day needed, else ``fulfilled``, unless the file says it.
        lines: Its lines.
        seen: Line numbers or, in the retail profile, whole lines already met, with their rows.
    """

    row: int
    customer: str
    ordered_at: datetime
    needed_on: date | None
    state: str
    lines: list[Line] = field(default_factory=list)
    seen: dict[Any, int] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return what is compared and shown of the order."""
        return {
            "customer": self.customer,
            "ordered_at": self.ordered_at,
            "needed_on": self.needed_on,
            "state": self.state,
            "lines": len(self.lines),
            "quantity": sum(line.quantity for line in self.lines),
            "content": lines_digest(self.lines),
        }


@dataclass(frozen=True, slots=True)
class Compared:
    """An order of the file beside what stands.

    Attributes:
        row: Its first row.
        number: Its number.
        before: What stands; ``None`` for a new order.
        after: What the file says.
    """

    row: int
    number: str
    before: dict[str, Any] | None
    after: dict[str, Any]


@dataclass(slots=True)
class OrderPlan:
    """What importing the orders will write.

    Attributes:
        orders: New and changed orders by number.
        products: Products to make first, by SKU.
        partners: Customers to make first, by code.
        compared: Every order of the file beside what stands.
        refused: Number of refused lines by reason.
        refusals: The reason of every refused line, by row.
    """

    orders: dict[str, Gathered] = field(default_factory=dict)
    products: dict[str, ProductDraft] = field(default_factory=dict)
    partners: dict[str, PartnerDraft] = field(default_factory=dict)
    compared: list[Compared] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)

    def refuse(self, row: int, reason: str) -> None:
        """Note a line as no sale of goods."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        self.refusals[row] = reason


def lines_digest(lines: list[Line]) -> str:
    """Return a digest of an order's lines, equal to the one ``present.orders`` asks the database for."""
    text = "\n".join(
        f"{line.line_no}|{line.sku}|{line.location}|{line.quantity}|{_price_text(line.unit_price)}"
        for line in sorted(lines, key=lambda line: line.line_no)
    )
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _price_text(price: Decimal | None) -> str:
    if price is None:
        return ""
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Books:
    """What is known by name while lines are read: products, customers, nodes, and those the file itself brings."""

    def __init__(self, connection: Connection, org_id: UUID, plan: OrderPlan) -> None:
        self.products = {sku: row["decimals"] for sku, row in present.products(connection, org_id=org_id).items()}
        self.partners = set(present.partners(connection, org_id=org_id))
        places = present.nodes(connection, org_id=org_id)
        self.nodes = {code for code, place in places.items() if place["level"] == "node"}
        self.plan = plan

    def decimals_of(self, sku: str, description: str | None) -> int | None:
        """Return a product's decimals; make the product when the line describes it."""
        known = self.products.get(sku)
        if known is None and description is not None:
            known = self.products[sku] = 0
            self.plan.products[sku] = ProductDraft(sku=sku, name_zh=description, name_en=description)
        return known

    def knows_customer(self, code: str, country: str | None) -> bool:
        """Whether a customer is known; makes it when the line tells its country."""
        if code in self.partners:
            return True
        if country is None:
            return False
        self.partners.add(code)
        self.plan.partners[code] = PartnerDraft(
            code=code, name_zh=f"客户 {code}", name_en=f"Customer {code}", roles=("customer",), country=country
        )
        return True


def plan_orders(
    connection: Connection, *, org_id: UUID, records: Iterator[Record], findings: Findings, profile: str
) -> OrderPlan:
    """Gather lines into orders and compare them with what stands; nothing is written.

    Args:
        connection: A transaction; reading is enough.
        org_id: The company.
        records: The file's lines.
        findings: Where faults are noted.
        profile: ``retail`` or empty.
    """
    plan = OrderPlan()
    books = _Books(connection, org_id, plan)
    gathered: dict[str, Gathered] = {}
    for record in records:
        if profile == retail.PROFILE:
            _take_retail(record, plan, books, gathered, findings)
        else:
            _take(record, books, gathered, findings)
    _compare(connection, org_id, plan, gathered)
    return plan


def _take_retail(
    record: Record, plan: OrderPlan, books: _Books, gathered: dict[str, Gathered], findings: Findings
) -> None:
    reason = retail.reason_of(record.values)
    values = record.values
    order = gathered.get(values["number"])
    whole = tuple(map(values.get, _LINE))  # columns remember what texts mean, so equal values are one object
    if not reason and order is not None and whole in order.seen:
        reason = "repeated"
    if reason:
        plan.refuse(record.row, reason)
        return
    values["sku"] = values["sku"].upper()
    _take(record, books, gathered, findings, key=whole)


def _take(
    record: Record, books: _Books, gathered: dict[str, Gathered], findings: Findings, key: Any = None
) -> None:
    values = record.values
    before = findings.count
    quantity = _check_line(record, books, findings)
    order = gathered.get(values["number"])
    if order is None:
        order = _opened(record)
    elif key is None:
        _check_head(record, order, findings)
    line_no = values.get("line_no", len(order.lines) + 1)
    first = order.seen.setdefault(line_no if key is None else key, record.row)
    if first != record.row:
        findings.add(record.row, "line_no", str(line_no), "duplicate", other=first)
    if quantity is None or findings.count > before:
        return
    gathered[values["number"]] = order
    order.lines.append(
        Line(line_no, values["sku"], values.get("location", ""), quantity, values.get("unit_price"))
    )


def _opened(record: Record) -> Gathered:
    values = record.values
    needed_on = values.get("needed_on")
    state = values.get("state") or ("open" if needed_on else "fulfilled")
    return Gathered(record.row, values.get("customer", ""), values["ordered_at"], needed_on, state)


def _check_head(record: Record, order: Gathered, findings: Findings) -> None:
    """Refuse a row that says something else of its order than the order's first row."""
    said = _opened(record)
    for name in ("customer", "needed_on", "state"):
        first, now = getattr(order, name), getattr(said, name)
        if now != first:
            findings.add(record.row, name, str(now or ""), "conflicting", other=order.row, said=str(first or "—"))


def _check_line(record: Record, books: _Books, findings: Findings) -> int | None:
    """Return the line's quanta; note what it names that nobody knows."""
    values = record.values
    customer, location = values.get("customer"), values.get("location")
    if customer and not books.knows_customer(customer, values.get("country")):
        findings.add(record.row, "customer", customer, "unknown_partner")
    if location and location not in books.nodes:
        findings.add(record.row, "location", location, "unknown_location")
    if values.get("unit_price") is not None and values["unit_price"] < 0:
        findings.add(record.row, "unit_price", str(values["unit_price"]), "negative")
    decimals = books.decimals_of(values["sku"], values.get("description"))
    if decimals is None:
        findings.add(record.row, "sku", values["sku"], "unknown_product")
        return None
    try:
        quantity = quanta(values["quantity"], decimals)
    except BadCell as bad:
        findings.add(record.row, "quantity", values["quantity"], bad.code, **bad.values)
        return None
    if quantity <= 0:
        findings.add(record.row, "quantity", to_text(quantity, decimals=decimals), "not_positive")
    return quantity


def _compare(connection: Connection, org_id: UUID, plan: OrderPlan, gathered: Mapping[str, Gathered]) -> None:
    standing = present.orders(connection, org_id=org_id, numbers=list(gathered))
    for number, order in gathered.items():
        known = standing.get(number)
        before = known.facts() if known else None
        after = order.facts()
        plan.compared.append(Compared(order.row, number, before, after))
        if before != after:
            plan.orders[number] = order
