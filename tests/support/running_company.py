"""A small company in a running installation, and people who replenish its shelves over HTTP, come what may.

Every deed is one a person does in the portal. A deed counts as done when the portal said so; when the answer was
lost, the person looks again, as people do, and goes on from what is there.
"""

import csv
import http.client
import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

from portal.demo.papers import pdf
from portal.inventory import service as inventory
from portal.inventory.model import LocationDraft, ProductDraft
from portal.kernel.actor import Actor
from portal.kernel.disclosure import Role
from portal.partners import service as partners
from portal.partners.model import PartnerDraft
from portal.platform.clock import SystemClock
from portal.platform.db import Database
from portal.platform.postgres import EmbeddedPostgres
from portal.replenishment import service as replenishment
from portal.replenishment.model import PolicyDraft
from support.running_http import Answer, NotThereError, Upload, Visitor, multipart

PASSWORD = "correct-horse-battery"
PACK = 10
GTINS = ("09521234543213", "09521234543220", "09521234543237", "09521234543244")
PATIENCE_S = 100
SEE_OTHER = 303

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Line:
    """One product the supplier keeps filled up, under one policy."""

    sku: str
    gtin: str
    policy_id: UUID
    product_id: UUID


@dataclass(frozen=True, slots=True)
class Firm:
    """The company as a test needs it."""

    org_id: UUID
    lines: tuple[Line, ...]


def found_firm(home: Path) -> Firm:
    """Make a company with one place, one supplier, and some products under policies that ask for nothing yet."""
    database = Database(EmbeddedPostgres(home).url, pool_size=1)
    now = SystemClock().now()
    try:
        with database.transaction() as connection:
            org_id = partners.save_company(connection, name_zh="主家", name_en="Host", is_demo=False, now=now)
            actor = Actor(org_id=org_id, label="test")
            firms = partners.save_partners(
                connection,
                actor=actor,
                drafts=[PartnerDraft(code="S1", name_zh="松月茶业", name_en="Songyue Tea", roles=("supplier",))],
                now=now,
            )
            for role, partner_id in ((Role.OPERATOR, None), (Role.SUPPLIER, firms["S1"])):
                partners.add_person(
                    connection,
                    actor=actor,
                    email=f"{role}@example.com",
                    name=str(role),
                    role=role,
                    partner_id=partner_id,
                    password=PASSWORD,
                    language="en",
                    now=now,
                )
            places = inventory.save_locations(
                connection,
                actor=actor,
                drafts=[LocationDraft(code="NGB", name_zh="宁波仓", name_en="Ningbo")],
                now=now,
            )
            drafts = [
                ProductDraft(
                    sku=f"TEA-{number}",
                    name_zh=f"茶{number}",
                    name_en=f"Tea {number}",
                    gtin=gtin,
                    pack_quanta=PACK,
                    tracking="lot",
                )
                for number, gtin in enumerate(GTINS)
            ]
            products = inventory.save_products(connection, actor=actor, drafts=drafts, now=now)
            lines = []
            for draft, gtin in zip(drafts, GTINS, strict=True):
                policy = PolicyDraft(
                    product_id=products[draft.sku],
                    location_id=places["NGB"],
                    supplier_id=firms["S1"],
                    min_quanta=0,
                    max_quanta=0,
                    pack_quanta=PACK,
                    lead_time_days=3,
                )
                policy_id = replenishment.save_policy(connection, actor=actor, draft=policy, now=now)
                lines.append(Line(draft.sku, gtin, policy_id, products[draft.sku]))
    finally:
        database.close()
    return Firm(org_id, tuple(lines))


class OverError(Exception):
    """The test is over; nobody does anything any more."""


@dataclass(slots=True)
class Journal:
    """What the portal acknowledged, in the words of the deeds; and a flag to end everything."""

    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    lost: int = 0
    """Answers that never came."""
    odd: list[str] = field(default_factory=list)
    """Answers nobody should ever get."""

    def done(self, deed: str) -> list[str]:
        """Return what was acknowledged under a deed's name."""
        return [what for name, what in self.acknowledged if name == deed]


