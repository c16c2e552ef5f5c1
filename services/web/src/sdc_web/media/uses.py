"""Where an asset is shown: kept by triggers for every revision of every post (`media_uses`)."""

import msgspec
from sdc_core.errors import Conflict
from sdc_core.sqlite import Connection, fetch_all

from sdc_web.authors.rights import Actor

NAMED = 5
LISTED = 100


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A post with a revision that shows the asset, by its newest title. `on_site` when readers see it there, `in_draft`
    when the newest revision shows it; in neither case only earlier revisions do. `places` are of text, cover, gallery;
    `trashed` when the post is in the trash.
    """

    post_id: str
    author_id: str
    kind: str
    slug: str
    title: str
    on_site: bool
    in_draft: bool
    places: str
    trashed: bool = False

    def is_for(self, by: Actor) -> bool:
        """Whether they may know of it: a draft is its author's."""
        return self.on_site or by.may_of("posts.read", self.author_id)


class InUse(Conflict):
    """Posts show the asset; `uses` are those of at most `NAMED` that whoever asks may know of."""

    def __init__(self, uses: list[Use], others: int = 0) -> None:
        named = [f"“{use.title or 'Untitled'}”{' in the trash' if use.trashed else ''}" for use in uses]
        named += ["a text of another author"] if others else []
        super().__init__(f"This file is shown in {', '.join(named)}, perhaps in an earlier revision: it stays.")
        self.uses = uses


SQL_OF = """
SELECT posts.id AS post_id, posts.author_id, posts.kind, posts.slug, newest.title,
    max(media_uses.revision_id IS posts.revision_id) AS on_site, max(media_uses.revision_id = newest.id) AS in_draft,
    group_concat(DISTINCT media_uses.place) AS places,
    EXISTS (SELECT 1 FROM trashed_posts WHERE post_id = posts.id) AS trashed
FROM media_uses
JOIN revisions AS showing ON showing.id = media_uses.revision_id
JOIN posts ON posts.id = showing.post_id
JOIN revisions AS newest ON newest.post_id = posts.id
    AND newest.number = (SELECT max(number) FROM revisions WHERE post_id = posts.id)
WHERE media_uses.asset_id = :asset_id
GROUP BY posts.id ORDER BY on_site DESC, in_draft DESC, newest.title, posts.id LIMIT :limit
"""


async def of(connection: Connection, asset_id: str, limit: int = LISTED) -> list[Use]:
    """The posts that show it: those on the site first, then drafts, then those of which an earlier revision did."""
    return await fetch_all(connection, Use, SQL_OF, {"asset_id": asset_id, "limit": limit})


async def require_none(connection: Connection, by: Actor, asset_id: str) -> None:
    """Raises InUse while any revision shows it."""
    if found := await of(connection, asset_id, NAMED):
        known = [use for use in found if use.is_for(by)]
        raise InUse(known, others=len(found) - len(known))


class _Used(msgspec.Struct, frozen=True, kw_only=True):
    asset_id: str


SQL_USED = """
SELECT DISTINCT asset_id FROM media_uses WHERE asset_id IN (SELECT value FROM json_each(:ids))
"""


async def used(connection: Connection, ids: list[str]) -> set[str]:
    """Those of the assets that any revision shows."""
    values = {"ids": msgspec.json.encode(ids).decode()}
    return {each.asset_id for each in await fetch_all(connection, _Used, SQL_USED, values)}
