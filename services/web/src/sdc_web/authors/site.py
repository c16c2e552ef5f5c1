"""The title that the author gives the site."""

import re

from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, execute

MAX_TITLE = 100
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no title and no name holds, since feeds cannot carry it."""


def clean_title(title: str) -> str:
    """One line; Invalid when it is empty or too long."""
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE or UNSEEN.search(title):
        raise Invalid(f"the site's title has 1 to {MAX_TITLE} visible characters", field="site_title")
    return title


SQL_SET_TITLE = "UPDATE site SET title = :title WHERE id = 1"


async def set_title(connection: Connection, title: str) -> None:
    await execute(connection, SQL_SET_TITLE, {"title": title})
