"""Fixtures that every test may use."""

import pytest
from hypothesis import settings

# how long an example takes is the machine's matter
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run async tests on asyncio, the loop that uvicorn serves on."""
    return "asyncio"
