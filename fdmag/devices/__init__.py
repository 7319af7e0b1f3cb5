"""Devices: what is read out of a simulation, and what it costs to write."""
