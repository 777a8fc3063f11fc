"""Firms, people, agreements and tiers: who is who, and what each is entitled to."""
