"""Digital passports: credentials, Merkle batches, anchors and their verification. Knows nothing of the portal."""
