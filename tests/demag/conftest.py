import pytest


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch):
    """Keep the user's own cache out of the tests."""
    monkeypatch.setenv("FDMAG_CACHE", "off")
