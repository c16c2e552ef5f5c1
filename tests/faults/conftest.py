"""One site that all modules disturb in turn: starting one takes longer than most of what is done to it."""

from collections.abc import Generator

import pytest

from living_site import Site, eventually, living
from tiny_disks import may_mount

collect_ignore = [] if may_mount() else ["test_full_disk.py"]


def pytest_report_header() -> list[str]:
    """What is left out, and why."""
    return [f"{name} is left out: this system lets nobody mount a file system here" for name in collect_ignore]


@pytest.fixture(scope="session")
def disturbed_site() -> Generator[Site]:
    """`sdc up` with two processes of web."""
    with living(SDC_WEB_PROCESSES="2") as running:
        yield running


@pytest.fixture(scope="module")
def site(disturbed_site: Site) -> Site:
    """The site, well again after whatever the module before has done to it."""
    eventually(lambda: disturbed_site.health()[0] == 200)
    return disturbed_site