class Clerk:
    """A person at a screen who tries again.

    Args:
        origin: The portal.
        role: Who signs in.
        journal: Where acknowledged deeds are noted.
    """

    def __init__(self, origin: str, role: Role, journal: Journal) -> None:
        self.visitor = Visitor(origin, language="en")
        self.journal = journal
        self._role = role

    def sign_in(self) -> None:
        """Sign in; the session outlives the portal's process."""
        self.patiently(lambda: self.visitor.sign_in(f"{self._role}@example.com", PASSWORD).status == 200 or None)

    def patiently(self, question: Callable[[], _T | None]) -> _T:
        """Ask until there is an answer that is not ``None``; silence and 5xx mean: ask again."""
        waiting = threading.Event()
        deadline = time.monotonic() + PATIENCE_S
        while not self.journal.over.is_set():
            try:
                found = question()
            except (OSError, http.client.HTTPException, NotThereError):
                self.journal.lost += 1
                found = None
            if found is not None:
                return found
            if time.monotonic() > deadline:
                self.journal.odd.append(f"{self._role} waited {PATIENCE_S} s for {question}")
                raise OverError
            waiting.wait(0.15)
        raise OverError

    def post(self, path: str, fields: dict[str, str], deed: str, what: str) -> Answer:
        """Send a form once and note what the portal acknowledged."""
        page = self.visitor.get(path)
        form = page.form(having="min" if deed == "policy" else "step")
        answer = self.submitted(path, {**form.fields, **fields})
        if answer.status == SEE_OTHER:
            self.journal.acknowledged.append((deed, what))
        if answer.status == 422:
            self.journal.odd.append(f"{deed} {what}: {answer.words[-400:]}")
        return answer

    def submitted(self, path: str, fields: dict[str, str]) -> Answer:
        """Send fields once, following nothing."""
        return self.visitor.request(
            "POST",
            path,
            body=urlencode(fields).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )


def rows(answer: Answer) -> list[dict[str, str]]:
    """Return the rows of a CSV answer; none when it is no such thing."""
    if answer.status != 200 or "csv" not in answer.headers.get("content-type", ""):
        raise NotThereError(f"no table: {answer.status}")
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


class Replenishing:
    """Round after round: raise the minimum, and bring one proposal from the supplier's phone to the shelf.

    Args:
        origin: The portal.
        line: The product.
        journal: Where acknowledged deeds are noted.
    """

    def __init__(self, origin: str, line: Line, journal: Journal) -> None:
        self.line = line
        self.journal = journal
        self.operator = Clerk(origin, Role.OPERATOR, journal)
        self.supplier = Clerk(origin, Role.SUPPLIER, journal)

    def sign_in(self) -> None:
        """Sign both people in."""
        self.operator.sign_in()
        self.supplier.sign_in()

    def go_on(self, more: Callable[[str], None] = lambda _lot: None) -> None:
        """Do round after round until the journal says it is over."""
        number = 0
        try:
            while True:
                self.round(number, more)
                number += 1
        except OverError:
            return

    def round(self, number: int, more: Callable[[str], None] = lambda _lot: None) -> None:
        """Do one round; ``more`` is told the lot once it has been received."""
        self._raise_minimum(number)
        order = self.supplier.patiently(self._proposal)
        asn, lot = f"ASN-{self.line.sku}-{number}", f"L-{self.line.sku}-{number}"
        self._bring("To answer", order, self._accept)
        self._bring("Accepted", order, lambda which: self._ship(which, asn, lot))
        self._bring("On its way", order, self._receive)
        more(lot)

    def _raise_minimum(self, number: int) -> None:
        low = 200 * number + 100
        figures = {"min": str(low), "max": str(low + 100)}
        path = f"/ops/policies/{self.line.policy_id}"

        def saved() -> bool | None:
            return (
                self.operator.post(path, figures, "policy", f"{self.line.sku}:{low}").status == SEE_OTHER or None
            )

        self.operator.patiently(saved)

    def _proposal(self) -> str | None:
        listed = rows(self.supplier.visitor.get("/vmi?format=csv"))
        mine = [row["Replenishment order"] for row in listed if row["Item"] == self.line.sku]
        return mine[0] if mine else None

    def state(self, order: str) -> str | None:
        """Return the state of an order as its supplier sees it."""
        for tab in ("answer", "answered", "late"):
            for row in rows(self.supplier.visitor.get(f"/vmi?tab={tab}&format=csv")):
                if row["Replenishment order"] == order:
                    return row["State"]
        return None

    def _bring(self, state: str, order: str, deed: Callable[[str], Answer]) -> None:
        """Do a deed until the order has left a state."""

        def left() -> bool | None:
            there = self.state(order)
            if there is None:
                return None
            if there != state:
                return True
            answer = deed(order)
            if answer.status not in {SEE_OTHER, 409, 500, 502, 503}:
                self.journal.odd.append(f"{deed} of {order}: {answer.status} {answer.words[-400:]}")
            return None

        self.supplier.patiently(left)

    def _accept(self, order: str) -> Answer:
        page = self.supplier.visitor.get(f"/vmi/{order}/answer?with=accept")
        fields = {**page.form(having="version").fields, "with": "accept"}
        answer = self.supplier.submitted(f"/vmi/{order}/answer", fields)
        if answer.status == SEE_OTHER:
            self.journal.acknowledged.append(("accepted", order))
        return answer

    def _ship(self, order: str, asn: str, lot: str) -> Answer:
        today = SystemClock().now().date()
        fields = {
            "step": "confirm",
            "number": asn,
            "lot": lot,
            "made_on": (today - timedelta(days=9)).isoformat(),
            "expires_on": (today + timedelta(days=300)).isoformat(),
            "due_on": (today + timedelta(days=3)).isoformat(),
        }
        return self.supplier.post(f"/vmi/{order}/ship", fields, "shipped", asn)

    def _receive(self, order: str) -> Answer:
        page = self.operator.visitor.get(f"/ops/replenishment/{order}")
        found = [link for link in page.links() if link.startswith("/ops/receive/")]
        if not found:
            raise NotThereError(f"{order} cannot be received: {page.status}")
        return self.operator.post(found[0], {"step": "confirm"}, "received", order)


