"""The small form for a threshold question beside a product, as it stands on the buyer's page."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection

from portal.flows.allowance import allowance_of
from portal.inventory.questions import Answer, bucket_of, questions_left
from portal.inventory.reads import Product
from portal.kernel.grain import EXACT
from portal.partners.viewer import Viewer
from portal.web import filters
from portal.web.context import as_of
from portal.web.units import unit_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question as it came in, and what became of it.

    Attributes:
        values: What was typed, by field.
        errors: Sentence by field.
        answer: The answer, if there is one.
        sentence: The answer in words.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingForm:
    """The form beside a product.

    Attributes:
        unit: The base unit in the reader's language.
        bucket: What quantities are rounded up to, with its unit.
        left: Questions left today.
        question: What was asked; empty at first.
        unfolded: Whether the form stands open: where figures are coarse, or something was asked.
    """

    unit: str
    bucket: str
    left: int
    question: Question
    unfolded: bool


def asking_of(
    connection: Connection, viewer: Viewer, product: Product, question: Question | None = None
) -> AskingForm | None:
    """Return the form for a product; ``None`` where there is nothing to ask."""
    allowance = allowance_of(viewer)
    if allowance is None:
        return None
    unit = unit_name(product.base_unit)
    return AskingForm(
        unit=unit,
        bucket=f"{filters.quantity(bucket_of(viewer.disclosure))} {unit}",
        left=questions_left(connection, org_id=viewer.org.id, allowance=allowance, today=as_of().date()),
        question=question or Question(),
        unfolded=question is not None or viewer.disclosure.grain != EXACT,
    )
