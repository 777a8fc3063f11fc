"""Replenishment: policies, supplier-managed orders, shipments and receipts."""
