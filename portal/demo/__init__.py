"""The demo company: a deterministic generator of a food and gift distributor's year."""
