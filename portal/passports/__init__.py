"""Passports: certificates, reports and traces become credentials, batches and bundles anyone can check."""
