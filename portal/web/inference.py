"""What a customer could infer: what they see, what follows from it, what closes it, in words and real figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Connection

from portal.inventory import reads
from portal.inventory.questions import bucket_of
from portal.inventory.reads import AvailabilityRow
from portal.kernel.disclosure import Disclosure, Role
from portal.kernel.grain import AtLeast
from portal.partners.model import disclosure_of
from portal.partners.reads import Standing
from portal.web import filters
from portal.web import stock_words as words

EXAMPLES = 200
"""Products looked through for the one that shows most."""


@dataclass(frozen=True, slots=True)
class Inference:
    """One line of the table: what can be seen, what follows, what closes it."""

    seen: str
    follows: str
    closed_by: str


@dataclass(frozen=True, slots=True)
class Inferences:
    """The whole page.

    Attributes:
        product: Name of the product the figures are of; empty where they see none.
        figures: Label, what they see, what is true.
        lines: What can be inferred.
        never: What is never visible, whatever the agreement.
        hidden: Products of which the cap or the steps hide something.
        products: Products they see.
    """

    product: str
    figures: tuple[tuple[str, str, str], ...]
    lines: tuple[Inference, ...]
    never: tuple[str, ...]
    hidden: int
    products: int


def inferences(
    connection: Connection, *, org_id: UUID, standing: Standing, others: Sequence[Standing], as_of: datetime
) -> Inferences:
    """Return what a partner sees of the product that shows most, and what follows.

    Args:
        connection: Open transaction.
        org_id: The company.
        standing: The partner.
        others: All partners, for what several of them could put together.
        as_of: Instant in the company's zone.
    """
    disclosure = disclosure_of(Role.CUSTOMER, partner_id=standing.name.id, agreement=standing.agreement)
    page = reads.availability(connection, org_id=org_id, disclosure=disclosure, as_of=as_of, per_page=EXAMPLES)
    theirs = max(page.rows, key=lambda row: (row.on_hand - row.promise, row.on_hand), default=None)
    lines: list[Inference] = []
    figures: tuple[tuple[str, str, str], ...] = ()
    if theirs is not None:
        true = _true_row(connection, org_id, theirs.product.sku, as_of)
        figures = _figures(theirs, true)
        lines = _lines(theirs, disclosure)
    return Inferences(
        product="" if theirs is None else f"{words.product_name(theirs.product)} ({theirs.product.sku})",
        figures=figures,
        lines=(*lines, *_together(standing, others)) if lines else (),
        never=_never(disclosure),
        hidden=sum(any(isinstance(one, AtLeast) for one in (row.on_hand, row.promise)) for row in page.rows),
        products=page.count,
    )


def _true_row(connection: Connection, org_id: UUID, sku: str, as_of: datetime) -> AvailabilityRow:
    everything = Disclosure(tier=None, everything=True)
    return reads.product_detail(connection, org_id=org_id, disclosure=everything, sku=sku, as_of=as_of).row


def _figures(theirs: AvailabilityRow, true: AvailabilityRow) -> tuple[tuple[str, str, str], ...]:
    how = words.measure(theirs.product, words.PIECES)
    return tuple(
        (label, how.text(seen), how.text(real))
        for label, seen, real in (
            (gettext("On hand"), theirs.on_hand, true.on_hand),
            (gettext("In transit"), theirs.in_transit, true.in_transit),
            (gettext("To promise"), theirs.promise, true.promise),
            (gettext("Kept for orders"), theirs.kept, true.kept),
        )
    )


def _lines(row: AvailabilityRow, disclosure: Disclosure) -> list[Inference]:
    how = words.measure(row.product, words.PIECES)
    if disclosure.own_only:
        return [
            Inference(
                gettext("on hand: %(amount)s", amount=how.text(row.on_hand)),
                gettext("Only their own orders: nothing about anybody else."),
                gettext("basis “only what is kept for them”"),
            )
        ]
    if isinstance(row.on_hand, AtLeast) or isinstance(row.promise, AtLeast):
        difference = gettext("The difference has no meaning: one of the two is only a bound.")
        closed = gettext("the cap or the steps")
    else:
        gap = max(0, row.usable - row.promise)
        difference = gettext(
            "%(amount)s of what they see is spoken for: their own orders (%(own)s), or others’ beyond receipts.",
            amount=how.text(gap),
            own=how.text(row.kept),
        )
        closed = gettext("others’ orders are taken off “on hand” first; a cap or steps hide the rest")
    lines = [
        Inference(
            gettext(
                "on hand %(hand)s, to promise %(promise)s",
                hand=how.text(row.on_hand),
                promise=how.text(row.promise),
            ),
            difference,
            closed,
        ),
        Inference(
            gettext("“on hand” today and tomorrow"),
            gettext("A fall they did not cause is somebody’s order or a shipment; how much, not whose."),
            gettext("steps: only crossing one shows; the audit log shows who polls"),
        ),
    ]
    if disclosure.by_node:
        lines.append(
            Inference(
                gettext("stock by warehouse and lot"),
                gettext("Which warehouse serves whom, from where it falls."),
                gettext("fewer warehouses in the agreement, or the ordinary tier"),
            )
        )
    if disclosure.board:
        lines.append(
            Inference(
                gettext("the demand board"),
                gettext("Demand by week over all customers; less their own, it is everybody else’s."),
                gettext("a tier below strategic"),
            )
        )
    lines.append(
        Inference(
            gettext("threshold questions"),
            gettext("By halving, “to promise” to the next bucket of %(bucket)s.", bucket=_bucket(disclosure)),
            gettext("the bucket and the questions a day in the agreement"),
        )
    )
    return lines


def _bucket(disclosure: Disclosure) -> str:
    return filters.quantity(bucket_of(disclosure))


def _together(standing: Standing, others: Sequence[Standing]) -> list[Inference]:
    names = [
        words.either(one.name.name_zh, one.name.name_en)
        for one in others
        if one.agreement is not None and one.name.id != standing.name.id
    ]
    if not names:
        return []
    return [
        Inference(
            gettext("their pages beside those of %(names)s", names=gettext(", ").join(names)),
            gettext("Two who compare “on hand” learn the difference of what is kept for each of them."),
            gettext("the same cap or steps for all, or basis “only what is kept for them”"),
        )
    ]


def _never(disclosure: Disclosure) -> tuple[str, ...]:
    said = [
        gettext("other customers’ names, order numbers and quantities"),
        gettext("suppliers’ names and prices"),
        gettext("items and warehouses outside the agreement, nor whether there are any"),
    ]
    if not disclosure.by_node:
        said.append(gettext("warehouses and lots"))
    if not disclosure.board:
        said.append(gettext("demand of others"))
    return tuple(said)
