"""A site that several modules disturb in turn; each leaves it well."""

from collections.abc import Generator

import pytest

from living_site import Site, living


@pytest.fixture(scope="session")
def site() -> Generator[Site]:
    """`sdc up` with two processes of web."""
    with living(SDC_WEB_PROCESSES="2") as running:
        yield running
