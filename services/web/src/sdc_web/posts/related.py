"""What is near a post: others that share its rarest tags, or lead to where it leads, and those that link to it."""

from collections import defaultdict
from heapq import nlargest

import msgspec
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.posts import backlinks
from sdc_web.posts.languages import Translations
from sdc_web.posts.reading import Summary
from sdc_web.posts.series import Place

ON_PAGE = 3
LOOKED_AT = 50
"""Posts of each tag, and with each link, that are looked at, the last ones: what more have is no reason to read on."""
WEIGHED = 20
"""The nearest, of which the newest come first where they are equally near."""
COUNTED = 2_000
MAX_SHARED = 24
"""Tags, and links, of one post that are looked at."""


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """Where to read on from a post."""

    related: tuple[Summary, ...]
    linked_from: tuple[Summary, ...]


class _Sharing(msgspec.Struct, frozen=True, kw_only=True):
    """Posts that share one tag, or one link, and how many do, counted up to `COUNTED`."""

    by_link: bool
    number: int
    post_ids: str


async def near(
    connection: Connection, post: Summary, site_url: str, place: Place | None, translations: Translations | None
) -> Near:
    """For the page of this post. What stands elsewhere on it is not named as related too: the parts of its series, its
    translations, and those that link to it.
    """
    linked_from = await backlinks.linking(connection, post, site_url)
    elsewhere = (*linked_from, *(place.parts if place else ()), *(translations.every if translations else ()))
    others = await related(connection, post.id, without=frozenset(each.id for each in elsewhere))
    return Near(related=tuple(others), linked_from=tuple(linked_from))


# One statement: each further one would take as long to hand over as to answer.
SQL_SHARED = """
SELECT * FROM (
    SELECT 0 AS by_link, (SELECT count(*) FROM (SELECT 1 FROM post_tags WHERE tag = own.tag LIMIT :counted)) AS number,
        (SELECT json_group_array(post_id) FROM (
            SELECT post_id FROM post_tags WHERE tag = own.tag ORDER BY post_id DESC LIMIT :looked_at
        )) AS post_ids
    FROM post_tags AS own WHERE own.post_id = :post_id LIMIT :shared
)
UNION ALL
SELECT * FROM (
    SELECT 1, 1, (SELECT json_group_array(from_post_id) FROM (
        SELECT from_post_id FROM post_links WHERE address = own.address ORDER BY from_post_id DESC LIMIT :looked_at
    ))
    FROM post_links AS own WHERE own.from_post_id = :post_id LIMIT :shared
)
"""

SQL_BEST = """
SELECT posts.id, posts.kind, posts.slug, r.title, r.summary, r.tags AS tags_json, r.cover_asset_id,
    r.reading_minutes, posts.published_at_us, posts.changed_at_us AS updated_at_us, r.language
FROM json_each(:weighed) AS weighed
CROSS JOIN posts ON posts.id = weighed.value ->> 2
JOIN revisions AS r ON r.id = posts.revision_id
WHERE posts.kind <> 'page'
ORDER BY weighed.value ->> 0 DESC, weighed.value ->> 1 DESC, posts.published_at_us DESC, posts.id DESC
LIMIT :limit
"""


async def related(
    connection: Connection, post_id: str, limit: int = ON_PAGE, *, without: frozenset[str] = frozenset()
) -> list[Summary]:
    """Published posts near to this one: by the tags that both have, a rare one counting more, then by the links that
    both have, then the newest.
    """
    asked = {"post_id": post_id, "looked_at": LOOKED_AT, "shared": MAX_SHARED, "counted": COUNTED}
    shared = await fetch_all(connection, _Sharing, SQL_SHARED, asked)
    weights, links = (_weights([each for each in shared if each.by_link == by_link]) for by_link in (False, True))
    found = {*weights, *links} - without - {post_id}
    if not found:
        return []
    weighed = [(weights.get(each, 0.0), links.get(each, 0.0), each) for each in found]
    nearest = msgspec.json.encode(nlargest(WEIGHED, weighed)).decode()
    values = {"weighed": nearest, "limit": limit}
    return await fetch_all(connection, Summary, SQL_BEST, values)


def _weights(shared: list[_Sharing]) -> dict[str, float]:
    """What all that a post shares is worth: the rarer, the more."""
    worth: dict[str, float] = defaultdict(float)
    for each in shared:
        for post_id in msgspec.json.decode(each.post_ids, type=list[str]):
            worth[post_id] += 1 / each.number
    return worth
