"""The deeds of the API: stock is held, confirmed and let go through the same services as on the pages.

Reads are served over the tier's own login and one snapshot; a deed has transactions of its own over the portal's
login, and what it left is read anew.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from hashlib import sha256
from typing import Any
from uuid import UUID

from portal.api import answers
from portal.api.errors import Sentence
from portal.api.snapshot import Snapshot
from portal.flows import ordering
from portal.flows.allowance import allowance_of
from portal.flows.ordering import Wish
from portal.inventory import reads, service
from portal.inventory.model import CannotPromise, PromiseStep, promised_on
from portal.inventory.reads import Product, Reservation
from portal.inventory.reserving import UnknownReservation
from portal.inventory.service.desk import ReservationDesk
from portal.inventory.units.reads import units_of
from portal.kernel.errors import Malformed, PortalError, Refused
from portal.kernel.quantity import to_quanta
from portal.partners.model import Previewing
from portal.partners.viewer import Viewer
from portal.platform.db import Database

KEY_LENGTH = 100
"""Most characters of an idempotency key."""

_FINEST = 9
"""Decimals a quantity may be written with; whether it is a whole number of quanta is for the units to say."""


class BadKey(Malformed):
    """An idempotency key is empty or too long."""

    code = "bad_key"


class DayPassed(Refused):
    """Stock should leave on a day that has passed."""

    code = "day_passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one request may do.

    Attributes:
        database: Connections.
        snapshot: What the request reads, ended before each deed.
        desk: Where stock is held.
        viewer: Who asks.
        as_of: Instant of the request, in the company's zone.
        sentence: Writes a refusal in the reader's language.
        answered: Turns reservations into answers.
        expected: Name in the schema by code of each refusal a program is expected to meet.
        done: Names of the deeds that were done, for the audit log.
    """

    database: Database
    snapshot: Snapshot
    desk: ReservationDesk
    viewer: Viewer
    as_of: datetime
    sentence: Sentence
    answered: Callable[[Sequence[Reservation]], tuple[answers.Reservation, ...]]
    expected: Mapping[str, str]
    done: list[str] = field(default_factory=list)

    def hold(self, asked: Mapping[str, Any]) -> answers.ReservationPayload:
        """Hold what is asked for; what cannot be promised comes back with what can, as the agreement tells it."""
        try:
            self._check_own()
            product, steps = self._told(asked["sku"])
            wish = self._wish(asked, product)
        except PortalError as refusal:
            return self._refused(refusal)
        self.snapshot.close()
        try:
            made = ordering.hold(
                self.database,
                self.desk,
                actor=self.viewer.actor,
                disclosure=self.viewer.disclosure,
                allowance=allowance_of(self.viewer),
                wish=wish,
                now=self.as_of,
            )
        except CannotPromise as refusal:
            return self._cannot(refusal, product, steps, wish)
        except PortalError as refusal:
            return self._refused(refusal)
        self.done.append("holdStock")
        return self._payload(made)

    def confirm(self, text: str) -> answers.ReservationPayload:
        """Make what is held an order."""
        try:
            self._check_own()
            made = _id(text)
            self.snapshot.close()
            with self.database.transaction() as connection:
                ordering.confirm(
                    connection,
                    actor=self.viewer.actor,
                    disclosure=self.viewer.disclosure,
                    reservation_id=made,
                    now=self.as_of,
                )
        except PortalError as refusal:
            return self._refused(refusal)
        self.done.append("confirmReservation")
        return self._payload(made)

    def release(self, text: str) -> answers.ReservationPayload:
        """Let what is held go."""
        try:
            self._check_own()
            made = _id(text)
            self.snapshot.close()
            with self.database.transaction() as connection:
                service.release_reservation(
                    connection, actor=self.viewer.actor, reservation_id=made, now=self.as_of
                )
        except PortalError as refusal:
            return self._refused(refusal)
        self.done.append("releaseReservation")
        return self._payload(made)

    def _check_own(self) -> None:
        if self.viewer.previewing:
            raise Previewing("A customer's deeds are theirs to do.")

    def _told(self, sku: str) -> tuple[Product, tuple[PromiseStep, ...]]:
        row = reads.product_detail(
            self.snapshot.connection,
            org_id=self.viewer.org.id,
            disclosure=self.viewer.disclosure,
            sku=sku,
            as_of=self.as_of,
        ).row
        return row.product, row.steps

    def _wish(self, asked: Mapping[str, Any], product: Product) -> Wish:
        needed_on: date = asked["needed_on"]
        if needed_on < self.as_of.date():
            raise DayPassed(f"{needed_on} has passed.", on=needed_on.isoformat())
        number = Fraction(to_quanta(asked["quantity"], decimals=_FINEST), 10**_FINEST)
        units = units_of(
            self.snapshot.connection, org_id=self.viewer.org.id, products=[product], on=self.as_of.date()
        )[product.id]
        return Wish(
            product_id=product.id,
            sku=product.sku,
            quantity=units.quanta(number, asked.get("unit") or product.base_unit),
            needed_on=needed_on,
            key=_own_key(asked["key"], self.viewer.actor.partner_id),
        )

    def _payload(self, reservation_id: UUID) -> answers.ReservationPayload:
        found = reads.reservation(
            self.snapshot.connection,
            org_id=self.viewer.org.id,
            disclosure=self.viewer.disclosure,
            reservation_id=reservation_id,
            as_of=self.as_of,
        )
        (reservation,) = self.answered([found])
        return answers.ReservationPayload(reservation, ())

    def _refused(self, refusal: PortalError, **more: Any) -> answers.ReservationPayload:
        """Put an expected refusal into a payload; any other is an error of the response."""
        if refusal.code not in self.expected:
            raise refusal
        error = answers.ReservationError(code=self.expected[refusal.code], message=self.sentence(refusal), **more)
        return answers.ReservationPayload(None, (error,))

    def _cannot(
        self, refusal: CannotPromise, product: Product, steps: tuple[PromiseStep, ...], wish: Wish
    ) -> answers.ReservationPayload:
        # What the refusal itself knows is of one node, and finer than the agreement tells.
        unit = answers.Unit(product.id, product.base_unit, product.decimals)
        promisable = unit.of(promised_on(steps, wish.needed_on))
        earliest = next((step.on for step in steps if step.quantity >= wish.quantity), None)
        return self._refused(refusal, promisable=promisable, earliest=earliest)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise UnknownReservation(f"No reservation {text} is known.", reservation=text) from error


def _own_key(text: str, partner_id: UUID | None) -> str:
    """Return a program's key as the forms' keys are: of one length, and its end tells one order from another."""
    if not 0 < len(text) <= KEY_LENGTH:
        raise BadKey(f"A key has 1 to {KEY_LENGTH} characters, not {len(text)}.", most=KEY_LENGTH)
    return sha256(f"{partner_id}/{text}".encode()).hexdigest()[:32]
