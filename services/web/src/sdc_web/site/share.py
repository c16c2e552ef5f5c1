"""The address of a post's card, `/share/{id}/{digest}.png`, and its drawing. The digest is of what the card says."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sdc_core.errors import NotFound, Unavailable
from sdc_core.settings import Settings

from sdc_web import posts, templating
from sdc_web.db import Databases
from sdc_web.headers import FOR_OTHER_SITES
from sdc_web.posts import Front, shared
from sdc_web.posts.reading import Summary
from sdc_web.site.card import Card, Icon
from sdc_web.site.files import FOREVER
from sdc_web.site.views import View

SITE = "site"
"""In the place of a post's id."""
WAIT_S = 5.0
WAITING = 8
"""Cards that may wait for their turn: robots ask for few, and can come again."""
KEPT = 64
"""Cards of some kilobytes, for when the page cache begins anew."""
_CHILD = Path(__file__).with_name("card.py")


class Cards:
    """Cards are drawn one after the other, each in a child; the last ones are kept."""

    __slots__ = ("_kept", "_turn", "_waiting")

    def __init__(self) -> None:
        self._kept: dict[Card | Icon, bytes] = {}
        self._turn = asyncio.Semaphore(1)
        self._waiting = 0

    async def drawn(self, wanted: Card | Icon) -> bytes:
        """The PNG; nothing for an icon whose letter the type has not got. Raises Unavailable when too many wait, or for
        too long.
        """
        if (kept := self._kept.pop(wanted, None)) is not None:
            self._kept[wanted] = kept  # the last one to make room
            return kept
        if self._waiting >= WAITING:
            raise _busy()
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_S), self._turn:
                png = await asyncio.to_thread(_draw, wanted)
        except (TimeoutError, subprocess.SubprocessError, OSError):
            raise _busy() from None
        finally:
            self._waiting -= 1
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[wanted] = png
        return png


def _draw(wanted: Card | Icon) -> bytes:
    """Blocking, for a quarter of a second."""
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
        input=msgspec.json.encode(wanted),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},  # nothing that it has no use for
        timeout=WAIT_S,
        check=True,
    )
    return done.stdout


def address(post: Summary | View, front: Front) -> str:
    """The address of its card below the site's own."""
    return f"/share/{post.id}/{_digest(_card(post, front))}.png"


def address_of_site(front: Front) -> str:
    """The address of the card of the site as a whole."""
    return f"/share/{SITE}/{_digest(_card_of_site(front))}.png"


@get("/share/{post_id:str}/{name:str}")
async def show(
    databases: NamedDependency[Databases],
    settings: NamedDependency[Settings],
    cards: NamedDependency[Cards],
    post_id: FromPath[str],
    name: FromPath[str],
) -> Response[bytes]:
    """A post's card, or that of the site. An address of former days leads to the present one."""
    async with databases.site.read() as connection:
        post = None if post_id == SITE else await shared.by_id(connection, post_id)
        front = await posts.front(connection, settings.site_url)
    if (post is None and post_id != SITE) or not name.endswith(".png"):
        raise NotFound("There is no such picture.")
    wanted = _card(post, front) if post else _card_of_site(front)
    if name != f"{_digest(wanted)}.png":
        return Response(
            b"",
            status_code=302,
            headers={
                "location": f"/share/{post_id}/{_digest(wanted)}.png",
                "cache-control": "no-cache",
                **FOR_OTHER_SITES,
            },
        )
    return Response(
        await cards.drawn(wanted), media_type="image/png", headers={"cache-control": FOREVER, **FOR_OTHER_SITES}
    )


route_handlers = [show]


def _card(post: Summary | View, front: Front) -> Card:
    note = {
        "post": " · ".join([templating.day(post.published_at_us, front.time_zone), *post.tags[:1]]),
        "project": " · ".join(["Project", *post.tags[:1]]),
        "page": "",
    }[post.kind]
    return Card(
        title=post.title,
        site=front.title,
        note=note,
        minutes=0 if post.kind == "page" else post.reading_minutes,
        accent=front.accent,
    )


def _card_of_site(front: Front) -> Card:
    return Card(title=front.title, site="", note=front.description, minutes=0, accent=front.accent)


def _digest(wanted: Card) -> str:
    return hashlib.sha256(msgspec.json.encode(wanted)).hexdigest()[:16]


def _busy() -> Unavailable:
    return Unavailable("Too many pictures are being drawn: try again in a moment.")
