"""What people of the demo company do and see over HTTP, for stories that follow one order or one lot."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from portal.demo.papers import pdf
from portal.platform.clock import SystemClock
from portal.platform.processes import wait_until
from support.running import Ready
from support.running_company import rows
from support.running_http import Answer, Upload, Visitor, visitor_of

SOON_S = 30
SUPPLIER = "江南糕饼厂"
"""The firm of the demo's supplier login."""


def today() -> date:
    """Return the company's date."""
    return (SystemClock().now() + timedelta(hours=8)).date()


@dataclass(frozen=True, slots=True)
class Proposal:
    """An order that waits for the supplier, as the supplier reads it."""

    number: str
    sku: str
    pieces: int


@dataclass(slots=True)
class People:
    """Everybody of the demo, signed in."""

    operator: Visitor
    supplier: Visitor
    ordinary: Visitor
    key: Visitor
    auditor: Visitor
    stranger: Visitor

    @classmethod
    def of(cls, portal: Ready, folder: Path) -> "People":
        """Return the people of the run's portal."""
        return cls(
            operator=visitor_of(portal, folder, "operator"),
            supplier=visitor_of(portal, folder, "supplier"),
            ordinary=visitor_of(portal, folder, "customer", "ordinary"),
            key=visitor_of(portal, folder, "customer", "key"),
            auditor=visitor_of(portal, folder, "auditor"),
            stranger=Visitor(portal.url),
        )


def waiting(supplier: Visitor) -> list[Proposal]:
    """Return what the supplier is asked, soonest first."""
    listed = rows(supplier.get("/vmi?format=csv&lang=en"))
    return [Proposal(row["Replenishment order"], row["Item"], int(row["Quantity"])) for row in listed]


def proposal(people: People) -> Proposal:
    """Return an order that waits; when none does, the operator raises a minimum and the worker proposes one."""
    found = waiting(people.supplier)
    if found:
        return found[0]
    for link in people.operator.get("/ops/policies").links():
        if not re.fullmatch(r"/ops/policies/[0-9a-f-]{36}", link):
            continue
        page = people.operator.get(link)
        if SUPPLIER in page.words:
            form = page.form(having="min")
            high = int(form.fields["max"].replace(",", ""))
            people.operator.send(page, form, min=str(2 * high), max=str(4 * high))
            break
    wait_until(lambda: bool(waiting(people.supplier)), what="A proposal", timeout_s=SOON_S)
    return waiting(people.supplier)[0]


def accept(supplier: Visitor, order: str) -> Answer:
    """Accept an order: look at the answer once more, then send it."""
    page = supplier.get(f"/vmi/{order}/answer?with=accept")
    return supplier.send(page, page.form(having="version"))


def ship(supplier: Visitor, order: str, *, asn: str, lot: str) -> Answer:
    """Send the despatch advice of an accepted order."""
    page = supplier.get(f"/vmi/{order}/ship")
    checked = supplier.send(
        page,
        page.form(having="lot"),
        number=asn,
        lot=lot,
        made_on=(today() - timedelta(days=2)).isoformat(),
        expires_on=(today() + timedelta(days=300)).isoformat(),
        due_on=(today() + timedelta(days=1)).isoformat(),
    )
    return supplier.send(checked, checked.form(having="lot"), step="confirm")


def receive(operator: Visitor, order: str) -> Answer:
    """Count an order in exactly as announced."""
    link = next(link for link in operator.get(f"/ops/replenishment/{order}").links() if "/ops/receive/" in link)
    page = operator.get(link)
    checked = operator.send(page, page.form(having="quantity"))
    return operator.send(checked, checked.form(having="quantity"), step="confirm")


def hand_in(supplier: Visitor, *, kind: str, number: str, sku: str, lot: str) -> Answer:
    """Hand in a paper of a lot."""
    page = supplier.get("/documents/new")
    ends = (today() + timedelta(days=200)).isoformat() if kind == "certificate" else ""
    return supplier.send(
        page,
        page.form(having="issued_by"),
        files={"file": Upload(f"{number}.pdf", pdf(number, [lot]), "application/pdf")},
        kind=kind,
        number=number,
        issued_by="Test laboratory",
        valid_from=(today() - timedelta(days=2)).isoformat(),
        valid_until=ends,
        sku=sku,
        lot=lot,
    )


def figure(visitor: Visitor, sku: str, column: str) -> int:
    """Return a figure of a product in the file a buyer exports."""
    listed = rows(visitor.get("/inventory.csv?lang=en"))
    return int(next(row[column] for row in listed if row["SKU"] == sku))


def comes_to(visitor: Visitor, sku: str, column: str, wanted: int) -> None:
    """Wait until a buyer's figure is as it should be: the worker brings the news in a moment."""
    wait_until(
        lambda: figure(visitor, sku, column) == wanted, what=f"{column} {wanted} of {sku}", timeout_s=SOON_S
    )


def issue(operator: Visitor, lot: str) -> Answer:
    """Issue the passport of a received lot, from the list of lots that could have one."""
    link = next(link for link in operator.get("/passports").links() if link.endswith(f"lot={lot}"))
    page = operator.get(link)
    return operator.send(page, page.form(having="lot"))


def anchored(visitor: Visitor, address: str) -> bool:
    """Tell whether a bundle has its chain receipt already."""
    return bool(visitor.get(address).json().get("anchor"))
