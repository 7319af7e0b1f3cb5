"""Sweeps: one scene, many runs of it, in batches, in processes, on a cluster."""
