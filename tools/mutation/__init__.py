"""The parts of ``tools/mutants.py``: what mutmut made, processes of one test's own, which test reaches what."""
