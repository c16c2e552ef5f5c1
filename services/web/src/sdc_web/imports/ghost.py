"""An export of Ghost, in JSON: posts and pages in any of its three forms, tags, authors and feature images."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec
from sdc_core.errors import Invalid, TooLarge

from sdc_web.imports import byte_marks, ghost_documents, html_text, kept_addresses, moments, old_site, pictures, prose
from sdc_web.imports.ghost_cards import Cards
from sdc_web.imports.markdown_files import alias
from sdc_web.imports.records import Document, Picture, Source
from sdc_web.posts import canonical, tags
from sdc_web.posts.records import Draft, Kind, path_of
from sdc_web.texts import names

MAX_BYTES = 256 * 1024 * 1024
_HERE = "__GHOST_URL__"
_PORTAL = re.compile(r"(?<!!)\[([^\[\]]{0,500})\]\((?:__GHOST_URL__/?)?#/(?:portal|share)[^)\s]{0,200}\)")
_LINK = re.compile(r"(\]\(<?)__GHOST_URL__(/?[^)>\s]*)")
_SHOWN = "/content/"


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    id: str | int


class Post(_Row, frozen=True, kw_only=True):
    """A text of Ghost; old versions number what new ones give an id, and say `page` where those say `type`."""

    slug: str = ""
    title: str | None = None
    html: str | None = None
    lexical: str | None = None
    mobiledoc: str | None = None
    markdown: str | None = None
    feature_image: str | None = None
    image: str | None = None
    status: str = "draft"
    type: str | None = None
    page: bool | int | None = None
    visibility: str | None = "public"
    published_at: str | int | None = None
    created_at: str | int | None = None
    custom_excerpt: str | None = None
    meta_description: str | None = None
    canonical_url: str | None = None
    author_id: str | int | None = None


class Tag(_Row, frozen=True, kw_only=True):
    """A tag; one whose name begins with # is for Ghost itself."""

    name: str
    slug: str = ""
    visibility: str | None = "public"


class User(_Row, frozen=True, kw_only=True):
    """An author."""

    slug: str = ""


class Tagged(msgspec.Struct, frozen=True, kw_only=True):
    """Which tag a post carries, and where among its tags."""

    post_id: str | int
    tag_id: str | int
    sort_order: int = 0


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a post, the first first."""

    post_id: str | int
    author_id: str | int
    sort_order: int = 0


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a post in a table of its own."""

    post_id: str | int
    feature_image_alt: str | None = None
    meta_description: str | None = None


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of an export that matter here."""

    posts: list[Post]
    tags: list[Tag] = []
    posts_tags: list[Tagged] = []
    users: list[User] = []
    posts_authors: list[Written] = []
    posts_meta: list[Meta] = []


class _Database(msgspec.Struct, frozen=True, kw_only=True):
    data: Data


class _Export(msgspec.Struct, frozen=True, kw_only=True):
    db: list[_Database] = []
    data: Data | None = None


def source(file: Path, folder: Path, _: Path) -> Source:
    """Its texts, with pictures from the folder. Blocking. Raises Invalid, in words, for what is no export of Ghost."""
    data = _read(file)
    found = {_name(post): post for post in data.posts if post.slug}
    paths = {post.slug: path_of(_kind(post), _slug(post)) for post in found.values()}
    reader = _Reader(data, paths)
    return Source(
        names=tuple(sorted(found)),
        read=lambda name: reader.document(name, found[name]),
        located=lambda _, target: old_site.located_of_ghost(target, folder),
        addresses=frozenset(paths.values()),
        redirects=tuple(reader.redirects()),
        authors=tuple(sorted({reader.author(post) for post in found.values()} - {""})),
    )


def is_one(file: Path) -> bool:
    """Whether the beginning of a file looks like such an export."""
    head = byte_marks.head(file, 4_096)
    return head.lstrip()[:1] == b"{" and b'"exported_on"' in head


class _Reader:
    """One export: its tables by what they are asked for."""

    def __init__(self, data: Data, paths: Mapping[str, str]) -> None:
        self._paths = paths
        self._meta = {each.post_id: each for each in data.posts_meta}
        self._users = {each.id: each.slug for each in data.users}
        self._tags = {each.id: each for each in data.tags}
        self._tagged: defaultdict[str | int, list[Tag]] = defaultdict(list)
        for each in sorted(data.posts_tags, key=lambda it: it.sort_order):
            if (tag := self._tags.get(each.tag_id)) and not tag.name.startswith("#") and tag.visibility != "internal":
                self._tagged[each.post_id].append(tag)
        self._written: defaultdict[str | int, list[str]] = defaultdict(list)
        for each in sorted(data.posts_authors, key=lambda it: it.sort_order):
            self._written[each.post_id].append(self._users.get(each.author_id, ""))

    def author(self, post: Post) -> str:
        """The name of whoever wrote it, first of all."""
        written = self._written.get(post.id) or [self._users.get(post.author_id or "", "")]
        return written[0]

    def redirects(self) -> list[tuple[str, str]]:
        """Where the pages of tags and the feed are now."""
        used = {tag.slug: tag for each in self._tagged.values() for tag in each if tag.slug}
        of_tags = [(f"/tag/{slug}", tags.url_of(_tag(tag))) for slug, tag in sorted(used.items())]
        return [*of_tags, ("/rss", "/rss.xml")]

    def document(self, name: str, post: Post) -> Document:
        """One text. Raises Invalid, in words."""
        body, notes = self._body(post)
        meta = self._meta.get(post.id, Meta(post_id=post.id))
        kind = _kind(post)
        is_public = post.visibility in (None, "public") and post.status in ("published", "scheduled")
        if post.status == "sent":
            notes.append("it was only ever sent by mail, so it is a draft here")
        elif post.status in ("published", "scheduled") and not is_public:
            notes.append(f"it was for {post.visibility} of the old site alone, so it is a draft here")
        others = [each for each in self._written.get(post.id, [])[1:] if each]
        notes += [f"it was written with {each} too; a text has one author here" for each in others]
        at = moments.read(_moment(post.published_at if post.status != "draft" else None))
        return Document(
            name=name,
            kind=kind,
            draft=Draft(
                title=post.title or "",
                slug=_slug(post),
                summary=post.custom_excerpt or post.meta_description or meta.meta_description or "",
                body=f"{body}\n",
                tags=tuple(dict.fromkeys(_tag(each) for each in self._tagged.get(post.id, []))),
                canonical_url=_canonical(post.canonical_url or "", notes),
            ),
            is_draft=not is_public,
            at_us=moments.stored(at),
            claimed=tuple(filter(None, [alias(post.slug)])) if is_public else (),
            cover=_cover(post, meta, notes),
            notes=tuple(notes),
            author=self.author(post),
        )

    def _body(self, post: Post) -> tuple[str, list[str]]:
        """The text in Markdown, by the most telling of its forms that is understood, and words about it."""
        for given, read in ((post.lexical, ghost_documents.lexical), (post.mobiledoc, ghost_documents.mobiledoc)):
            if not given:
                continue
            cards = Cards()
            try:
                markdown, notes = html_text.as_markdown(read(given, cards))
            except ghost_documents.UnknownCard as error:
                if post.html is None:
                    raise Invalid(f"its text holds a card {error!s:.60} that is not known here, and no HTML") from None
                continue
            body, left = _without_portal(cards.filled(markdown))
            return self._here(body), [*cards.notes, *notes, *left]
        if post.html is None and post.markdown:
            return self._here(post.markdown), []
        markdown, notes = html_text.as_markdown(post.html or "")
        body, left = _without_portal(markdown)
        return self._here(body), [*notes, *left]

    def _here(self, markdown: str) -> str:
        """Links to the old site's own texts lead to the new ones."""

        def put(found: re.Match[str]) -> str:
            path, mark, rest = found[2].partition("#")
            return f"{found[1]}{self._paths.get(path.strip('/'), path or '/')}{mark}{rest}"

        return _LINK.sub(put, markdown).replace(_HERE, "")


