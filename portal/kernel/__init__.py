"""Words every room shares: quantities, identifiers, refusals, messages, disclosure."""
