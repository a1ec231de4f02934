"""Sweeps drawn from a table of real runs in which every recipe was run, judged against what the whole table says."""
