"""A throw-away issuer and verifier for the conformance suites of the W3C; no part of a portal ever uses it."""
