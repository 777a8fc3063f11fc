"""Values every schema uses: exact numbers, names in both languages, pages.

Graphene only declares; what a resolver is given are the frozen values of ``portal.api.answers``.
"""

import graphene
from graphql import StringValueNode, Undefined


class Decimal(graphene.Scalar):
    """Exact decimal number as text, for example "12.5"; never a float, never an exponent."""

    @staticmethod
    def serialize(value: str) -> str:
        """Return the text as it is: it was made exactly."""
        return value

    @staticmethod
    def parse_value(value: object) -> object:
        """Take text only: a float has already lost what was meant."""
        return value if isinstance(value, str) else Undefined

    @staticmethod
    def parse_literal(node: object, _variables: object = None) -> object:
        """Take a text literal only."""
        return node.value if isinstance(node, StringValueNode) else Undefined


class Remainder(graphene.ObjectType):
    """What is left over beside whole units; less than one of them."""

    value = graphene.NonNull(
        graphene.String, description="Exact: a decimal number, or a fraction such as 1/3 where that does not end."
    )
    unit = graphene.NonNull(graphene.String, description="The base unit, or a finer one where that is whole.")


class InUnit(graphene.ObjectType):
    """A quantity in whole units and what is left over; nothing is rounded."""

    whole = graphene.Field(graphene.NonNull(Decimal), description="Whole units.")
    unit = graphene.NonNull(graphene.String, description="The unit asked for.")
    remainder = graphene.Field(
        graphene.NonNull(Remainder), description="The rest; 0 where the units come out even."
    )


class Quantity(graphene.ObjectType):
    """An exact quantity in the product's base unit."""

    value = graphene.Field(graphene.NonNull(Decimal), description="The number.")
    unit = graphene.NonNull(graphene.String, description="UN/ECE Recommendation 20 code, for example C62 or KGM.")
    in_unit = graphene.Field(
        graphene.NonNull(InUnit),
        unit=graphene.Argument(
            graphene.NonNull(graphene.String), description="Code of one of the product's units, or a standard one."
        ),
        description="The same in another unit; an error UNKNOWN_UNIT where the product is not counted in it.",
    )

    @staticmethod
    def resolve_in_unit(root: object, info: graphene.ResolveInfo, unit: str) -> object:
        """Answer from one read of the units of all products of the page."""
        return info.context.in_unit(root, unit)

    at_least = graphene.NonNull(
        graphene.Boolean,
        description="True where the agreement tells no more than a lower bound: a cap, a step, or a yes (its size)"
        " or no (0).",
    )


class LocalName(graphene.ObjectType):
    """A name in Chinese and in English."""

    zh = graphene.NonNull(graphene.String, description="中文")
    en = graphene.NonNull(graphene.String, description="English")


class PageInfo(graphene.ObjectType):
    """Where a page ends (Relay cursor connections)."""

    has_next_page = graphene.NonNull(graphene.Boolean, description="Whether more rows follow.")
    has_previous_page = graphene.NonNull(graphene.Boolean, description="Whether rows come before.")
    start_cursor = graphene.String(description="Cursor of the first row; null on an empty page.")
    end_cursor = graphene.String(description="Cursor of the last row; give it as `after` for the next page.")


class Asker(graphene.ObjectType):
    """Who is asking, as the portal sees them now."""

    class Meta:
        """Named in the schema as its field is."""

        name = "Viewer"

    name = graphene.NonNull(graphene.String, description="The person.")
    role = graphene.NonNull(graphene.String, description="customer, supplier or operator.")
    company = graphene.Field(graphene.NonNull(LocalName), description="The host company.")
    partner = graphene.Field(LocalName, description="The person's firm; null for the host's own staff.")
    tier = graphene.String(description="The tier of the agreement in force; null for others than customers.")
    agreement = graphene.String(description="Number of the agreement in force.")
    agreement_until = graphene.Date(description="Its last day, inclusive, by the host's local date.")


class QueryBase:
    """What every schema begins with."""

    as_of = graphene.NonNull(graphene.DateTime, description="The instant the answer holds for.")
    viewer = graphene.Field(graphene.NonNull(Asker), description="Who is asking.")

    @staticmethod
    def resolve_as_of(_root: object, info: graphene.ResolveInfo) -> object:
        """Answer with the request's instant."""
        return info.context.as_of

    @staticmethod
    def resolve_viewer(_root: object, info: graphene.ResolveInfo) -> object:
        """Answer with the request's viewer."""
        return info.context.asker()