def _without_portal(markdown: str) -> tuple[str, list[str]]:
    """Links that open the window in which members sign in are words here."""
    body = prose.sub(_PORTAL, lambda found: found[1], markdown)
    return body, [] if body == markdown else ["links to the window of members are words here"]


def _read(file: Path) -> Data:
    if file.stat().st_size > MAX_BYTES:
        raise TooLarge(f"{file.name} is larger than {MAX_BYTES // 1024 // 1024} MB")
    try:
        export = msgspec.json.decode(b"".join(byte_marks.pieces(file)), type=_Export)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Invalid(f"{file.name} is no export of Ghost: {error}") from None
    data = export.data or next((each.data for each in export.db), None)
    if data is None:
        raise Invalid(f"{file.name} is no export of Ghost: it has no data")
    return data


def _name(post: Post) -> str:
    return f"{_kind(post)}s/{post.slug}"


def _kind(post: Post) -> Kind:
    return "page" if post.type == "page" or (post.type is None and post.page) else "post"


def _slug(post: Post) -> str:
    kind = _kind(post)
    wanted = names.from_title(post.slug.replace("_", "-")) or f"{kind}-{names.from_title(str(post.id)) or 'untitled'}"
    return f"{wanted}-page" if kept_addresses.is_kept(kind, wanted) else wanted


def _tag(tag: Tag) -> str:
    return " ".join(tag.name.replace("/", " ").lower().split())


def _moment(given: str | int | None) -> str | None:
    """Old exports count milliseconds."""
    if isinstance(given, int):
        return moments.of_milliseconds(given)
    return given


def _canonical(url: str, notes: list[str]) -> str:
    try:
        return canonical.check(url.removeprefix(_HERE) if url.startswith(_HERE) else url)
    except Invalid:
        notes.append(f"canonical address {url[:80]} is left out: it is no whole address")
        return ""


def _cover(post: Post, meta: Meta, notes: list[str]) -> Picture | None:
    given = post.feature_image or post.image or ""
    path = given.removeprefix(_HERE)
    if not path:
        return None
    if not path.startswith("/") and not pictures.is_whole(path):
        notes.append(f"cover {path[:120]} is left out: it is no address")
        return None
    return Picture(file=path, alt=" ".join((meta.feature_image_alt or "").split()))
