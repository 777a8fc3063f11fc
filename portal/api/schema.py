"""One schema per audience: what somebody may not see is not in theirs."""

from functools import cache

import graphene
from graphql import GraphQLSchema

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


@cache
def schema_of(audience: Audience) -> GraphQLSchema:
    """Return the schema of an audience; made once."""
    query = SupplierQuery if audience is Audience.SUPPLIER else product_query(_PRODUCTS[audience])
    schema: GraphQLSchema = graphene.Schema(query=query).graphql_schema
    return schema
