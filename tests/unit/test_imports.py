"""Each part can be the first that is imported: nouns may know each other, but none needs another to be there before."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.timeout(120)  # a process that imports a whole service, beside whatever else the machine does
PARTS = ("sdc_cli.main", "sdc_worker.app", "sdc_web.app", "sdc_web.about.site", "sdc_web.posts", "sdc_web.media")


@pytest.mark.parametrize("part", PARTS)
def test_a_part_may_be_imported_first(part: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"import {part}"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
