"""What asv follows from commit to commit (`asv.conf.json` in the folder above)."""
