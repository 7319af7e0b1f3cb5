"""The problems: one file each, found by themselves."""
