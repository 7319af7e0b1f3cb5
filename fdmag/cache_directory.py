"""Where fdmag keeps what is costly to compute and cheap to lose."""

import os
from pathlib import Path


def cache_directory() -> Path | None:
    """Return the directory the environment asks for: ``$FDMAG_CACHE``, or the user's cache directory.

    ``FDMAG_CACHE=off`` (or ``0``, or ``none``) means no cache: None. Without it the directory is ``fdmag`` in
    ``$XDG_CACHE_HOME``, on Windows in ``%LOCALAPPDATA%``, or else in ``~/.cache``; None if there is no home.
    """
    chosen = os.environ.get("FDMAG_CACHE", "")
    if chosen.lower() in ("off", "0", "none"):
        return None
    if chosen:
        return Path(chosen).expanduser()
    parent = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    try:
        return (Path(parent) if parent else Path.home() / ".cache") / "fdmag"
    except RuntimeError:  # no home directory can be found
        return None
