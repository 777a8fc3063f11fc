"""The parts of ``tools/bench_graphql.py``: what is laid in the tables, who serves it, how it is measured."""
