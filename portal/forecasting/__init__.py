"""Demand: what was sold by day, and later what will be."""
