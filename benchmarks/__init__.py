"""How fast, in how much memory, and the same numbers as whom? ``python -m benchmarks``."""
