"""The same credentials in the world of JSON Web Tokens: ``vc+jwt``, ``vc+sd-jwt``, credentials in envelopes."""
