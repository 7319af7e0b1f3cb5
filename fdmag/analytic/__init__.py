"""Closed forms to compare simulations with: each function names its source and range of validity."""
