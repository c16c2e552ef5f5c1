"""What a page tells of how it was read, where the author asked for that: it becomes a line of the access log."""

import re
from urllib.parse import unquote

from litestar import post
from litestar.di import NamedDependency
from sdc_core.errors import Invalid, NotFound
from sdc_core.settings import Settings

from sdc_web import same_origin
from sdc_web.about import beacon
from sdc_web.db import Databases
from sdc_web.problems import AnyRequest

LONGEST_MS = 3_600_000
"""Who leaves a page open for longer does not read it all the time."""
MAX_BYTES = 2_000
"""An address of a hundred letters that are not ASCII has six hundred bytes and more."""
_TOLD = re.compile(
    rb"ms=([0-9]{1,9})&depth=([0-9]{1,2}|100)&first=([01])&to=([A-Za-z0-9.-]{0,253}(?::[0-9]{1,5})?)&at=(/(?!author/|preview/)[!-~]*)"
)


@post("/pages/read", status_code=204)
async def told(request: AnyRequest, databases: NamedDependency[Databases], settings: NamedDependency[Settings]) -> None:
    """`static/js/reading.js` sends what is new since it last told something, so that everything adds up: milliseconds
    in sight, hundredths of the page further down, whether it is the first time, the site a link leads to. The page
    stands last, as its address may hold anything. Raises Forbidden for what another site has sent, Invalid, and
    NotFound where pages are not asked.
    """
    same_origin.require(request.scope["headers"], settings.site_url)
    query = request.scope["query_string"]
    found = _TOLD.fullmatch(query) if len(query) <= MAX_BYTES else None
    if found is None:
        raise Invalid("this is not what a page tells of how it was read")
    async with databases.site.read() as connection:
        if not await beacon.current(connection):
            raise NotFound("Pages of this site do not tell how they are read.")
    ms, depth, first, to, at = (part.decode() for part in found.groups())
    note = request.scope.get("sdc.note_reading")
    if note is not None:
        line = f"ms={min(int(ms), LONGEST_MS)}&depth={int(depth)}&first={first}&to={to.lower()}"
        note(unquote(at), line)


route_handlers = [told]