class Papers:
    """What follows a receipt: the supplier hands in the papers of the lot, the operator issues its passport.

    Args:
        people: The line's people; their sessions are used.
    """

    def __init__(self, people: Replenishing) -> None:
        self._people = people

    def __call__(self, lot: str) -> None:
        """Bring a lot to its passport, come what may."""
        for kind in ("certificate", "inspection_report"):
            self._people.supplier.patiently(lambda kind=kind: self._handed_in(kind, lot))  # type: ignore[misc]
        self._people.operator.patiently(lambda: self._issued(lot))

    def _handed_in(self, kind: str, lot: str) -> bool | None:
        line, clerk = self._people.line, self._people.supplier
        number = f"{kind[:2].upper()}-{lot}"
        page = clerk.visitor.get("/documents/new")
        fields = {
            **page.form(having="issued_by").fields,
            "kind": kind,
            "number": number,
            "issued_by": "Laboratory",
            "valid_from": (SystemClock().now().date() - timedelta(days=3)).isoformat(),
            "sku": line.sku,
            "lot": lot,
        }
        file = Upload(f"{number}.pdf", pdf(number, [lot]), "application/pdf")
        body, media_type = multipart(list(fields.items()), {"file": file})
        answer = clerk.visitor.request("POST", "/documents/new", body=body, headers={"Content-Type": media_type})
        return self._noted(answer, "handed in", number)

    def _issued(self, lot: str) -> bool | None:
        clerk, product_id = self._people.operator, self._people.line.product_id
        page = clerk.visitor.get(f"/passports/issue?product={product_id}&lot={lot}")
        answer = clerk.submitted("/passports/issue", page.form(having="lot").fields)
        digest = answer.headers.get("location", "").removeprefix("/passports/").partition("?")[0]
        return self._noted(answer, "issued", digest)

    def _noted(self, answer: Answer, deed: str, what: str) -> bool | None:
        if answer.status == SEE_OTHER:
            self._people.journal.acknowledged.append((deed, what))
            return True
        if answer.status < 500:
            self._people.journal.odd.append(f"{deed} {what}: {answer.status} {answer.words[-400:]}")
        return None
