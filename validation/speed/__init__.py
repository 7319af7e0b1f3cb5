"""Benchmarks: cells per second, and the ratio to a peer measured in the same run."""
