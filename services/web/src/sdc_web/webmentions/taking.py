"""A webmention that comes in: whether it can be one, and whether there is room for it. Nothing is looked at here."""

from urllib.parse import unquote, urlsplit

from sdc_core import clock
from sdc_core.errors import Forbidden, Invalid, NotFound, Throttled
from sdc_core.settings import Settings
from sdc_core.sqlite import Connection, Database

from sdc_web.posts.backlinks import of_site, outward_url
from sdc_web.posts.records import Kind
from sdc_web.webmentions import blocks, received, switches
from sdc_web.webmentions.entries import host_of

HOUR_US = 3_600 * clock.SECOND_US
MAX_WAITING = 500
MAX_WAITING_OF_HOST = 20
MAX_AN_HOUR = 600
MAX_AN_HOUR_OF_HOST = 60
MAX_KEPT = 20_000
RETRY_S = 600
REST_US = 60 * clock.SECOND_US
"""So long after a page was looked at it is not looked at again."""
CLOSED = "this site takes no webmentions"
_FOLDERS: dict[str, Kind] = {"posts": "post", "projects": "project"}


async def take(database: Database, settings: Settings, source: str, target: str) -> None:
    """Queue it, once. Raises NotFound where the site takes none; Invalid for what cannot be one; Forbidden for a host
    that may tell nothing; Throttled where too much was told.
    """
    site_url = settings.site_url
    async with database.read() as connection:
        # Without a public address nobody is looked at, so that it would wait for ever.
        if not settings.SITE_URL or not (await switches.current(connection)).into:
            raise NotFound(CLOSED)
    source = _source(source, site_url)
    kind, slug = _target(target, site_url)
    now_us = clock.now_us()
    async with database.read() as connection:
        post_id = await received.post_at(connection, kind, slug)
        if not post_id:
            raise Invalid("there is no post at the target", field="target")
        host = host_of(source)
        if await blocks.is_blocked(connection, host):
            raise Forbidden("this site takes no webmentions from that host")
        known = await received.known(connection, source, post_id)
        if known is not None and known.next_us is not None:
            return  # it is to be looked at anyway, as it is then
        await _require_room(connection, host, now_us, is_known=known is not None)
    due_us = max(now_us, (known.looked_at_us or 0) + REST_US) if known else now_us
    async with database.transaction() as connection:
        await received.put(
            connection,
            clock.new_id(),
            post_id=post_id,
            source=source,
            target=target.strip(),
            host=host,
            now_us=now_us,
            next_us=due_us,
        )


async def _require_room(connection: Connection, host: str, now_us: int, *, is_known: bool) -> None:
    load = await received.load(connection, host, now_us - HOUR_US)
    if load.waiting_of_host >= MAX_WAITING_OF_HOST or load.of_late_of_host >= MAX_AN_HOUR_OF_HOST:
        raise Throttled("that host has told much of late: tell it again later", retry_after_s=RETRY_S)
    full = load.kept >= MAX_KEPT and not is_known
    if full or load.waiting >= MAX_WAITING or load.of_late >= MAX_AN_HOUR:
        raise Throttled("this site was told much of late: tell it again later", retry_after_s=RETRY_S)


def _source(typed: str, site_url: str) -> str:
    source = outward_url(typed)
    if not source:
        raise Invalid("the source must be the address of a page, http or https", field="source")
    if of_site(source) == of_site(site_url):
        raise Invalid("the source must be a page of another site", field="source")
    return source


def _target(typed: str, site_url: str) -> tuple[Kind, str]:
    """The kind and the slug of the text that is meant."""
    target = outward_url(typed)
    if not target or of_site(target) != of_site(site_url):
        raise Invalid("the target must be a page of this site, http or https", field="target")
    match [part for part in unquote(urlsplit(target).path, errors="replace").split("/") if part]:
        case [folder, slug] if folder in _FOLDERS and "\0" not in slug:
            return _FOLDERS[folder], slug
        case _:
            raise Invalid("the target must be a post, or a project", field="target")
