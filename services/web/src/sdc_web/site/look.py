"""The stylesheet of what looks otherwise here than SDC comes."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import NotFound

from sdc_web import look
from sdc_web.db import Databases
from sdc_web.site.files import FOREVER


@get("/look/{name:str}")
async def show(databases: NamedDependency[Databases], name: FromPath[str]) -> Response[str]:
    """The present one alone: pages name no other."""
    async with databases.site.read() as connection:
        sheet = look.stylesheet(await look.current(connection))
    if not sheet.css or sheet.address != f"/look/{name}":
        raise NotFound("This site has no such stylesheet any more.")
    return Response(sheet.css, media_type="text/css", headers={"cache-control": FOREVER})


route_handlers = [show]
