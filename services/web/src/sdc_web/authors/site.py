"""The title that the author gives the site."""

from sdc_core.errors import Invalid
from sdc_core.sqlite import Connection, execute

MAX_TITLE = 100


def clean_title(title: str) -> str:
    """One line; Invalid when it is empty or too long."""
    title = " ".join(title.split())
    if not title or len(title) > MAX_TITLE:
        raise Invalid(f"the site's title has 1 to {MAX_TITLE} characters", field="site_title")
    return title


SQL_SET_TITLE = "UPDATE site SET title = :title WHERE id = 1"


async def set_title(connection: Connection, title: str) -> None:
    await execute(connection, SQL_SET_TITLE, {"title": title})
