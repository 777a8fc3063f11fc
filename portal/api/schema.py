"""One schema per audience: what somebody may not see is not in theirs."""

from functools import cache

import graphene
from graphql import GraphQLSchema

from portal.api.reservations import CustomerMutation, OperatorMutation
from portal.api.stock import KeyProduct, OrdinaryProduct, StrategicProduct, product_query
from portal.api.types import QueryBase
from portal.partners.audience import Audience

_PRODUCTS: dict[Audience, type[graphene.ObjectType]] = {
    Audience.ORDINARY: OrdinaryProduct,
    Audience.KEY: KeyProduct,
    Audience.STRATEGIC: StrategicProduct,
    Audience.OPERATOR: StrategicProduct,
}


class SupplierQuery(QueryBase, graphene.ObjectType):
    """What can be asked."""

    class Meta:
        """One name in every schema."""

        name = "Query"


def _mutation(audience: Audience) -> type[graphene.ObjectType] | None:
    """Return what an audience can do: customers hold stock, the host's staff may let go of it for them."""
    if audience is Audience.SUPPLIER:
        return None
    return OperatorMutation if audience is Audience.OPERATOR else CustomerMutation


@cache
def schema_of(audience: Audience) -> GraphQLSchema:
    """Return the schema of an audience; made once."""
    query = SupplierQuery if audience is Audience.SUPPLIER else product_query(_PRODUCTS[audience])
    schema: GraphQLSchema = graphene.Schema(query=query, mutation=_mutation(audience)).graphql_schema
    return schema
