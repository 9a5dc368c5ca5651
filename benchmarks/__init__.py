"""Runnable comparisons, never timed tests: `python -m benchmarks.NAME [--quick] [--json]`."""
