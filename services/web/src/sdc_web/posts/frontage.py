"""What surrounds every page: the site's own title and words, who writes it, the navigation, the colours of tags."""

import hashlib
import re
import unicodedata
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from sdc_core.sqlite import Connection, fetch_one

from sdc_web import look
from sdc_web.about import robots, site
from sdc_web.about.site import Elsewhere
from sdc_web.posts import navigation
from sdc_web.posts.navigation import Entry
from sdc_web.posts.tags import Colour

HOME = navigation.HOME
ICON_SIZES = (32, 180, 192, 512)
_ICON_LOOK = 1
"""Raised when icons come to look different: their addresses then change."""
_FEDIVERSE = ("mastodon", "fediverse", "pixelfed", "gotosocial", "akkoma")
_ACCOUNT = re.compile(r"/@[A-Za-z0-9_.-]+/?")


class Front(msgspec.Struct, frozen=True, kw_only=True):
    """The site as a whole, as layouts name it; `url` is its public address without a trailing slash, `colours` are
    those of the tags that have one; days are told in `time_zone`, empty for UTC. `look_address` is that of a stylesheet
    for what looks otherwise, empty for none; `accent` the colour of links by light, red, green and blue; `paper` that
    of pages by light and dark, `#rrggbb`; an `unlisted` site asks search engines to leave it out; with `several_write`
    each text names its author; with `beacon` pages tell how they are read; a site that `takes_webmentions` says so on
    its posts. By `uuid` programs know it, whichever address it has.
    """

    uuid: str = str(UUID(int=0))
    title: str
    description: str
    language: str
    author_name: str
    time_zone: str = ""
    several_write: bool = False
    url: str = ""
    navigation: tuple[Entry, ...] = ()
    colours: dict[str, Colour] = {}
    elsewhere: tuple[Elsewhere, ...] = ()
    unlisted: bool = False
    beacon: bool = False
    takes_webmentions: bool = False
    look_address: str = ""
    loads_literata: bool = True
    accent: tuple[int, int, int] = look.DEFAULT_ACCENT
    paper: tuple[str, str] = look.DEFAULT_PAPER

    @property
    def fediverse(self) -> str:
        """The author's account there as Mastodon names it, `@ada@example.social`; empty when no link tells of one."""
        for each in self.elsewhere:
            parts = urlsplit(each.url)
            if each.label.casefold().startswith(_FEDIVERSE) and _ACCOUNT.fullmatch(parts.path):
                return f"{parts.path[1:].rstrip('/')}@{parts.netloc}"
        return ""

    @property
    def initial(self) -> str:
        """The first letter or digit of the title, as its icon has it; empty for none."""
        title = unicodedata.normalize("NFC", self.title)
        return next((each.upper()[0] for each in title if unicodedata.category(each)[0] in "LN"), "")

    def icon(self, size: int) -> str:
        """The address of its icon in one of the sizes; empty where the title has no letter."""
        if not self.initial:
            return ""
        digest = hashlib.sha256(repr((_ICON_LOOK, self.initial, self.accent)).encode()).hexdigest()
        return f"/icon/{digest[:12]}-{size}.png"

    def colour_of(self, tag: str) -> Colour:
        """Empty for none."""
        return self.colours.get(tag, "")


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    uuid: str
    title: str
    description: str
    language: str
    author_name: str
    several_write: int
    navigation_json: str
    look: str
    elsewhere: str
    robots: str
    time_zone: str
    beacon: int
    webmentions_in: int
    colours_json: str


# The navigation is the author's list, which may be empty, or posts, projects once there are any, and pages by age.
SQL_FRONT = """
WITH made AS (
    SELECT 'Posts' AS title, '/posts' AS url
    UNION ALL
    SELECT 'Projects', '/projects'
    WHERE EXISTS (SELECT 1 FROM posts WHERE kind = 'project' AND revision_id IS NOT NULL)
    UNION ALL
    SELECT title, url FROM (
        SELECT r.title, '/' || posts.slug AS url
        FROM posts JOIN revisions AS r ON r.id = posts.revision_id
        WHERE posts.kind = 'page' AND posts.slug <> :home
        ORDER BY posts.published_at_us, posts.id
    )
)
SELECT uuid, title, description, language, look, elsewhere, robots, time_zone, beacon, webmentions_in,
    iif(own_navigation,
        (SELECT json_group_array(json_object('title', title, 'url', url) ORDER BY position) FROM navigation),
        (SELECT json_group_array(json_object('title', title, 'url', url)) FROM made)) AS navigation_json,
    coalesce(
        (SELECT display_name FROM authors WHERE removed_at_us IS NULL ORDER BY created_at_us, id LIMIT 1), ''
    ) AS author_name,
    (SELECT count(*) > 1 FROM authors WHERE removed_at_us IS NULL AND role <> 'viewer') AS several_write,
    (SELECT json_group_object(name, colour) FROM tags WHERE colour <> '') AS colours_json
FROM site
"""


async def front(connection: Connection, site_url: str) -> Front:
    """The site's words with its navigation, the author's own or the one that is made."""
    found = await fetch_one(connection, _Row, SQL_FRONT, {"home": HOME})
    if found is None:
        return Front(title="", description="", language="en", author_name="", url=site_url)
    looks = look.stylesheet(look.decoded(found.look))
    return Front(
        uuid=found.uuid,
        title=found.title,
        description=found.description,
        language=found.language,
        author_name=found.author_name,
        time_zone=await site.known_zone(found.time_zone),
        several_write=bool(found.several_write),
        url=site_url,
        navigation=msgspec.json.decode(found.navigation_json, type=tuple[Entry, ...]),
        colours=msgspec.json.decode(found.colours_json, type=dict[str, Colour]),
        elsewhere=site.decoded(found.elsewhere),
        unlisted=robots.decoded(found.robots).unlisted,
        beacon=bool(found.beacon),
        takes_webmentions=bool(found.webmentions_in),
        look_address=looks.address,
        loads_literata=looks.loads_literata,
        accent=looks.accent,
        paper=looks.paper,
    )
