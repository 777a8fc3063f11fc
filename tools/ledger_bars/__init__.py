"""The parts of ``tools/bench_ledger.py``."""
