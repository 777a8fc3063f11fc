"""Order lines as a wholesaler's till writes them: which lines are no sale of goods, and why.

The profile is guessed from its eight headings (the "Online Retail" layout of the UCI Machine Learning Repository).
Such a journal mixes sales with cancellations, write-offs, fees and vouchers. Every line is either taken or listed
with the first reason that applies, in this order:

1. ``cancellation``: the invoice number starts with C. The sale it cancels carries another number and is not named,
   so the sale stays and the cancellation is listed.
2. ``adjustment``: the invoice number starts with another letter (A, bad debt): bookkeeping.
3. ``not_goods``: the stock code is a service, fee, discount, sample or voucher: POST and C2 (carriage), DOT
   (postage), M (manual entry), D (discount), S (samples), B (bad debt), CRUK (commission), BANK CHARGES,
   AMAZONFEE, gift_0001_… (vouchers). PADS and the DCGS… codes are goods with a code of letters, and are taken.
4. ``quantity``: zero or below on a plain invoice number: damages, losses and stock counts.
5. ``price``: zero or below: gifts, samples and found stock; nobody bought it.
6. ``repeated``: all eight values equal to an earlier taken line of the same invoice: keyed twice.

A line without a customer is a sale to an unnamed customer and is taken. Stock codes are compared in capitals
("15056bl" is "15056BL"). An invoice whose lines carry different minutes takes the first; a customer with two
countries keeps the first.
"""

import re
from collections.abc import Sequence
from typing import Any

from portal.flows.imports.faults import N_
from portal.flows.imports.kinds import normal

PROFILE = "retail"

_HEADINGS = frozenset(
    {"invoiceno", "stockcode", "description", "quantity", "invoicedate", "unitprice", "customerid", "country"}
)
_NOT_GOODS = frozenset({"POST", "C2", "DOT", "M", "D", "S", "B", "CRUK", "BANK CHARGES", "AMAZONFEE"})
_PLAIN_INVOICE = re.compile(r"\d+")

REASONS: dict[str, str] = {
    "cancellation": N_("Cancellation: the invoice number starts with C"),
    "adjustment": N_("Bookkeeping adjustment, not a sale"),
    "not_goods": N_("Fee, postage, discount, sample or voucher, not goods"),
    "quantity": N_("Quantity of zero or below without a sale: write-off or count"),
    "price": N_("Price of zero or below: nobody bought it"),
    "repeated": N_("The same line twice in one invoice"),
}
"""Reasons in the order in which they are looked for, each with its sentence."""


def is_retail(headers: Sequence[str]) -> bool:
    """Whether a table has the headings of this layout."""
    return {normal(header) for header in headers} >= _HEADINGS


def reason_of(values: dict[str, Any]) -> str:
    """Return why a line is no sale of goods, as a key of ``REASONS``, or an empty text for a sale.

    Args:
        values: A record's values of the kind "orders"; ``quantity`` as number text.
    """
    number = values["number"].upper()
    sku = values["sku"].upper()
    if number.startswith("C"):
        return "cancellation"
    if not _PLAIN_INVOICE.fullmatch(number):
        return "adjustment"
    if sku in _NOT_GOODS or sku.startswith("GIFT_"):
        return "not_goods"
    if not _above_zero(values["quantity"]):
        return "quantity"
    price = values.get("unit_price")
    if price is not None and price <= 0:
        return "price"
    return ""


def _above_zero(number: str) -> bool:
    return not number.startswith("-") and any(digit in "123456789" for digit in number)
