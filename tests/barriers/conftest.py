import pytest


@pytest.fixture(autouse=True)
def _every_device(device):
    """Run every test of this folder on each device."""
