"""Which texts lead to what is dead or has moved, for those who may mend them."""

import msgspec
from sdc_core.sqlite import Connection

from sdc_web.authors.rights import Actor
from sdc_web.link_checks import store
from sdc_web.link_checks.asking import State
from sdc_web.posts import navigation
from sdc_web.posts.backlinks import of_site

MOST = 1_000


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """A published text that leads there."""

    id: str
    title: str


class Troubled(msgspec.Struct, frozen=True, kw_only=True):
    """An address that is dead, or leads on to `moved_to` for good. `url` is a path where it is one of this site."""

    url: str
    state: State
    reason: str
    moved_to: str
    failing_since_us: int | None
    checked_at_us: int
    texts: list[Text]


async def listing(connection: Connection, by: Actor, site_url: str) -> list[Troubled]:
    """The dead ones first, the latest of them on top; what was mended here meanwhile is left out. An author sees those
    of their own texts. Raises Forbidden.
    """
    rows = await store.troubled(connection, of_site(site_url), by.only_own("posts.read"), limit=MOST)
    found: dict[str, Troubled] = {}
    for row in rows:
        each = found.setdefault(
            row.url,
            Troubled(
                url=row.url,
                state=row.state,
                reason=row.reason,
                moved_to=row.moved_to,
                failing_since_us=row.failing_since_us,
                checked_at_us=row.checked_at_us,
                texts=[],
            ),
        )
        each.texts.append(Text(id=row.post_id, title=row.title))
    return [each for each in found.values() if not await _is_mended(connection, each.url)]


async def _is_mended(connection: Connection, url: str) -> bool:
    return url.startswith("/") and await navigation.standing(connection, url) not in ("missing", "draft")
