"""The GraphQL door: graphene types and resolvers, one file per room."""
