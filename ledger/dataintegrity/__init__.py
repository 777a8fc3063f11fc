"""Data Integrity 1.0: the cryptosuites, linked data for those that need it, and the contexts it may use."""
