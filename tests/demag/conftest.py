import pytest


@pytest.fixture(autouse=True)
def _no_spectra_on_disk(monkeypatch):
    """Compute every spectrum anew; kernels may come from the cache of the tests."""
    for module in ("convolution", "host"):
        monkeypatch.setattr(f"fdmag.demag.{module}.default_cache", lambda: None)
