"""The site's icon: the first letter of its title on the colour of its links, `/icon/{digest}-{size}.png`. A title that
begins with no letter which the type has, such as a Chinese one, leaves SDC's own mark in its place.
"""

import re

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import NotFound
from sdc_core.settings import Settings

from sdc_web import posts, templating
from sdc_web.db import Databases
from sdc_web.headers import FOR_OTHER_SITES
from sdc_web.posts import Front
from sdc_web.posts.frontage import ICON_SIZES
from sdc_web.problems import AnyRequest
from sdc_web.site.card import Icon
from sdc_web.site.files import DAY, FOREVER, is_known
from sdc_web.site.share import Cards

_NAME = re.compile(rf"([0-9a-f]{{12}})-({'|'.join(map(str, ICON_SIZES))})\.png")
_TOUCHED, _SMALL = 180, 32


@get("/icon/{name:str}")
async def show(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    cards: NamedDependency[Cards],
    name: FromPath[str],
) -> Response[bytes]:
    """The icon in one size. An address of former days leads to the present one."""
    asked = _NAME.fullmatch(name)
    if asked is None:
        raise NotFound("There is no such icon.")
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    size = int(asked[2])
    if (present := front.icon(size)) != f"/icon/{name}":
        headers = {"location": present or templating.static_address(_mark(size)), "cache-control": "no-cache"}
        return Response(b"", status_code=302, headers={**headers, **FOR_OTHER_SITES})
    headers = {"cache-control": FOREVER, **FOR_OTHER_SITES}
    return Response(await _drawn(front, cards, size), media_type="image/png", headers=headers)


@get("/favicon.ico")
async def favicon(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    cards: NamedDependency[Cards],
) -> Response[bytes]:
    """For browsers that ask without being told of the icon: they look at what comes, not at its name."""
    return await _untold(request, databases, settings, cards, _SMALL)


@get([f"/apple-touch-icon{size}{kind}.png" for size in ("", "-120x120") for kind in ("", "-precomposed")])
async def touch_icon(
    request: AnyRequest,
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    cards: NamedDependency[Cards],
) -> Response[bytes]:
    """For telephones that do the same."""
    return await _untold(request, databases, settings, cards, _TOUCHED)


route_handlers = [show, favicon, touch_icon]


async def _untold(
    request: AnyRequest, databases: Databases, settings: Settings, cards: Cards, size: int
) -> Response[bytes]:
    async with databases.site.read() as connection:
        front = await posts.front(connection, settings.site_url)
    headers = {
        "cache-control": DAY,
        "content-type": "image/png",
        "etag": f'"{front.icon(size).rpartition("/")[2] or _mark(size)}"',
    }
    if is_known(request, headers["etag"]):
        return Response(b"", status_code=304, headers=headers)
    return Response(await _drawn(front, cards, size), headers=headers)


async def _drawn(front: Front, cards: Cards, size: int) -> bytes:
    letter = front.initial
    png = await cards.drawn(Icon(letter=letter, size=size, accent=front.accent)) if letter else b""
    return png or templating.static_files()[_mark(size)].body


def _mark(size: int) -> str:
    return f"icon-{max(size, _TOUCHED)}.png"
