"""How much the library holds."""

import msgspec
from sdc_core.sqlite import Connection, fetch_one

from sdc_web.authors import rights
from sdc_web.authors.rights import Actor


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Uploads and their bytes."""

    number: int
    size_bytes: int


SQL_TOTAL = "SELECT count(*) AS number, coalesce(sum(size_bytes), 0) AS size_bytes FROM media_assets"


async def total(connection: Connection, by: Actor) -> Total:
    """Of all originals. Raises Forbidden."""
    rights.require(by, "media.read")
    found = await fetch_one(connection, Total, SQL_TOTAL)
    return found or Total(number=0, size_bytes=0)
